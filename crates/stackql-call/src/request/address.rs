//! Templates of addresses: `https://{subdomain}.example.com`, where a placeholder may say what it takes,
//! `{port:^[0-9]{1,5}$}`. Owns what a value may be where it decides who is asked.

use thiserror::Error;

/// Why a template makes no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A variable of the address has no value.
    #[error("cannot find any viable servers: the address {template} needs a value for {name}; name it in WHERE")]
    Missing {
        /// The template.
        template: String,
        /// The variable.
        name: String,
    },
    /// A variable's value would end the host, so that the request would go elsewhere.
    #[error("'{value}' cannot stand for {name} in the address {template}")]
    Unfit {
        /// The template.
        template: String,
        /// The variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// A placeholder does not end.
    #[error("the address {template} has a brace that is not closed")]
    Unclosed {
        /// The template.
        template: String,
    },
}

/// The address that `template` gives with these values.
pub(super) fn fill(template: &str, values: &[(String, String)]) -> Result<String, AddressError> {
    let whole = || template.to_owned();
    let (mut out, mut rest) = (String::new(), template);
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let Some(length) = closed(from) else { return Err(AddressError::Unclosed { template: whole() }) };
        let name = from[..length].split(':').next().unwrap_or_default();
        let Some((_, value)) = values.iter().find(|(n, _)| n == name) else {
            return Err(AddressError::Missing { template: whole(), name: name.to_owned() });
        };
        if !fits(&out, value) {
            return Err(AddressError::Unfit { template: whole(), name: name.to_owned(), value: value.clone() });
        }
        out.push_str(value);
        rest = &from[length + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// How many bytes there are before the brace that closes the one before `text`.
fn closed(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether a value may stand behind `before`: where it begins the address it is the address, inside the host it must
/// not end it, and nowhere else does it end the path.
fn fits(before: &str, value: &str) -> bool {
    if before.is_empty() {
        return true;
    }
    let in_path = before.split_once("://").is_some_and(|(_, host)| host.contains('/'));
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\');
    !value.contains(|c| ends(c) || (!in_path && matches!(c, '/' | '@')))
}

#[cfg(test)]
mod tests;
