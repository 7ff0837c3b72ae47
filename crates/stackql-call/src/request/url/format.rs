//! Which values a placeholder of a URL template may take, by its position. Owns the syntax of hosts, ports and paths that is
//! allowed in values.

use crate::request::uri_encoding;
use std::net::Ipv6Addr;

/// The position of a placeholder in a URL template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The whole URL up to its path.
    Address,
    /// The scheme, before `://`.
    Scheme,
    /// The whole authority, between `://` and the path.
    Authority,
    /// A part of the host. `begins` and `ends`: whether the placeholder is at the beginning and the end of a DNS label.
    Host { begins: bool, ends: bool },
    /// The value of the scope.
    Scope,
    /// The port, after the colon.
    Port,
    /// The path, after the host.
    Path,
}

/// How a valid value is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressFormat {
    /// Unchanged.
    Whole,
    /// As an authority: a scheme equal to that of the URL and slashes at the end are removed.
    Authority,
}

const ADDRESS: &str = "an address like https://host:port";
const SCHEME: &str = "http or https";
const AUTHORITY: &str = "a host, or host:port";
const HOST: &str = "a name of letters, digits and hyphens, or several with dots between";
const SCOPE: &str = "a name of letters, digits and hyphens";
const PORT: &str = "the number of a port";
const PATH: &str = "a path without . and .., of characters that need no encoding";

/// The maximum lengths of a DNS label, and of a DNS name as text, in bytes.
const LABEL: usize = 63;
const NAME: usize = 253;

impl Place {
    /// The position between these two parts of a template. In `before`, any one character stands for an earlier placeholder.
    pub(super) fn from_neighbors(before: &str, after: &str) -> Self {
        if before.is_empty() {
            return match after {
                _ if after.starts_with("://") => Self::Scheme,
                "" => Self::Address,
                _ if after.starts_with('/') => Self::Address,
                _ => Self::Host { begins: true, ends: after.starts_with(['.', ':']) },
            };
        }
        let Some((_, host)) = before.split_once("://").filter(|(_, host)| !host.contains('/')) else {
            return Self::Path;
        };
        let at_end = after.is_empty() || after.starts_with('/');
        match host {
            "" if at_end => Self::Authority,
            _ if host.ends_with(':') => Self::Port,
            _ => {
                let begins = host.is_empty() || host.ends_with('.');
                Self::Host { begins, ends: at_end || after.starts_with(['.', ':']) }
            }
        }
    }

    /// The position for the value of a scope, which is a single label where it is in a host.
    pub(super) fn of_scope(self) -> Self {
        match self {
            Self::Host { .. } => Self::Scope,
            place => place,
        }
    }

    /// Checks a value; the error describes the values that are allowed.
    pub(super) fn format(self, value: &str) -> Result<AddressFormat, &'static str> {
        let (fits, expected, fit) = match self {
            Self::Scheme => (is_scheme(value), SCHEME, AddressFormat::Whole),
            Self::Address => (is_address(value), ADDRESS, AddressFormat::Whole),
            Self::Authority => (is_authority(without_scheme(value).1), AUTHORITY, AddressFormat::Authority),
            Self::Host { begins, ends } => (is_host(value, begins, ends), HOST, AddressFormat::Whole),
            Self::Scope => (is_label(value, true, true), SCOPE, AddressFormat::Whole),
            Self::Port => (is_port(value), PORT, AddressFormat::Whole),
            Self::Path => (is_path(value), PATH, AddressFormat::Whole),
        };
        if fits { Ok(fit) } else { Err(expected) }
    }
}

impl AddressFormat {
    /// The part of `value` that is appended to `before`.
    pub(super) fn written<'v>(self, before: &str, value: &'v str) -> &'v str {
        match self {
            Self::Whole => value,
            Self::Authority => {
                let (scheme, rest) = without_scheme(value);
                // A different scheme is kept, so that the URL is invalid instead of silently using another scheme.
                let same = scheme.is_none_or(|scheme| before.eq_ignore_ascii_case(&format!("{scheme}://")));
                if same { rest.trim_end_matches('/') } else { value }
            }
        }
    }
}

/// A value for a message: on one line, and cut to 80 characters.
pub(super) fn describe(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = value.chars().take(LONGEST).flat_map(crate::request::printable).collect();
    if value.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

fn without_scheme(value: &str) -> (Option<&str>, &str) {
    match value.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, value),
    }
}

fn is_scheme(value: &str) -> bool {
    ["http", "https"].iter().any(|scheme| value.eq_ignore_ascii_case(scheme))
}

fn is_address(value: &str) -> bool {
    matches!(without_scheme(value), (Some(_), rest) if is_authority(rest))
}

/// Whether the value is a host with an optional port and an optional path.
fn is_authority(value: &str) -> bool {
    let (authority, path) = value.split_once('/').unwrap_or((value, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(number) => number.parse::<Ipv6Addr>().is_ok(),
        None => is_host(host, true, true),
    };
    is_host && port.is_none_or(is_port) && (path.is_empty() || is_path(path))
}

fn is_host(value: &str, begins: bool, ends: bool) -> bool {
    let last = value.split('.').count() - 1;
    let label = |(at, label): (usize, &str)| is_label(label, begins || at > 0, ends || at < last);
    value.len() <= NAME && value.split('.').enumerate().all(label)
}

fn is_label(value: &str, begins: bool, ends: bool) -> bool {
    (1..=LABEL).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && !(begins && value.starts_with('-'))
        && !(ends && value.ends_with('-'))
}

fn is_port(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<u16>().is_ok()
}

/// Whether the value is path segments that need no encoding, without `.` and `..`.
fn is_path(value: &str) -> bool {
    !value.trim_matches('/').is_empty()
        && uri_encoding::slashed(value) == value
        && !value.split('/').any(|step| matches!(step, "." | ".."))
}
