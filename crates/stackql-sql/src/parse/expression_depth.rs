//! Chains of operators. Each operator of a chain is a level deeper, for the parser's trees and for all that walk them,
//! so there is a bound; parentheses have one of the parser's own.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The most operators between two commas or parentheses. Generated statements stay below it; what runs statements
/// has the stack for it.
pub(super) const LONGEST: usize = 2000;

/// The operators so far, of those that bind parts together and of comparisons, which begin anew in each part.
#[derive(Default)]
struct OperatorChain {
    parts: usize,
    comparisons: usize,
}

/// The operator that makes a chain too long.
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

/// Whatever is no word, value or mark is an operator.
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
