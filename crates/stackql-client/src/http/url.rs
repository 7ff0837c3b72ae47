//! Request URLs: builds the full URL of a request, and the redacted forms that errors and logs show.

use stackql_call::{Request, TransportErrorKind};

use super::client::AttemptFailure;

/// The full URL of `request` below the endpoint `base`, or that of its next page, which must be on the same origin.
pub(crate) fn address(base: &str, request: &Request) -> Result<url::Url, AttemptFailure> {
    let wrong = |why: String| (TransportErrorKind::Configuration, why);
    let base = base.trim_end_matches('/');
    let is_below = base.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    let path = match request.path.strip_prefix('/') {
        // With path style the base already ends in the whole path, such as `/name`; a trailing slash would name something
        // below it.
        Some(rest)
            if (rest.is_empty() || rest.starts_with('?'))
                && is_below
                && !request.operation.service.endpoints.path_style.is_empty() =>
        {
            rest
        }
        _ => request.path.as_str(),
    };
    let mut url = url::Url::parse(&format!("{base}{path}"))
        .map_err(|e| wrong(format!("the endpoint address is not a URL: {e}; give one like https://host:port")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let why = "the endpoint address has no http or https host; give one like https://host:port";
        return Err(wrong(why.to_owned()));
    }
    if !request.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&request.query);
        let encoded = url.query().map(|q| q.replace('+', "%20"));
        url.set_query(encoded.as_deref());
    }
    let Some(next) = &request.next_url else { return Ok(url) };
    let page = url.join(next).map_err(|e| wrong(format!("the address that an answer leads to is not a URL: {e}")));
    let mut page = page?;
    if page.origin() != url.origin() {
        let (there, here) = (page.origin().ascii_serialization(), url.origin().ascii_serialization());
        let why = format!(
            "the answer leads to {there}, and only {here} is asked; set that as the endpoint URL if it is right"
        );
        return Err((TransportErrorKind::Elsewhere, why));
    }
    // User and password come from the endpoint, never from the response. A URL with a host accepts both setters.
    let _ = (page.set_username(url.username()), page.set_password(url.password()));
    Ok(page)
}

/// The URL without query, user name and password, which may be secret.
pub(crate) fn redacted_url(url: &url::Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    // A URL with a host accepts both setters.
    let _ = (bare.set_username(""), bare.set_password(None));
    bare.into()
}

/// Host and port of a URL, as `host:port`.
pub(crate) fn place(url: &url::Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}
