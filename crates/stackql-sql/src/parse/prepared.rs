//! `PREPARE name (types) AS statement`, `EXECUTE name (values)`, `DEALLOCATE name`.

use sqlparser::tokenizer::Token;

use super::StatementParser;
use crate::{PreparedStatement, Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn prepare(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let name = self.name_of_prepared()?;
        let mut types = Vec::new();
        if self.parser.consume_token(&Token::LParen) {
            types = self
                .parser
                .parse_comma_separated(|parser| parser.parse_data_type())
                .map_err(|error| self.parser_error(error))?;
            self.closing()?;
        }
        if !self.word("AS") {
            return Err(self.expected("AS and the statement"));
        }
        let start = self.parser.peek_token().span.start;
        let statement = self.statement()?;
        match statement {
            Statement::Query(_)
            | Statement::Insert(_)
            | Statement::Update(_)
            | Statement::Replace(_)
            | Statement::Delete(_) => {
                Ok(Statement::Prepare { name, prepared: Box::new(PreparedStatement { statement, types }) })
            }
            _ => Err(self.error_at(start, "PREPARE takes SELECT, INSERT, UPDATE, REPLACE or DELETE")),
        }
    }

    pub(super) fn execute(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let name = self.name_of_prepared()?;
        let mut values = Vec::new();
        if self.parser.consume_token(&Token::LParen) && !self.parser.consume_token(&Token::RParen) {
            values = self
                .parser
                .parse_comma_separated(|parser| parser.parse_expr())
                .map_err(|error| self.parser_error(error))?;
            self.closing()?;
        }
        Ok(Statement::Execute { name, values })
    }

    pub(super) fn deallocate(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        self.word("PREPARE");
        let all = self.word("ALL");
        let name = if all { None } else { Some(self.name_of_prepared()?) };
        Ok(Statement::Deallocate { name })
    }

    fn name_of_prepared(&mut self) -> Result<String, SyntaxError> {
        self.parser.parse_identifier().map(|ident| ident.value).map_err(|error| self.parser_error(error))
    }

    fn closing(&mut self) -> Result<(), SyntaxError> {
        if self.parser.consume_token(&Token::RParen) { Ok(()) } else { Err(self.expected(")")) }
    }
}
