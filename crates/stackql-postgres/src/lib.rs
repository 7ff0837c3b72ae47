//! Connections to PostgreSQL from a dsn: addresses, TLS, connections that are kept, and the end of those let go.
//!
//! Knows no statement. Who asks, and what an answer means, is up to whoever has a [`PooledConnection`]: a provider that is a
//! database, or the store of what users make.

mod address;
mod connections;
mod trouble;
mod trust;

pub use address::Address;
pub use connections::{ConnectError, Pool, PooledConnection};
pub use trouble::ConnectionErrorKind;
pub use trust::TlsOptions;
