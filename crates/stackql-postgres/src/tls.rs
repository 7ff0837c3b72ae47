//! TLS settings of database connections: the same trust rules as for HTTP.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Which server certificates are accepted.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// File of CA certificates (PEM) trusted in addition to those of the system.
    pub ca_bundle: Option<PathBuf>,
    /// Whether certificates are accepted without verification.
    pub allow_insecure: bool,
}

impl TlsOptions {
    /// Builds a TLS connector that verifies servers by these options.
    ///
    /// # Errors
    ///
    /// A message if the CA bundle cannot be read or the TLS configuration is invalid.
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

    /// Reads the certificates trusted in addition to those of the system.
    fn bundle(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let Some(path) = &self.ca_bundle else { return Ok(Vec::new()) };
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        read.map_err(|e| format!("cannot read the CA bundle {}: {e}; give a file of PEM certificates", path.display()))
    }
}

/// Accepts any certificate, but still verifies that the server holds its private key.
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
