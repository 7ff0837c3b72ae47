//! `BEGIN`, `START TRANSACTION`, `COMMIT`, `END` and `ROLLBACK`.

use super::StatementParser;
use crate::{Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn transaction(&mut self, keyword: &str) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let named = self.word("TRANSACTION") || (keyword != "START" && self.word("WORK"));
        match keyword {
            "START" if !named => Err(self.expected("TRANSACTION")),
            "BEGIN" | "START" => Ok(Statement::Begin),
            "ROLLBACK" => Ok(Statement::Rollback),
            _ => Ok(Statement::Commit),
        }
    }
}
