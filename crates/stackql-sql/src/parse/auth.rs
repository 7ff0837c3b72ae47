//! `AUTH LOGIN` and `AUTH REVOKE`.

use sqlparser::tokenizer::Token;

use super::StatementParser;
use crate::{Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn auth(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        let logs_in = self.word("LOGIN");
        if !logs_in && !self.word("REVOKE") {
            return Err(self.expected("LOGIN or REVOKE, and a provider"));
        }
        let [provider] = self.name_of("the name of a provider")?;
        if !logs_in {
            return Ok(Statement::Revoke { provider });
        }
        let mut scopes = Vec::new();
        if self.word("SCOPES") {
            loop {
                scopes.push(match self.parser.peek_token().token {
                    Token::Word(word) => word.value,
                    Token::SingleQuotedString(text) => text,
                    _ => return Err(self.expected("a scope")),
                });
                self.parser.next_token();
                if !self.parser.consume_token(&Token::Comma) {
                    break;
                }
            }
        }
        Ok(Statement::LogIn { provider, scopes })
    }
}
