//! Recognizes `CREATE TABLE … AS`, for both databases.

use sqlparser::dialect::SQLiteDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

/// Whether a statement is a `CREATE TABLE … AS`. Outside parentheses, the keyword AS appears in no other CREATE TABLE.
pub(crate) fn is_of_query(text: &str) -> bool {
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
