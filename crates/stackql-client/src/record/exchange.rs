//! The file format of a recorded exchange: encodes a request and its result as text, and parses them back. The files
//! themselves belong to recording and replay.
//!
//! A request is its request line, lines of metadata (`@service: …`), headers, an empty line and the body. A response is its
//! status line, headers, an empty line and the body. A body that is not UTF-8 text is base64, marked by a line `@body: base64`.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use stackql_call::{Payload, Request, Response, TransportError, TransportErrorKind};

use crate::http::client::AttemptFailure;

const ANSWER: &str = "\n### answer\n";
const ERROR: &str = "\n### error\n";
const BASE64: &str = "@body: base64";

/// Headers that describe the time or the transfer of a response and not its content; they are not recorded.
const PASSING: [&str; 6] = ["date", "age", "connection", "content-length", "transfer-encoding", "keep-alive"];

const KINDS: [(TransportErrorKind, &str); 7] = [
    (TransportErrorKind::Broken, "broken"),
    (TransportErrorKind::Connect, "connect"),
    (TransportErrorKind::Timeout, "timeout"),
    (TransportErrorKind::Tls, "tls"),
    (TransportErrorKind::Credentials, "credentials"),
    (TransportErrorKind::Configuration, "configuration"),
    (TransportErrorKind::Throttled, "throttled"),
];

/// The text of a request, redacted and canonical: equal requests have equal texts.
pub(crate) fn question(request: &Request) -> String {
    let masks = request.operation.redactor();
    let operation = &request.operation;
    let mut lines = vec![match &request.payload {
        Payload::Http => {
            format!("{} {}", request.http_method, masks.redact_request(&masks.redact_url(&target(request))))
        }
        Payload::Command { .. } => "COMMAND".to_owned(),
        Payload::Query { .. } => "QUERY".to_owned(),
    }];
    lines.push(format!("@service: {}.{}", operation.provider.name, operation.service.name));
    lines.extend(request.scope.iter().map(|scope| format!("@scope: {scope}")));
    lines.extend(request.url.iter().map(|url| format!("@url: {}", masks.redact_request(url))));
    let mut server: Vec<_> =
        request.server_variables.iter().filter(|(_, value)| Some(value) != request.scope.as_ref()).collect();
    server.sort_unstable();
    lines.extend(server.into_iter().map(|(name, value)| format!("@server.{name}: {}", masks.value(name, value))));
    let mut headers: Vec<_> = request.headers.iter().collect();
    headers.sort();
    lines.extend(
        headers
            .into_iter()
            .map(|(name, value)| format!("{}: {}", name.to_ascii_lowercase(), masks.instead(name).unwrap_or(value))),
    );
    let body = match &request.payload {
        Payload::Http => String::from_utf8(request.body.to_vec()).map_err(|e| e.into_bytes()),
        Payload::Command { .. } | Payload::Query { .. } => Ok(request.summary()),
    };
    match body {
        Ok(text) if text.is_empty() => lines.join("\n"),
        Ok(text) if !format!("\n{text}\n").contains("\n### ") => {
            format!("{}\n\n{}", lines.join("\n"), masks.redact_request(&text))
        }
        Ok(text) => encoded(lines, masks.redact_request(&text).as_bytes()),
        Err(bytes) => encoded(lines, &bytes),
    }
}

fn encoded(mut lines: Vec<String>, body: &[u8]) -> String {
    lines.push(BASE64.to_owned());
    format!("{}\n\n{}", lines.join("\n"), STANDARD.encode(body))
}

/// Path and query of a request, or the URL of its next page.
fn target(request: &Request) -> Cow<'_, str> {
    if let Some(next) = &request.next_url {
        return next.into();
    }
    if request.query.is_empty() {
        return request.path.as_str().into();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.query).finish();
    format!("{}?{query}", request.path).into()
}

/// The content of the file of an exchange.
pub(crate) fn file(question: &str, request: &Request, result: &Result<Response, TransportError>) -> String {
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let kind = KINDS.iter().find(|(kind, _)| *kind == error.kind).map_or("broken", |(_, name)| name);
            return format!("{question}{ERROR}{kind}\n{}\n", error.message);
        }
    };
    let masks = request.operation.redactor();
    let mut lines = vec![format!("HTTP {}", response.status)];
    let lasting = response.headers.iter().filter(|(name, _)| !PASSING.contains(&name.to_ascii_lowercase().as_str()));
    let mut headers: Vec<String> =
        lasting.map(|(name, value)| format!("{}: {}", name.to_ascii_lowercase(), masks.header(name, value))).collect();
    headers.sort_by(|a, b| a.split(':').next().cmp(&b.split(':').next()));
    lines.extend(headers);
    let answer = match std::str::from_utf8(&response.body) {
        Ok(text) => format!("{}\n\n{}", lines.join("\n"), masks.redact_text(text)),
        Err(_) => encoded(lines, &response.body),
    };
    format!("{question}{ANSWER}{answer}\n")
}

/// Parses a file into the text of its request and the recorded result.
///
/// # Errors
///
/// The file is not a recorded exchange; the error is the reason.
pub(crate) fn parsed(file: &str) -> Result<(String, Result<Response, AttemptFailure>), String> {
    if let Some((question, answer)) = file.split_once(ANSWER) {
        return Ok((question.to_owned(), Ok(parse_response(answer)?)));
    }
    let Some((question, error)) = file.split_once(ERROR) else {
        return Err("it has no line ### answer".to_owned());
    };
    let (kind, message) = error.split_once('\n').unwrap_or((error, ""));
    let Some((kind, _)) = KINDS.iter().find(|(_, name)| *name == kind) else {
        let known = KINDS.map(|(_, name)| name).join(", ");
        return Err(format!("there is no kind of error '{kind}'; known are {known}"));
    };
    Ok((question.to_owned(), Err((*kind, message.trim_end().to_owned()))))
}

fn parse_response(text: &str) -> Result<Response, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let body = body.strip_suffix('\n').unwrap_or(body);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP ")).and_then(|status| status.trim().parse().ok());
    let status = status.ok_or("its answer does not begin with HTTP and a status")?;
    let (mut headers, mut is_encoded) = (Vec::new(), false);
    for line in lines {
        match line.split_once(": ") {
            _ if line == BASE64 => is_encoded = true,
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None if line.ends_with(':') => headers.push((line.trim_end_matches(':').to_owned(), String::new())),
            None => return Err(format!("the line '{line}' is no header")),
        }
    }
    let body = match is_encoded {
        true => STANDARD.decode(body.trim()).map_err(|e| format!("its body is not base64: {e}"))?,
        false => body.as_bytes().to_vec(),
    };
    Ok(Response { status, headers, body: body.into(), attempts: Vec::new() })
}

#[cfg(test)]
mod tests;
