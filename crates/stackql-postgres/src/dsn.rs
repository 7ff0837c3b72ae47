//! Database addresses: parses a DSN (connection string) and formats it without credentials.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Location of a database and the role that connects to it. `Display` and `Debug` print neither user nor password.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(crate) Config);

impl Address {
    /// Parses a DSN, as a URL or as key-value pairs; `None` if it is invalid. The parser's error is withheld because it
    /// would quote a part of the DSN, which may be the password. `patience` is the connect timeout if the DSN sets
    /// none.
    pub fn parse(dsn: &str, patience: Duration) -> Option<Self> {
        // Certificates are always verified, so `verify-full` and `verify-ca` add nothing to `require`.
        let dsn = dsn.trim().replace("sslmode=verify-full", "sslmode=require");
        let mut config: Config = dsn.replace("sslmode=verify-ca", "sslmode=require").parse().ok()?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(patience);
        }
        if !dsn.contains("keepalives") {
            // TCP keepalives detect a peer that disappeared silently within a minute.
            config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(10));
            config.keepalives_retries(3);
        }
        if config.get_application_name().is_none() {
            config.application_name("stackql");
        }
        Some(Self(config))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match (self.0.get_hosts().first(), self.0.get_hostaddrs().first()) {
            (Some(Host::Tcp(host)), _) => host.clone(),
            #[cfg(unix)]
            (Some(Host::Unix(path)), _) => path.display().to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => "localhost".to_owned(),
        };
        let port = self.0.get_ports().first().copied().unwrap_or(5432);
        let name = self.0.get_dbname().or(self.0.get_user()).unwrap_or_default();
        write!(f, "postgres://{host}:{port}/{name}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
