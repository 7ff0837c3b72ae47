//! `REGISTRY LIST` and `REGISTRY PULL`. Names and versions are delimited by white space instead of being identifiers, so
//! that `v0.1.3` is one word.

use sqlparser::tokenizer::Token;

use super::{StatementParser, byte_of};
use crate::{Statement, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn registry(&mut self) -> Result<Statement, SyntaxError> {
        self.parser.next_token();
        if self.word("LIST") {
            return Ok(Statement::RegistryList { provider: self.published_name()? });
        }
        if !self.word("PULL") {
            return Err(self.expected("LIST or PULL"));
        }
        let provider = self.published_name()?.ok_or_else(|| self.expected("the name of a provider"))?;
        Ok(Statement::RegistryPull { provider, version: self.published_name()? })
    }

    /// The text up to the next white space, or a quoted text without its quotes; `None` at the end of the statement.
    fn published_name(&mut self) -> Result<Option<String>, SyntaxError> {
        let first = self.parser.peek_token();
        match first.token {
            Token::EOF | Token::SemiColon => return Ok(None),
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
                self.parser.next_token();
                return Ok(Some(text));
            }
            Token::Word(word) if word.quote_style.is_some() => {
                self.parser.next_token();
                return Ok(Some(word.value));
            }
            Token::Word(_) | Token::Number(..) => {}
            _ => return Err(self.expected("a name or a version")),
        }
        let start = byte_of(self.text, first.span.start);
        let mut end = start;
        loop {
            match self.parser.peek_token_no_skip().token {
                // White space before the word is still in the token stream.
                Token::Whitespace(_) if end == start => {
                    self.parser.next_token_no_skip();
                }
                Token::EOF | Token::SemiColon | Token::Whitespace(_) => break,
                _ => {
                    let Some(token) = self.parser.next_token_no_skip() else { break };
                    end = byte_of(self.text, token.span.end);
                }
            }
        }
        Ok(Some(self.text[start..end].to_owned()))
    }
}
