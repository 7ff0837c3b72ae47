//! TLS connections of the endpoint, with the certificate of the client's tests.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::serve::Listener;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::server::TlsStream;

/// A TLS acceptor with the certificate and key in `folder`.
pub(super) fn acceptor(folder: &Path) -> Result<TlsAcceptor, String> {
    let read = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let certificate = CertificateDer::from(read("server.der")?);
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(read("server.key.der")?));
    let configuration = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|versions| versions.with_no_client_auth().with_single_cert(vec![certificate], key))
        .map_err(|error| format!("cannot secure the endpoint by what is in {}: {error}", folder.display()))?;
    Ok(TlsAcceptor::from(Arc::new(configuration)))
}

/// A listener that returns connections after their TLS handshake. Handshakes run concurrently.
#[derive(Debug)]
pub(super) struct Secure {
    address: SocketAddr,
    ready: UnboundedReceiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Secure {
    /// Accepts connections from `listener` until the runtime shuts down.
    pub(super) fn new(
        mut listener: impl Listener<Io = TcpStream, Addr = SocketAddr>,
        acceptor: TlsAcceptor,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (done, ready) = unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await;
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    // If the client aborts the handshake, the client reports the error.
                    if let Ok(secure) = acceptor.accept(stream).await {
                        drop(done.send((secure, peer)));
                    }
                });
            }
        });
        Ok(Self { address, ready })
    }
}

impl Listener for Secure {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::pki_types::ServerName;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;

    #[tokio::test]
    async fn a_client_that_stalls_keeps_nobody_waiting() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/stackql-postgres-server/testdata/tls");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut secure = Secure::new(listener, acceptor(&folder).unwrap()).unwrap();
        tokio::spawn(async move { secure.accept().await.0.write_all(b"hello").await });

        let _stalled = TcpStream::connect(address).await.unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap()).unwrap();
        let client = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::IpAddress(address.ip().into());
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"hello");
    }
}
