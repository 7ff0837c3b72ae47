//! `REPLACE`: rewritten into the tokens of the INSERT or UPDATE of the same form, and parsed as that.

use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::StatementParser;
use crate::{Replace, SqlDialect, SyntaxError};

impl StatementParser<'_> {
    pub(super) fn replace(&mut self) -> Result<Replace, SyntaxError> {
        let mut rest = self.tokens[self.parser.index()..].to_vec();
        let significant: Vec<usize> = (0..rest.len()).filter(|&at| !is_blank(&rest[at])).collect();
        let is = |at: usize, keyword: Keyword| {
            significant.get(at).is_some_and(|&at| matches!(&rest[at].token, Token::Word(w) if w.keyword == keyword))
        };
        let into = is(1, Keyword::INTO);
        // Position of the token after the table name, which consists of parts separated by periods.
        let mut next = if into { 3 } else { 2 };
        while significant.get(next).is_some_and(|&at| rest[at].token == Token::Period) {
            next += 2;
        }
        let sets = is(next, Keyword::SET);
        let Some(&first) = significant.first() else { return Err(self.expected("REPLACE")) };
        rest[first].token = Token::make_keyword(if sets { "UPDATE" } else { "INSERT" });
        if sets && into {
            rest.remove(significant[1]);
        }
        self.parser = Parser::new(&SqlDialect).with_tokens_with_locations(rest);
        match sets {
            true => self.update().map(Replace::Set),
            false => self.insert().map(Replace::Rows),
        }
    }
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}
