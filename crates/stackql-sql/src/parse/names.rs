//! Corrections of the token stream for names that `sqlparser` would misread. `$filter` is a parameter of an API, not a
//! placeholder; `v.user` is a column, not a function; and `0x1F` is a number, not a hexadecimal string.

use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use super::byte_of;

/// The words that `sqlparser` parses as functions without parentheses.
const FUNCTIONS: [&str; 7] =
    ["USER", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "CURRENT_CATALOG", "CURRENT_TIME", "CURRENT_DATE"];

/// Replaces such names by quoted words, and hexadecimal integers by decimal ones.
pub(super) fn settled(text: &str, mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut is_behind_period = false;
    for TokenWithSpan { token, span } in &mut tokens {
        if let Token::HexStringLiteral(digits) = token
            && text[byte_of(text, span.start)..].starts_with("0x")
            && let Ok(number) = i64::from_str_radix(digits, 16)
        {
            *token = Token::Number(number.to_string(), false);
        }
        let name = match token {
            Token::Placeholder(text) => text.strip_prefix('$').filter(|name| is_name(name)).map(|_| text.clone()),
            Token::Word(word) if is_behind_period && word.quote_style.is_none() => {
                let is_function = FUNCTIONS.iter().any(|function| word.value.eq_ignore_ascii_case(function));
                is_function.then(|| word.value.clone())
            }
            _ => None,
        };
        if let Some(name) = name {
            *token = Token::make_word(&name, Some('"'));
        }
        if !matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab)) {
            is_behind_period = *token == Token::Period;
        }
    }
    tokens
}

/// Whether the text after a dollar sign is a name. A number makes it a placeholder.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
