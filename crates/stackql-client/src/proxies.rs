//! Proxy selection: the proxy of a flag, else of the environment variables, which are read as botocore and curl read them.
//! A proxy that cannot be used is an error, since a direct connection would expose traffic that was meant to be proxied.

use std::net::IpAddr;

use ipnet::IpNet;
use reqwest::{ClientBuilder, Proxy};
use url::Url;

use crate::auth::lookup::set;
use crate::{Environment, Settings, SettingsError};

/// The proxies of the environment variables.
#[derive(Clone)]
struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    /// The value of `NO_PROXY`: hosts that are connected to directly.
    direct: String,
}

/// Configures the proxies of the settings on a connection pool.
pub(crate) fn proxied(pool: ClientBuilder, settings: &Settings) -> Result<ClientBuilder, SettingsError> {
    if let Some(proxy) = &settings.proxy {
        let url = address(proxy).ok_or(SettingsError::Proxy)?;
        return Ok(pool.proxy(Proxy::all(url).map_err(|_| SettingsError::Proxy)?));
    }
    let Some(proxies) = Proxies::named(&settings.environment)? else {
        // The HTTP library then uses the system's proxy settings.
        return Ok(pool);
    };
    Ok(pool.no_proxy().proxy(Proxy::custom(move |url| proxies.proxy_for(url).cloned())))
}

impl Proxies {
    fn named(environment: &Environment) -> Result<Option<Self>, SettingsError> {
        let all = named(environment, "all_proxy")?;
        let http = named(environment, "http_proxy")?.or_else(|| all.clone());
        let https = named(environment, "https_proxy")?.or(all);
        let direct = set(environment, "no_proxy").or_else(|| set(environment, "NO_PROXY")).unwrap_or_default();
        let any = http.is_some() || https.is_some();
        Ok(any.then(|| Self { http, https, direct: direct.to_owned() }))
    }

    fn proxy_for(&self, url: &Url) -> Option<&Url> {
        let (host, port) = url.host_str().zip(url.port_or_known_default())?;
        let proxy = if url.scheme() == "https" { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !is_direct(&self.direct, host, port))
    }
}

/// The proxy of an environment variable, in lower case or else in upper case.
fn named(environment: &Environment, small: &str) -> Result<Option<Url>, SettingsError> {
    let capitals = small.to_ascii_uppercase();
    // In a CGI process HTTP_PROXY holds the client's `Proxy` header.
    let is_forged = small == "http_proxy" && environment.contains_key("REQUEST_METHOD");
    let found = set(environment, small).map(|value| (small, value));
    let found = found.or_else(|| set(environment, &capitals).filter(|_| !is_forged).map(|value| (&*capitals, value)));
    let Some((variable, value)) = found else { return Ok(None) };
    // The value may hold a password, so the error has only the variable's name.
    address(value).map(Some).ok_or_else(|| SettingsError::ProxyVariable { variable: variable.to_owned() })
}

/// Parses the URL of a proxy; `None` if it is not one of HTTP or HTTPS with a host.
fn address(text: &str) -> Option<Url> {
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    url.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Whether the `NO_PROXY` list `hosts` matches this host, so that it is connected to directly.
fn is_direct(hosts: &str, host: &str, port: u16) -> bool {
    if hosts.trim() == "*" {
        return true;
    }
    let host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    hosts.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let is_named = |name: &str| match (address, name.trim_matches(['[', ']']).parse::<IpAddr>()) {
            (Some(address), Ok(named)) => address == named,
            (Some(address), Err(_)) => name.parse::<IpNet>().is_ok_and(|net| net.contains(&address)),
            (None, _) => {
                let name = name.trim_start_matches('.').to_ascii_lowercase();
                let below = host.strip_suffix(name.as_str()).filter(|_| !name.is_empty());
                below.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
        };
        let with_port = entry.rsplit_once(':').filter(|(_, digits)| digits.parse() == Ok(port));
        is_named(entry) || with_port.is_some_and(|(name, _)| is_named(name))
    })
}

#[cfg(test)]
mod tests;
