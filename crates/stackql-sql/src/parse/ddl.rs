//! DDL of local objects: `CREATE`, `DROP` and `REFRESH` of views, materialized views and tables, and `NATIVEQUERY`.

use sqlparser::ast;
use sqlparser::parser::IsOptional;
use sqlparser::tokenizer::{Location, Token};

use super::standard::object_name;
use super::{StatementParser, byte_of};
use crate::{Create, ObjectKind, Query, Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn create(&mut self) -> Result<Statement, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let nth = |reader: &Self, at: usize, word: &str| {
            matches!(&reader.parser.peek_nth_token(at).token,
                Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
        };
        let replaces = nth(self, 1, "OR") && nth(self, 2, "REPLACE");
        let at = if replaces { 3 } else { 1 };
        if nth(self, at, "TABLE") || nth(self, at, "TEMP") || nth(self, at, "TEMPORARY") {
            return self.create_table(start);
        }
        self.parser.next_token();
        let replaces = self.word("OR") && self.word("REPLACE");
        let made = if self.word("MATERIALIZED") { ObjectKind::MaterializedView } else { ObjectKind::View };
        if !self.word("VIEW") {
            return Err(self.expected("[OR REPLACE] [MATERIALIZED] VIEW, or TABLE"));
        }
        let unless_exists = self.unless_exists()?;
        let name = self.object_name_of()?;
        let columns = self.parser.parse_parenthesized_column_list(IsOptional::Optional, false);
        let columns = columns.map_err(|error| self.parser_error(error))?;
        if !self.word("AS") {
            return Err(self.expected("AS and a query"));
        }
        let body = self.parser.peek_token().span.start;
        let query = self.query()?;
        let mut text = self.rest_from(body);
        if !columns.is_empty() {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            text = format!("SELECT * FROM ({text}) AS \"{}\" ({})", name.replace('"', "\"\""), columns.join(", "));
        }
        let query = if columns.is_empty() { query } else { reread(&text)? };
        Ok(Statement::Create(Create {
            kind: made,
            name,
            or_replace: replaces,
            if_not_exists: unless_exists,
            text,
            query: Some(query),
            columns: Vec::new(),
        }))
    }

    fn create_table(&mut self, start: Location) -> Result<Statement, SyntaxError> {
        let parsed = self.parser.parse_statement().map_err(|e| self.parser_error(e))?;
        let ast::Statement::CreateTable(table) = parsed else {
            return Err(self.error_at(start, "expected CREATE TABLE t (column type, …) or CREATE TABLE t AS SELECT …"));
        };
        let mut name = object_name(&table.name).0;
        let (Some(name), true) = (name.pop(), name.is_empty()) else {
            return Err(self.error_at(start, "tables of your own are named by one word"));
        };
        let text = ast::Statement::CreateTable(ast::CreateTable {
            or_replace: false,
            if_not_exists: false,
            temporary: false,
            ..table.clone()
        });
        Ok(Statement::Create(Create {
            kind: ObjectKind::Table,
            name,
            or_replace: table.or_replace,
            if_not_exists: table.if_not_exists,
            text: text.to_string(),
            query: table.query.map(|ast| Query { ast, hints: self.hints }),
            columns: table.columns,
        }))
    }

    pub(super) fn drop(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let made = match (self.word("MATERIALIZED"), self.word("VIEW")) {
            (true, true) => ObjectKind::MaterializedView,
            (false, true) => ObjectKind::View,
            (false, false) if self.word("TABLE") => ObjectKind::Table,
            _ => return Err(self.expected("[MATERIALIZED] VIEW, or TABLE")),
        };
        let if_exists = self.word("IF");
        if if_exists && !self.word("EXISTS") {
            return Err(self.expected("EXISTS"));
        }
        Ok(Statement::Drop { made, name: self.object_name_of()?, if_exists })
    }

    pub(super) fn refresh(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        if !self.word("MATERIALIZED") || !self.word("VIEW") {
            return Err(self.expected("MATERIALIZED VIEW"));
        }
        Ok(Statement::Refresh { name: self.object_name_of()? })
    }

    pub(super) fn native(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let text = self.parser.parse_literal_string().map_err(|error| self.parser_error(error))?;
        Ok(Statement::NativeQuery(text))
    }

    fn unless_exists(&mut self) -> Result<bool, SyntaxError> {
        match self.word("IF") {
            false => Ok(false),
            true if self.word("NOT") && self.word("EXISTS") => Ok(true),
            true => Err(self.expected("NOT EXISTS")),
        }
    }

    fn object_name_of(&mut self) -> Result<String, SyntaxError> {
        self.name_of::<1>("a name of one word").map(|[name]| name)
    }

    /// The text of the statement from `place` to its end, without the semicolon.
    fn rest_from(&self, place: Location) -> String {
        let rest = self.text[byte_of(self.text, place)..].trim_end();
        rest.strip_suffix(';').unwrap_or(rest).trim_end().to_owned()
    }
}

/// Parses a text that must be a query.
fn reread(text: &str) -> Result<Query, SyntaxError> {
    match super::parse(text)? {
        Statement::Query(query) => Ok(query),
        _ => Err(SyntaxError::at(text, 0, None, "expected a query".to_owned())),
    }
}
