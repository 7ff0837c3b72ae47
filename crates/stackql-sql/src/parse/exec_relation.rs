//! Exec tables: rewrites a relation `(EXEC …)` into the tokens of a function call with named arguments,
//! `p.s.r.method(name => 'value')`, which `sqlparser` parses as a table function.

use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use super::StatementParser;
use crate::{Exec, Hints, Literal, SyntaxError};

/// Replaces each `(EXEC …)` in the tokens of a statement by a function call.
pub(super) fn exec_relations_as_functions(
    text: &str,
    mut tokens: Vec<TokenWithSpan>,
) -> Result<Vec<TokenWithSpan>, SyntaxError> {
    while let Some((open, exec)) = call_start(&tokens) {
        let mut reader = StatementParser::new(text, Hints::default(), tokens[exec..].to_vec());
        let executed = reader.exec()?;
        if reader.parser.peek_token().token != Token::RParen {
            return Err(reader.expected(")"));
        }
        reader.parser.next_token();
        let end = exec + reader.parser.index();
        let span = tokens[exec].span;
        tokens.splice(open..end, function(&executed, span));
    }
    Ok(tokens)
}

/// Positions of the opening parenthesis and of EXEC of the first exec table. EXEC must be followed by a dotted name; a column
/// named `exec` is not.
fn call_start(tokens: &[TokenWithSpan]) -> Option<(usize, usize)> {
    let mut significant = (0..tokens.len()).filter(|&at| !matches!(tokens[at].token, Token::Whitespace(_)));
    let mut last = [0; 3];
    significant.find_map(|at| {
        let [open, exec, name] = last;
        last = [exec, name, at];
        let is_exec = matches!(&tokens[exec].token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case("EXEC"));
        let is_called = matches!(tokens[name].token, Token::Word(_)) && tokens[at].token == Token::Period;
        (is_exec && is_called && tokens[open].token == Token::LParen).then_some((open, exec))
    })
}

/// The tokens of the function call that represents an EXEC. All have the span of the EXEC keyword.
fn function(exec: &Exec, span: Span) -> Vec<TokenWithSpan> {
    let quoted = |name: &str| Token::make_word(name, Some('"'));
    let mut tokens = Vec::new();
    for (at, part) in exec.method.0.iter().enumerate() {
        tokens.extend((at > 0).then_some(Token::Period));
        tokens.push(quoted(part));
    }
    tokens.push(Token::LParen);
    let json = exec.json.iter().map(|json| (Exec::JSON, Literal::Text(json.clone())));
    let arguments = exec.arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).chain(json);
    for (at, (name, value)) in arguments.enumerate() {
        tokens.extend((at > 0).then_some(Token::Comma));
        tokens.extend([quoted(name), Token::RArrow]);
        tokens.extend(literal(value));
    }
    tokens.push(Token::RParen);
    tokens.into_iter().map(|token| TokenWithSpan { token, span }).collect()
}

fn literal(value: Literal) -> Vec<Token> {
    let keyword = |word: &str| vec![Token::make_keyword(word)];
    let number = |digits: String| match digits.strip_prefix('-') {
        Some(digits) => vec![Token::Minus, Token::Number(digits.to_owned(), false)],
        None => vec![Token::Number(digits, false)],
    };
    match value {
        Literal::Null => keyword("NULL"),
        Literal::Boolean(true) => keyword("TRUE"),
        Literal::Boolean(false) => keyword("FALSE"),
        Literal::Integer(whole) => number(whole.to_string()),
        Literal::Number(other) => number(format!("{other:?}")),
        Literal::Text(text) => vec![Token::SingleQuotedString(text)],
    }
}
