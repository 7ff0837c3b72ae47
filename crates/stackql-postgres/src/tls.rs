//! Whom secure connections are made to: those whom HTTP trusts.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whose certificates are accepted.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Certificates to trust beside those of the system, PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Whether any certificate is accepted.
    pub allow_insecure: bool,
}

impl TlsOptions {
    /// Opens secure connections to those who are trusted.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let wrong = |e: Error| format!("cannot set up TLS: {e}");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier: Arc<dyn ServerCertVerifier> = match self.allow_insecure {
            true => Arc::new(AcceptAnyServer(Arc::clone(&provider))),
            false => Arc::new(Verifier::new_with_extra_roots(self.bundle()?, Arc::clone(&provider)).map_err(wrong)?),
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
    fn bundle(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let Some(path) = &self.ca_bundle else { return Ok(Vec::new()) };
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        read.map_err(|e| format!("cannot read the CA bundle {}: {e}; give a file of PEM certificates", path.display()))
    }
}

/// Trusts any certificate; who has it must have its key all the same.
#[derive(Debug)]
struct AcceptAnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAnyServer {
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
