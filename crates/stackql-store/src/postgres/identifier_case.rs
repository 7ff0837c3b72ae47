//! Statements of users with the names that they quote in lower case, as all names are in the database.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// The statement with those of its quoted names that are `ours`, in any case of letters, in lower case. Names that are
/// not quoted PostgreSQL takes so by itself. What cannot be read is left: PostgreSQL says what is wrong.
pub(crate) fn folded(statement: &str, ours: &[&str]) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, statement).tokenize_with_location() else {
        return statement.to_owned();
    };
    let (mut written, mut copied, mut is_collation) = (String::new(), 0, false);
    for token in &tokens {
        let Token::Word(word) = &token.token else { continue };
        // A collation's name may be that of a column, in other letters.
        if word.quote_style == Some('"')
            && !is_collation
            && ours.iter().any(|name| name.eq_ignore_ascii_case(&word.value))
        {
            let (start, end) = (byte_of(statement, token.span.start), byte_of(statement, token.span.end));
            written.push_str(&statement[copied..start]);
            written.push_str(&statement[start..end].to_ascii_lowercase());
            copied = end;
        }
        is_collation = word.quote_style.is_none() && word.keyword == Keyword::COLLATE;
    }
    written.push_str(&statement[copied..]);
    written
}

/// Where a place is in a text, in bytes.
fn byte_of(text: &str, place: Location) -> usize {
    let (line, column) = (place.line.saturating_sub(1), place.column.saturating_sub(1));
    let before = text.split_inclusive('\n').take(usize::try_from(line).unwrap_or(usize::MAX));
    let start: usize = before.map(str::len).sum();
    let rest = &text[start..];
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The first word of a statement, in capitals.
pub(crate) fn first_word(statement: &str) -> String {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, statement).tokenize().unwrap_or_default();
    let word = tokens.into_iter().find(|token| !matches!(token, Token::Whitespace(_)));
    word.map(|word| word.to_string().to_ascii_uppercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
