//! What the address of a database says, and TLS where it asks for it: trust is that of HTTP.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Settings;

/// What a dsn says; `None` where it is none.
pub(super) fn config(dsn: &str, settings: &Settings) -> Option<Config> {
    // Certificates are always verified, so that these ask for nothing more than TLS.
    let dsn =
        dsn.trim().replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = dsn.parse().ok()?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(settings.request_timeout);
    }
    if config.get_application_name().is_none() {
        config.application_name("stackql");
    }
    Some(config)
}

/// Opens secure connections to those whom the settings trust.
pub(super) fn connector(settings: &Settings) -> Result<MakeRustlsConnect, String> {
    let wrong = |e: Error| format!("cannot set up TLS: {e}");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match settings.allow_insecure {
        true => Arc::new(Anybody(Arc::clone(&provider))),
        false => Arc::new(Verifier::new_with_extra_roots(bundle(settings)?, Arc::clone(&provider)).map_err(wrong)?),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// The certificates to trust beside those of the system.
fn bundle(settings: &Settings) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = &settings.ca_bundle else { return Ok(Vec::new()) };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|e| format!("cannot read the CA bundle {}: {e}; give a file of PEM certificates", path.display()))
}

/// Trusts any certificate; who has it must have its key all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
