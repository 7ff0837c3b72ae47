//! Connections to PostgreSQL from a dsn: addresses, TLS, connections that are kept, and the end of those let go.
//!
//! Knows no statement. Who asks, and what an answer means, is up to whoever has a [`PooledConnection`]: a provider that is a
//! database, or the store of what users make.

mod dsn;
mod error_kind;
mod pool;
mod tls;

pub use dsn::Address;
pub use error_kind::ConnectionErrorKind;
pub use pool::{ConnectError, Pool, PooledConnection};
pub use tls::TlsOptions;
