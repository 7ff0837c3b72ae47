//! Rewrites users' statements where tables have other names in the file than in statements.

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, Statement, TableAlias, TableFactor, VisitMut, VisitorMut};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use crate::objects::ObjectEntry;

/// Replaces table names by those in the file. A statement that cannot be parsed is returned unchanged, and SQLite
/// reports its error.
pub(crate) fn replace_table_names(statement: &str, all: &[ObjectEntry]) -> String {
    let moved: Vec<&ObjectEntry> =
        all.iter().filter(|found| !found.table_name.is_empty() && found.table_name != found.made.name).collect();
    if moved.is_empty() {
        return statement.to_owned();
    }
    let parsed = Parser::parse_sql(&SQLiteDialect {}, statement).unwrap_or_default();
    let Ok([mut parsed]) = <[Statement; 1]>::try_from(parsed) else {
        return statement.to_owned();
    };
    let mut names = Names { moved, own: Vec::new() };
    let _ = parsed.visit(&mut names);
    parsed.to_string()
}

/// The visitor that renames tables.
struct Names<'a> {
    moved: Vec<&'a ObjectEntry>,
    /// Names of the statement's common table expressions, which hide tables.
    own: Vec<String>,
}

impl Names<'_> {
    /// The name in the file for a table name, and the alias that keeps other references to it valid.
    fn renamed(&self, name: &ObjectName) -> Option<(ObjectName, Ident)> {
        let parts: Vec<&Ident> = name.0.iter().map(|part| part.as_ident()).collect::<Option<_>>()?;
        let said = parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".");
        let is_own = parts.len() == 1 && self.own.iter().any(|own| own.eq_ignore_ascii_case(&said));
        let found = self.moved.iter().find(|found| {
            said.eq_ignore_ascii_case(&found.made.name)
                || (parts.len() > 1 && said.eq_ignore_ascii_case(&found.table_name))
        });
        let (found, last) = found.filter(|_| !is_own).zip(parts.last())?;
        Some((ObjectName::from(vec![Ident::with_quote('"', &found.table_name)]), (*last).clone()))
    }
}

impl VisitorMut for Names<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        self.own.extend(with.map(|table| table.alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && let Some((place, called)) = self.renamed(name)
        {
            *name = place;
            alias.get_or_insert_with(|| TableAlias { explicit: true, name: called, columns: Vec::new(), at: None });
        }
        ControlFlow::Continue(())
    }

    /// Visits the target of an INSERT.
    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        if let Some((place, _)) = self.renamed(relation) {
            *relation = place;
        }
        ControlFlow::Continue(())
    }
}
