//! Statements of users with the names that they quote in lower case, as all names are in the database.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Tokenizer};

/// The statement with those of its quoted names that are `ours`, in any case of letters, in lower case. Names that are
/// not quoted PostgreSQL takes so by itself. What cannot be read is left: PostgreSQL says what is wrong.
pub(crate) fn folded(statement: &str, ours: &[&str]) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, statement).with_unescape(false).tokenize() else {
        return statement.to_owned();
    };
    let mut is_collation = false;
    let written = tokens.into_iter().map(|token| {
        let Token::Word(mut word) = token else {
            return token.to_string();
        };
        // A collation's name may be that of a column, in other letters.
        let is_ours = word.quote_style == Some('"')
            && !is_collation
            && ours.iter().any(|name| name.replace('"', "\"\"").eq_ignore_ascii_case(&word.value));
        if is_ours {
            word.value.make_ascii_lowercase();
        }
        is_collation = word.quote_style.is_none() && word.keyword == Keyword::COLLATE;
        match word.quote_style {
            // What is in the quotes is as it was written.
            Some('"') => format!("\"{}\"", word.value),
            _ => Token::Word(word).to_string(),
        }
    });
    written.collect()
}

/// The first word of a statement, in capitals.
pub(crate) fn first_word(statement: &str) -> String {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, statement).tokenize().unwrap_or_default();
    let word = tokens.into_iter().find(|token| !matches!(token, Token::Whitespace(_)));
    word.map(|word| word.to_string().to_ascii_uppercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
