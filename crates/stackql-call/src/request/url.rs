//! URL templates of endpoints: `https://{subdomain}.example.com`, where a placeholder may have a pattern,
//! `{port:^[0-9]{1,5}$}`. Owns which values a placeholder may take, since they decide which host receives the request, and
//! which values carry over when a user-configured endpoint replaces the template.

use thiserror::Error;

mod format;

use format::{AddressFormat, Place};

/// Why a URL cannot be built from a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A variable of the template has no value.
    #[error("cannot find any viable servers: the address {template} needs a value for {name}; name it in WHERE")]
    Missing {
        /// The template.
        template: String,
        /// The variable.
        name: String,
    },
    /// The value of a variable is not valid in its position, where it could redirect the request.
    #[error("'{value}' cannot stand for {name} in the address {template}; {name} is {expected}")]
    Unfit {
        /// The template.
        template: String,
        /// The variable.
        name: String,
        /// Its value, shortened and with control characters escaped.
        value: String,
        /// The values it may have, in words.
        expected: &'static str,
    },
    /// The value of a scope is not valid in any URL.
    #[error("'{value}' cannot stand for {name}; {name} is {expected}")]
    Scope {
        /// The scope.
        name: String,
        /// Its value, shortened and with control characters escaped.
        value: String,
        /// The values it may have, in words.
        expected: &'static str,
    },
    /// A user-configured endpoint has no placeholder for a value that the template has in its host.
    #[error(
        "the endpoint {endpoint} takes the place of {template}, and {name} = '{value}' would be lost; write {{{name}}} into the endpoint where it goes, or leave the endpoint out"
    )]
    Lost {
        /// The user's endpoint.
        endpoint: String,
        /// The template.
        template: String,
        /// The variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// A placeholder has no closing brace.
    #[error("the address {template} has a brace that is not closed")]
    Unclosed {
        /// The template.
        template: String,
    },
}

/// The values of the placeholders of a URL template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AddressValues<'a> {
    /// The values by the name of the variable.
    pub(crate) values: &'a [(String, String)],
    /// The name of the variable that is the scope of the service.
    pub(crate) scope: Option<&'a str>,
}

impl AddressValues<'_> {
    /// The URL that `template` yields with these values.
    pub(crate) fn fill(self, template: &str) -> Result<String, AddressError> {
        let mut out = String::new();
        for piece in pieces(template)? {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable { name, place } => {
                    let Some((_, value)) = self.values.iter().find(|(n, _)| n == name) else {
                        return Err(AddressError::Missing { template: template.to_owned(), name: name.to_owned() });
                    };
                    let fit = self.fit(template, name, place, value)?;
                    out.push_str(fit.written(&out, value));
                }
            }
        }
        Ok(out)
    }

    /// The URL for a user-configured `endpoint` that replaces `template`. Variables in the host of the template that are
    /// listed in `path_style` become path segments of the endpoint. For the other ones, `is_said` decides by name and value
    /// whether the statement sets them, so that dropping them is an error.
    pub(crate) fn moved(
        self,
        endpoint: &str,
        template: &str,
        path_style: &[String],
        is_said: impl Fn(&str, &str) -> bool,
    ) -> Result<String, AddressError> {
        let mut out = self.fill(endpoint)?;
        let kept = names(endpoint)?;
        for piece in pieces(template)? {
            let Piece::Variable { name, place: place @ Place::Host { .. } } = piece else { continue };
            if self.scope == Some(name) || kept.contains(&name) {
                continue;
            }
            let Some((_, value)) = self.values.iter().find(|(n, _)| n == name) else { continue };
            self.fit(template, name, place, value)?;
            if path_style.iter().any(|n| n == name) {
                out = format!("{}/{value}", out.trim_end_matches('/'));
            } else if is_said(name, value) {
                return Err(AddressError::Lost {
                    endpoint: endpoint.to_owned(),
                    template: template.to_owned(),
                    name: name.to_owned(),
                    value: value.clone(),
                });
            }
        }
        Ok(out)
    }

    fn fit(self, template: &str, name: &str, place: Place, value: &str) -> Result<AddressFormat, AddressError> {
        let place = if self.scope == Some(name) { place.of_scope() } else { place };
        let fit = place.format(value);
        fit.map_err(|expected| AddressError::Unfit {
            template: template.to_owned(),
            name: name.to_owned(),
            value: format::describe(value),
            expected,
        })
    }
}

/// Checks a value for the first of `templates` that has the variable. The value of a scope is also checked if none has it.
pub(crate) fn check<'t>(
    templates: impl IntoIterator<Item = &'t str>,
    (name, value): (&str, &str),
    is_scope: bool,
) -> Result<(), AddressError> {
    let values = AddressValues { values: &[], scope: is_scope.then_some(name) };
    for template in templates {
        for piece in pieces(template)? {
            if let Piece::Variable { name: found, place } = piece
                && found == name
            {
                return values.fit(template, name, place, value).map(|_| ());
            }
        }
    }
    if !is_scope {
        return Ok(());
    }
    let (name, shown) = (name.to_owned(), format::describe(value));
    Place::Scope.format(value).map(|_| ()).map_err(|expected| AddressError::Scope { name, value: shown, expected })
}

/// Checks that a text can be the name of a region, which is part of hosts and signatures.
///
/// # Errors
///
/// [`AddressError::Scope`]: it is not one DNS label of letters, digits, hyphens and underscores.
pub fn region(value: &str) -> Result<(), AddressError> {
    check([], ("region", value), true)
}

/// A part of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable { name: &'a str, place: Place },
}

fn pieces(template: &str) -> Result<Vec<Piece<'_>>, AddressError> {
    let mut out = Vec::new();
    let (mut before, mut rest) = (String::new(), template);
    while let Some((text, from)) = rest.split_once('{') {
        let Some(length) = closed(from) else {
            return Err(AddressError::Unclosed { template: template.to_owned() });
        };
        before.push_str(text);
        out.push(Piece::Text(text));
        let name = from[..length].split(':').next().unwrap_or_default();
        rest = &from[length + 1..];
        out.push(Piece::Variable { name, place: Place::from_neighbors(&before, rest) });
        before.push('_');
    }
    out.push(Piece::Text(rest));
    Ok(out)
}

fn names(template: &str) -> Result<Vec<&str>, AddressError> {
    let name = |piece| match piece {
        Piece::Variable { name, .. } => Some(name),
        Piece::Text(_) => None,
    };
    Ok(pieces(template)?.into_iter().filter_map(name).collect())
}

/// The number of bytes before the brace that closes the one in front of `text`.
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

#[cfg(test)]
mod tests;
