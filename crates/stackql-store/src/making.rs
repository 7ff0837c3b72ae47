//! The SQLite table behind a materialized view or table: how it is made, and how it goes.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use rusqlite::{Connection, OptionalExtension};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};
use stackql_engine::{StoreError, Stored, StoredKind};

use crate::cell::Kept;
use crate::failure::{Failure, refused};
use crate::fence::Fence;
use crate::name::{self, quoted};
use crate::objects;

/// Whether what is to be made may be, with or without replacing what has its name.
pub(crate) fn check(found: Option<&Stored>, made: &Stored, replace: bool) -> Result<(), Failure> {
    name::check(&made.name)?;
    if let Some(found) = found
        && !(replace && found.kind == made.kind)
    {
        return Err(StoreError::Exists(format!("{} {}", found.kind, found.name)).into());
    }
    Ok(())
}

/// Makes what is to be there, in place of `found`.
pub(crate) fn make(connection: &mut Connection, found: Option<&Stored>, made: &Stored) -> Result<(), Failure> {
    if let Some(found) = found {
        forget(connection, found)?;
    }
    let taken = "SELECT type FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE";
    if let Some(kind) = connection.query_row(taken, [&made.name], |row| row.get::<_, String>(0)).optional()? {
        return Err(StoreError::Exists(format!("{kind} {}, made by another program,", made.name)).into());
    }
    match made.kind {
        StoredKind::View => {}
        StoredKind::Table if !is_of_query(&made.text) => declared(connection, made)?,
        StoredKind::MaterializedView | StoredKind::Table => derived(connection, made)?,
    }
    objects::put(connection, made)
}

/// Forgets something and its rows.
pub(crate) fn forget(connection: &mut Connection, made: &Stored) -> Result<(), Failure> {
    if made.kind != StoredKind::View {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS main.{}", quoted(&made.name)))?;
    }
    objects::forget(connection, &made.name)
}

/// A table by the statement of a user, with all the constraints they wrote.
fn declared(connection: &mut Connection, made: &Stored) -> Result<(), Failure> {
    Fence::Make(made.name.clone()).around(connection, |connection| {
        connection.prepare(&made.text)?.execute([])?;
        Ok(())
    })?;
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden <> 1 ORDER BY cid")?;
    let columns: Vec<String> = columns.query_map([&made.name], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let expected: Vec<&str> = made.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let same = |(column, expected): (&String, &&str)| column.eq_ignore_ascii_case(expected);
    if columns.len() == expected.len() && columns.iter().zip(&expected).all(same) {
        return keepable(&made.schema);
    }
    Err(refused(format!(
        "the statement that makes table {} gives it the columns {}, where {} are expected",
        made.name,
        columns.join(", "),
        expected.join(", ")
    )))
}

/// A table for the rows of a query.
fn derived(connection: &mut Connection, made: &Stored) -> Result<(), Failure> {
    let column = |field: &Arc<Field>| {
        let required = if field.is_nullable() { "" } else { " NOT NULL" };
        Ok(format!("{} {}{required}", quoted(field.name()), Kept::of(field)?.declared()))
    };
    let columns: Vec<String> = made.schema.fields().iter().map(column).collect::<Result<_, Failure>>()?;
    connection.execute_batch(&format!("CREATE TABLE main.{} ({})", quoted(&made.name), columns.join(", ")))?;
    Ok(())
}

fn keepable(schema: &Schema) -> Result<(), Failure> {
    schema.fields().iter().try_for_each(|field| Kept::of(field).map(|_| ()))
}

/// Whether a statement makes its table of a query: outside parentheses, AS is nothing else.
fn is_of_query(text: &str) -> bool {
    let Ok(tokens) = Tokenizer::new(&SQLiteDialect {}, text).tokenize() else {
        return false;
    };
    let mut depth = 0;
    tokens.iter().any(|token| {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(token, Token::Word(word) if word.keyword == Keyword::AS && word.quote_style.is_none())
    })
}
