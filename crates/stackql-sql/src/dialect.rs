//! [`SqlDialect`]: the SQL dialect that the tokenizer and parser of `sqlparser` accept.

use std::any::TypeId;

use sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// SQLite's operator for matching shell patterns. `sqlparser` has no such operator, so the dialect adds it.
const GLOB: &str = "GLOB";

/// PostgreSQL's dialect, extended by identifiers in backticks, `LIMIT 1, 2` and `GLOB`. `@` does not start an identifier,
/// because it marks the arguments of EXEC.
#[derive(Debug, Clone, Copy, Default)]
pub struct SqlDialect;

impl Dialect for SqlDialect {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '"' || ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        PostgreSqlDialect {}.prec_value(precedence)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        match is_glob(parser, 0) || is_negated_glob(parser) {
            true => Some(Ok(self.prec_value(Precedence::Like))),
            false => PostgreSqlDialect {}.get_next_precedence(parser),
        }
    }

    fn parse_infix(&self, parser: &mut Parser<'_>, left: &Expr, _: u8) -> Option<Result<Expr, ParserError>> {
        let is_negated = is_negated_glob(parser);
        if !is_negated && !is_glob(parser, 0) {
            return None;
        }
        (0..=usize::from(is_negated)).for_each(|_| drop(parser.next_token()));
        let pattern = parser.parse_subexpr(self.prec_value(Precedence::Like));
        Some(pattern.map(|pattern| {
            let op = BinaryOperator::Custom(GLOB.to_owned());
            let test = Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(pattern) };
            match is_negated {
                true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(test))) },
                false => test,
            }
        }))
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_comma_separated_trim(&self) -> bool {
        true
    }

    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_select_wildcard_except(&self) -> bool {
        true
    }

    fn supports_select_wildcard_exclude(&self) -> bool {
        true
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_rarrow_operator(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    // This flag also enables the operators `?`, `?|` and `?&`.
    fn supports_geometric_types(&self) -> bool {
        true
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        true
    }
}

/// Whether the token after the next `ahead` ones is the unquoted word GLOB.
fn is_glob(parser: &Parser<'_>, ahead: usize) -> bool {
    match &parser.peek_nth_token_ref(ahead).token {
        Token::Word(word) => word.quote_style.is_none() && word.value.eq_ignore_ascii_case(GLOB),
        _ => false,
    }
}

fn is_negated_glob(parser: &Parser<'_>) -> bool {
    matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::NOT) && is_glob(parser, 1)
}
