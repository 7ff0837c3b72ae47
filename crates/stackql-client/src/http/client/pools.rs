//! Connection pools: their trusted certificates, proxies and timeouts, and which pool of a client a request uses.

use std::time::Duration;

use stackql_call::Request;

use super::Client;
use crate::credentials::source::reason;
use crate::proxies::proxied;
use crate::{Settings, SettingsError};

/// Builds the default connection pool from the settings.
pub(super) fn pool(settings: &Settings) -> Result<reqwest::Client, SettingsError> {
    let mut pool = builder(settings)?;
    if let Some(path) = &settings.ca_bundle {
        let path = path.display().to_string();
        let certificates = certificates(&path).map_err(|reason| SettingsError::CaBundle { path, reason })?;
        pool = pool.tls_certs_merge(certificates);
    }
    pool.build().map_err(|e| SettingsError::Http(reason(&e)))
}

fn builder(settings: &Settings) -> Result<reqwest::ClientBuilder, SettingsError> {
    let pool = reqwest::Client::builder()
        .timeout(settings.request_timeout)
        .connect_timeout(settings.request_timeout.min(Duration::from_secs(10)))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("stackql/", env!("CARGO_PKG_VERSION")))
        .tls_danger_accept_invalid_certs(settings.allow_insecure);
    proxied(pool, settings)
}

fn certificates(path: &str) -> Result<Vec<reqwest::Certificate>, String> {
    let pem = std::fs::read(path).map_err(|e| e.to_string())?;
    let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(|e| reason(&e))?;
    match certificates.is_empty() {
        true => Err("there is no certificate in it".to_owned()),
        false => Ok(certificates),
    }
}

impl Client {
    /// The connection pool that a request uses.
    pub(super) fn pool_of(&self, request: &Request) -> Result<&reqwest::Client, String> {
        match self.profile_of(request)? {
            Some(_) => self.own_pool(),
            None => Ok(&self.pool),
        }
    }

    /// The connection pool of requests to which the AWS tools' settings apply. A CA bundle of these settings replaces the
    /// system's certificates. It is the default pool if they name no bundle, or if a flag does.
    pub(crate) fn own_pool(&self) -> Result<&reqwest::Client, String> {
        let made = self.own_pool.get_or_init(|| {
            let Some((path, place)) = self.profile()?.ca_bundle()?.filter(|_| self.settings.ca_bundle.is_none()) else {
                return Ok(None);
            };
            let path = path.display().to_string();
            let certificates = certificates(&path).map_err(|reason| {
                let refused = SettingsError::CaBundle { path: path.clone(), reason };
                format!("{place}: {refused}")
            })?;
            let pool = builder(&self.settings).map_err(|e| e.to_string())?.tls_certs_only(certificates);
            pool.build().map(Some).map_err(|e| SettingsError::Http(reason(&e)).to_string())
        });
        made.as_ref().map(|own| own.as_ref().unwrap_or(&self.pool)).map_err(Clone::clone)
    }
}
