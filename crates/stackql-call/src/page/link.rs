//! Parses `Link` headers (RFC 8288).

/// The name of the header.
pub(super) const LINK: &str = "link";

/// The target of the first link with the relation `next`.
pub(super) fn next<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    values.find_map(|value| links(value).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target))
}

/// The links of a header: target, and the parameters after it.
fn links(value: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let (_, from) = rest.split_once('<')?;
        let (target, from) = from.split_once('>')?;
        let end = unquoted(from, ',').unwrap_or(from.len());
        rest = &from[end..];
        Some((target.trim(), &from[..end]))
    })
}

/// Whether the parameters of a link have the relation `next`, among others or alone. Only the first `rel` counts (RFC 8288,
/// section 3.3).
fn is_next(parameters: &str) -> bool {
    let mut rest = parameters;
    while let Some(at) = unquoted(rest, ';') {
        rest = &rest[at + 1..];
        let parameter = &rest[..unquoted(rest, ';').unwrap_or(rest.len())];
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("rel")
        {
            let relations = value.trim().trim_matches('"');
            return relations.split_ascii_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"));
        }
    }
    false
}

/// The position of the first such character outside of quotes.
fn unquoted(text: &str, wanted: char) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == wanted && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
