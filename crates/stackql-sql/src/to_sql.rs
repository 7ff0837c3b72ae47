//! Writes statements that change something (and EXEC) as SQL text that parses to the same statement. The journal of
//! transactions stores this text.

use std::fmt::{self, Display};
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, SelectItem, Value, VisitMut, VisitorMut};

use crate::{Delete, Exec, Hints, Insert, JoinHint, Literal, ObjectName, Replace, Statement, Update};

impl Statement {
    /// Writes the statement as SQL text; `None` if it is not an INSERT, UPDATE, REPLACE, DELETE or EXEC.
    ///
    /// ```
    /// let statement = stackql_sql::parse("delete /*+ AWAIT */ from a.b.c where id = 'x'").unwrap();
    /// assert_eq!(statement.to_sql().unwrap(), r#"DELETE /*+ AWAIT */ FROM "a"."b"."c" WHERE id = 'x'"#);
    /// ```
    pub fn to_sql(&self) -> Option<String> {
        match self {
            Self::Insert(insert) => Some(insert.to_string()),
            Self::Update(update) => Some(update.to_string()),
            Self::Replace(replace) => Some(replace.to_string()),
            Self::Delete(delete) => Some(delete.to_string()),
            Self::Exec(exec) => Some(exec.to_string()),
            _ => None,
        }
    }
}

impl Display for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "INSERT")
    }
}

impl Display for Update {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "UPDATE")
    }
}

impl Display for Replace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(insert) => insert.write(f, "REPLACE"),
            Self::Set(update) => update.write(f, "REPLACE"),
        }
    }
}

impl Insert {
    fn write(&self, f: &mut fmt::Formatter<'_>, keyword: &str) -> fmt::Result {
        write!(f, "{keyword}{} INTO {}", hints_to_sql(self.hints), dotted(&self.table))?;
        if !self.columns.is_empty() {
            write!(f, " ({})", comma_separated(self.columns.iter().map(|column| quoted(column))))?;
        }
        match &self.source {
            Some(source) => write!(f, " {}", faithful(&source.ast))?,
            None => f.write_str(" DEFAULT VALUES")?,
        }
        returning(f, self.returning.as_deref())
    }
}

impl Update {
    fn write(&self, f: &mut fmt::Formatter<'_>, keyword: &str) -> fmt::Result {
        let set = self.assignments.iter().map(|(column, value)| format!("{} = {}", quoted(column), faithful(value)));
        write!(f, "{keyword}{} {} SET {}", hints_to_sql(self.hints), dotted(&self.table), comma_separated(set))?;
        whose(f, self.selection.as_ref())?;
        returning(f, self.returning.as_deref())
    }
}

impl Display for Delete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DELETE{} FROM {}", hints_to_sql(self.hints), dotted(&self.table))?;
        whose(f, self.selection.as_ref())?;
        returning(f, self.returning.as_deref())
    }
}

impl Display for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.json.as_ref().map(|json| format!("@@json = {}", text(json)));
        let arguments = self.arguments.iter().map(|(name, value)| format!("@{} = {}", quoted(name), literal(value)));
        let arguments: Vec<String> = arguments.chain(json).collect();
        write!(f, "EXEC{} {}", hints_to_sql(self.hints), dotted(&self.method))?;
        if arguments.is_empty() { Ok(()) } else { write!(f, " {}", arguments.join(", ")) }
    }
}

fn hints_to_sql(hints: Hints) -> String {
    let words = [
        hints.await_completion.then_some("AWAIT"),
        hints.show_results.then_some("SHOWRESULTS"),
        hints.join.map(|by| match by {
            JoinHint::Lookup => "LOOKUP",
            JoinHint::List => "LIST",
        }),
    ];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    if words.is_empty() { String::new() } else { format!(" /*+ {} */", words.join(" ")) }
}

fn dotted(name: &ObjectName) -> String {
    name.0.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}

fn quoted(name: &str) -> String {
    Ident::with_quote('"', name).to_string()
}

fn comma_separated(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A copy of the tree whose string literals are displayed with every quote doubled. `sqlparser` itself leaves two
/// consecutive quotes in a value as they are, because it takes them for one quote that is escaped already.
pub(crate) fn faithful<T: VisitMut + Clone>(tree: &T) -> T {
    let mut tree = tree.clone();
    let _ = tree.visit(&mut StringLiterals);
    tree
}

struct StringLiterals;

impl VisitorMut for StringLiterals {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Value(value) = expr
            && let Value::SingleQuotedString(value) = &value.value
        {
            // An identifier without a quote style is displayed verbatim.
            *expr = Expr::Identifier(Ident::new(text(value)));
        }
        ControlFlow::Continue(())
    }
}

fn literal(value: &Literal) -> String {
    match value {
        Literal::Null => "NULL".to_owned(),
        Literal::Boolean(truth) => truth.to_string(),
        Literal::Integer(number) => number.to_string(),
        // Debug formatting keeps the decimal point, so that a whole number is parsed as floating-point again.
        Literal::Number(number) => format!("{number:?}"),
        Literal::Text(value) => text(value),
    }
}

fn whose(f: &mut fmt::Formatter<'_>, selection: Option<&Expr>) -> fmt::Result {
    match selection {
        Some(condition) => write!(f, " WHERE {}", faithful(condition)),
        None => Ok(()),
    }
}

fn returning(f: &mut fmt::Formatter<'_>, items: Option<&[SelectItem]>) -> fmt::Result {
    match items {
        Some(items) => write!(f, " RETURNING {}", comma_separated(items.iter().map(|item| faithful(item).to_string()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
