//! Queries, INSERT, UPDATE and DELETE: `sqlparser` parses them, and this module rejects the clauses that APIs cannot
//! execute.

use sqlparser::ast::{
    self, AssignmentTarget, FromTable, ObjectNamePart, SetExpr, Spanned, TableFactor, TableObject, TableWithJoins,
};

use super::StatementParser;
use crate::{Delete, Insert, ObjectName, Query, SyntaxError, Update};

impl StatementParser<'_> {
    pub(super) fn query(&mut self) -> Result<Query, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let query = self.parser.parse_query().map_err(|e| self.parser_error(e))?;
        if matches!(query.body.as_ref(), SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_)) {
            return Err(self.error_at(start, "WITH may stand in front of SELECT only; put it behind INSERT INTO t (…)"));
        }
        Ok(Query { ast: query, hints: self.hints })
    }

    pub(super) fn insert(&mut self) -> Result<Insert, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let ast::Statement::Insert(insert) = self.standard()? else {
            return Err(self.error_at(start, "expected INSERT INTO t (…) VALUES (…) or SELECT …"));
        };
        let refused = [
            (insert.on.is_some(), "ON CONFLICT is not supported"),
            (insert.overwrite, "OVERWRITE is not supported"),
            (!insert.assignments.is_empty(), "INSERT … SET is not supported; use INSERT INTO t (…) VALUES (…)"),
        ];
        if let Some((_, why)) = refused.iter().find(|(found, _)| *found) {
            return Err(self.error_at(start, *why));
        }
        let TableObject::TableName(table) = &insert.table else {
            return Err(self.error_at(start, "INSERT INTO takes the name of a table"));
        };
        let source = match insert.source {
            Some(ast) => Some(Query { ast, hints: self.hints }),
            // `sqlparser` returns neither a source nor columns for DEFAULT VALUES.
            None if insert.columns.is_empty() => None,
            None => return Err(self.error_at(start, "INSERT needs VALUES (…) or a SELECT")),
        };
        Ok(Insert {
            table: object_name(table),
            columns: insert.columns.iter().map(last_part).collect(),
            source,
            returning: insert.returning,
            hints: self.hints,
        })
    }

    pub(super) fn update(&mut self) -> Result<Update, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let ast::Statement::Update(update) = self.standard()? else {
            return Err(self.error_at(start, "expected UPDATE t SET … WHERE …"));
        };
        let refused = [
            (update.from.is_some(), "UPDATE … FROM is not supported; use a sub-select in WHERE"),
            (update.limit.is_some() || !update.order_by.is_empty(), "UPDATE takes no ORDER BY and no LIMIT"),
        ];
        if let Some((_, why)) = refused.iter().find(|(found, _)| *found) {
            return Err(self.error_at(start, *why));
        }
        let table = self.one_table(std::slice::from_ref(&update.table))?;
        let mut assignments = Vec::new();
        for assignment in update.assignments {
            let AssignmentTarget::ColumnName(name) = &assignment.target else {
                return Err(self.error_at(assignment.target.span().start, "SET takes one column at a time"));
            };
            assignments.push((last_part(name), assignment.value));
        }
        Ok(Update { table, assignments, selection: update.selection, returning: update.returning, hints: self.hints })
    }

    pub(super) fn delete(&mut self) -> Result<Delete, SyntaxError> {
        let start = self.parser.peek_token().span.start;
        let ast::Statement::Delete(delete) = self.standard()? else {
            return Err(self.error_at(start, "expected DELETE FROM t WHERE …"));
        };
        let refused = [
            (delete.using.is_some(), "DELETE … USING is not supported; use a sub-select in WHERE"),
            (delete.limit.is_some() || !delete.order_by.is_empty(), "DELETE takes no ORDER BY and no LIMIT"),
            (!delete.tables.is_empty(), "DELETE takes one table: DELETE FROM t WHERE …"),
        ];
        if let Some((_, why)) = refused.iter().find(|(found, _)| *found) {
            return Err(self.error_at(start, *why));
        }
        let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
        Ok(Delete {
            table: self.one_table(tables)?,
            selection: delete.selection,
            returning: delete.returning,
            hints: self.hints,
        })
    }

    fn standard(&mut self) -> Result<ast::Statement, SyntaxError> {
        self.parser.parse_statement().map_err(|e| self.parser_error(e))
    }

    fn one_table(&self, tables: &[TableWithJoins]) -> Result<ObjectName, SyntaxError> {
        match tables {
            [TableWithJoins { relation: TableFactor::Table { name, .. }, joins }] if joins.is_empty() => {
                Ok(object_name(name))
            }
            [] => Err(self.expected("the name of a table")),
            [first, ..] => Err(self.error_at(first.span().start, "expected one table, without joins")),
        }
    }
}

pub(super) fn object_name(name: &ast::ObjectName) -> ObjectName {
    ObjectName(name.0.iter().map(part).collect())
}

/// The last part of a qualified name: the column of `t.column`.
fn last_part(name: &ast::ObjectName) -> String {
    name.0.last().map(part).unwrap_or_default()
}

fn part(part: &ObjectNamePart) -> String {
    part.as_ident().map_or_else(|| part.to_string(), |ident| ident.value.clone())
}
