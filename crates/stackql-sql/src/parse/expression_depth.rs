//! The limit on chains of operators. Each operator of a chain adds a level to the syntax tree, and code that walks the tree
//! recurses into each level, so that a long chain could overflow the stack. Nested parentheses are limited by `sqlparser`.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// Maximum number of operators of a chain, between two commas or parentheses. Generated statements stay below it, and the
/// threads that run statements have enough stack for it.
pub(super) const LONGEST: usize = 2000;

/// Operator counts of the current chain. The count of comparisons restarts with each operand of the other operators.
#[derive(Default)]
struct OperatorChain {
    parts: usize,
    comparisons: usize,
}

/// The first operator that exceeds the limit, if there is one.
pub(super) fn find_too_deep(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    let mut outer = Vec::new();
    let mut chain = OperatorChain::default();
    tokens.iter().find(|token| {
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => outer.push(std::mem::take(&mut chain)),
            Token::RParen | Token::RBracket | Token::RBrace => chain = outer.pop().unwrap_or_default(),
            Token::Comma => chain = OperatorChain::default(),
            other if compares(other) => chain.comparisons += 1,
            other if binds(other) => chain = OperatorChain { parts: chain.parts + 1, comparisons: 0 },
            _ => {}
        }
        chain.parts.max(chain.comparisons) > LONGEST
    })
}

fn compares(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::IS | Keyword::IN | Keyword::LIKE | Keyword::ILIKE | Keyword::SIMILAR | Keyword::COLLATE
        ),
        Token::Eq | Token::DoubleEq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => true,
        _ => false,
    }
}

/// Whether a token is an operator other than a comparison: certain keywords, and every token that is not a word, a value or
/// punctuation.
fn binds(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::JOIN
                | Keyword::AT
                | Keyword::OPERATOR
        ),
        Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::Whitespace(_)
        | Token::Period
        | Token::Colon
        | Token::SemiColon
        | Token::Placeholder(_)
        | Token::EOF => false,
        _ => true,
    }
}
