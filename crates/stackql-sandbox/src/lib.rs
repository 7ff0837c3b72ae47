//! In-process EC2-compatible endpoint for the demo and tests. Adds to the simulated services of winterbaume: signature
//! verification, accounts, faults, and features that their lists and traffic mirroring lack. Not for production use.
//!
//! Any access key is accepted, and each belongs to an account of its own; the secret of all keys is `test`. A key of
//! twelve digits is the number of its account. The region is that of the request's signature. All state is lost when
//! the endpoint ends.

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

/// Options of an endpoint.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address to listen on; port 0 selects a free one.
    pub address: SocketAddr,
    /// Whether requests must carry a valid signature.
    pub verify_signatures: bool,
    /// Delay before each response.
    pub latency: Duration,
    /// Rejects every n-th request as throttled.
    pub throttle: Option<u32>,
    /// Faults to inject.
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
        /// The reason.
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
    /// Starts listening and serves requests on the caller's runtime.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Listen`] if the address cannot be listened on.
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

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, for `--endpoint-url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops the endpoint and discards its state.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(e) = self.serving.await {
            tracing::warn!(error = %e, "the endpoint did not end well");
        }
    }
}
