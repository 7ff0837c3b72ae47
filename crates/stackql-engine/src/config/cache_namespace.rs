//! Cache namespaces: tables whose cached responses have a TTL of their own, and the alias under which a statement may name such
//! a table. Owns the matching of names; the cache itself belongs to the transport.

use std::ops::ControlFlow;
use std::time::Duration;

use datafusion::sql::sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart, Query, VisitMut, VisitorMut};
use regex::Regex;
use thiserror::Error;

/// The placeholder of the table name in a template, and the name of the capture group that a pattern may have.
const OBJECT: &str = "objectName";

/// A cache namespace: tables, selected by their qualified names, whose cached responses have a TTL of their own.
#[derive(Debug, Clone)]
pub struct CacheNamespace {
    ttl: Duration,
    tables: Regex,
    /// The text before and after the table name in the alias.
    around: (String, String),
}

/// Why a cache namespace cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NamespaceError {
    /// The pattern is not a valid regular expression.
    #[error("the regex cannot be read: {0}")]
    Pattern(String),
    /// The template does not contain the placeholder exactly once.
    #[error("the template '{0}' does not say where the name goes; write {{{{.{OBJECT}}}}} there, once")]
    Template(String),
}

impl CacheNamespace {
    /// Creates the namespace of the tables whose `provider.service.resource` matches `pattern`, with the TTL `ttl`.
    ///
    /// `template` defines the alias of a table: with `kept_{{.objectName}}`, `kept_aws.ec2.vpcs` is `aws.ec2.vpcs`.
    ///
    /// # Errors
    ///
    /// The pattern is not a regular expression, or the template does not contain the placeholder exactly once.
    pub fn new(pattern: &str, template: &str, ttl: Duration) -> Result<Self, NamespaceError> {
        let no_place = || NamespaceError::Template(template.to_owned());
        let reason = |e: regex::Error| {
            e.to_string().lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned()
        };
        let tables = Regex::new(pattern).map_err(|e| NamespaceError::Pattern(reason(e)))?;
        let (before, rest) = template.split_once("{{").ok_or_else(no_place)?;
        let (name, after) = rest.split_once("}}").ok_or_else(no_place)?;
        if name.trim().strip_prefix('.') != Some(OBJECT) || after.contains("{{") {
            return Err(no_place());
        }
        Ok(Self { ttl, tables, around: (before.to_owned(), after.to_owned()) })
    }

    /// The TTL of a table's cached responses, if the table is in the namespace.
    pub(crate) fn ttl(&self, table: &str) -> Option<Duration> {
        self.tables.is_match(table).then_some(self.ttl)
    }

    /// Replaces aliases of tables in `query` by the names of the tables.
    pub(crate) fn resolve_aliases(&self, query: &mut Query) {
        let _ = VisitMut::visit(query, &mut Plainly(self));
    }

    /// The parts of the table name that an alias of the same number of parts stands for; `None` if it is no alias.
    fn plain(&self, words: &[&str]) -> Option<Vec<String>> {
        let (before, after) = (self.around.0.as_str(), self.around.1.as_str());
        let other = words.join(".");
        let own = other.strip_prefix(before)?.strip_suffix(after)?;
        if own.len() == other.len() {
            return None;
        }
        let found = self.tables.captures(own)?;
        let speaks_of = found.name(OBJECT).map_or(own, |object| object.as_str());
        let plain: Vec<String> = own.split('.').map(str::to_owned).collect();
        (speaks_of == own && plain.len() == words.len()).then_some(plain)
    }
}

struct Plainly<'a>(&'a CacheNamespace);

impl VisitorMut for Plainly<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        let words = relation.0.iter().map(|part| Some(part.as_ident()?.value.as_str())).collect::<Option<Vec<_>>>();
        if let Some(words) = words.filter(|words| words.len() == 3)
            && let Some(plain) = self.0.plain(&words)
        {
            relation.0 =
                plain.into_iter().map(|word| ObjectNamePart::Identifier(Ident::with_quote('"', word))).collect();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::CompoundIdentifier(parts) = expr
            && let Some((column, table)) = parts.split_last()
            && table.len() == 3
        {
            let words: Vec<&str> = table.iter().map(|word| word.value.as_str()).collect();
            if let Some(plain) = self.0.plain(&words) {
                let plain = plain.into_iter().map(|word| Ident::with_quote('"', word));
                *parts = plain.chain([column.clone()]).collect();
            }
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests;
