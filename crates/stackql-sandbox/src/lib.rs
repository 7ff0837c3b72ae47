//! EC2-compatible endpoint in process, for the demo and tests. Owns what an endpoint adds to the simulated services of
//! winterbaume: signatures, accounts, faults, and what their lists and traffic mirroring lack. Not for production use.
//!
//! Any access key will do, and each is an account of its own; the secret of all is `test`. A key of twelve digits is the
//! number of its account. Regions are those that callers sign for. Everything is gone when the endpoint ends.

mod account;
mod action;
mod api_error;
mod element;
mod fault;
mod form;
mod list;
mod mirror;
mod network;
mod resource_kind;
mod serve;
mod signature;
mod tags;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use fault::{Fault, FaultError, FaultKind};

/// How an endpoint behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Whether requests must carry a right signature.
    pub verify_signatures: bool,
    /// How long it waits before each answer.
    pub latency: Duration,
    /// It refuses every n-th request as one too many.
    pub throttle: Option<u32>,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            verify_signatures: true,
            latency: Duration::ZERO,
            throttle: None,
            faults: Vec::new(),
        }
    }
}

/// Why an endpoint cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
}

/// A running endpoint. It ends when it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Sandbox {
    /// Listens and serves on the runtime of the caller.
    pub async fn start(options: Options) -> Result<Self, SandboxError> {
        let wanted = options.address;
        let refused = |reason| SandboxError::Listen { address: wanted, reason };
        let listener = tokio::net::TcpListener::bind(wanted).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            tokio::select! {
                _ = axum::serve(listener, serve::router(options)).into_future() => {}
                _ = stopped => {}
            }
        });
        Ok(Self { address, stop, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, for `--endpoint-url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening; all state is gone.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(e) = self.serving.await {
            tracing::warn!(error = %e, "the endpoint did not end well");
        }
    }
}
