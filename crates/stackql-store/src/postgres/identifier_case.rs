//! Case folding of quoted identifiers in users' statements; all names in the database are lower case.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// Folds those quoted identifiers that match a name in `ours`, ignoring ASCII case, to lower case. PostgreSQL folds
/// unquoted ones itself. A statement that cannot be tokenized is returned unchanged, and PostgreSQL reports its error.
pub(crate) fn folded(statement: &str, ours: &[&str]) -> String {
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, statement).tokenize_with_location() else {
        return statement.to_owned();
    };
    let (mut written, mut copied, mut is_collation) = (String::new(), 0, false);
    for token in &tokens {
        let Token::Word(word) = &token.token else { continue };
        // Collation names are case-sensitive, and one may equal the name of a column in another case.
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

/// Converts a source location (line and column, 1-based) to a byte offset.
fn byte_of(text: &str, place: Location) -> usize {
    let (line, column) = (place.line.saturating_sub(1), place.column.saturating_sub(1));
    let before = text.split_inclusive('\n').take(usize::try_from(line).unwrap_or(usize::MAX));
    let start: usize = before.map(str::len).sum();
    let rest = &text[start..];
    let column = usize::try_from(column).unwrap_or(usize::MAX);
    start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
}

/// The first token of a statement, in upper case.
pub(crate) fn first_word(statement: &str) -> String {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, statement).tokenize().unwrap_or_default();
    let word = tokens.into_iter().find(|token| !matches!(token, Token::Whitespace(_)));
    word.map(|word| word.to_string().to_ascii_uppercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
