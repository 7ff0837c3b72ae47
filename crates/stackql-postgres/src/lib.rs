//! PostgreSQL connections: DSN parsing, TLS setup, a connection pool, and cancellation of abandoned queries.
//!
//! Input: a DSN ([`Address`]) and [`TlsOptions`]. Output: a [`PooledConnection`] that its holder uses exclusively. This
//! crate contains no SQL; the holder of the connection builds statements and interprets results. Its users are the
//! client for providers that are databases and the store of local objects.

mod dsn;
mod error_kind;
mod pool;
mod tls;

pub use dsn::Address;
pub use error_kind::ConnectionErrorKind;
pub use pool::{ConnectError, Pool, PooledConnection};
pub use tls::TlsOptions;
