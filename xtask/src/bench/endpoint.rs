//! A server on loopback with one worker thread. Owns listening; the router is passed in.

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use super::secure::Secure;

/// A running server; it stops when dropped.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: String,
    _runtime: Runtime,
}

impl Endpoint {
    /// Starts on a free port, with TLS if there is an acceptor; calls `connected` for each new connection.
    pub(super) fn open(
        router: Router,
        acceptor: Option<TlsAcceptor>,
        connected: impl Fn() + Send + 'static,
    ) -> Result<Self, String> {
        let cannot = |error: std::io::Error| format!("cannot start the endpoint on 127.0.0.1: {error}");
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(cannot)?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let listener = listener.tap_io(move |stream| {
            connected();
            // A delayed packet would count as the program's time. A socket without the option still works.
            drop(stream.set_nodelay(true));
        });
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        runtime.spawn(async move {
            match acceptor {
                None => axum::serve(listener, router).await,
                Some(acceptor) => axum::serve(Secure::new(listener, acceptor)?, router).await,
            }
        });
        Ok(Self { url: format!("{scheme}://{address}"), _runtime: runtime })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}
