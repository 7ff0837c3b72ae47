//! Rewrites PostgreSQL syntax that DataFusion's planner rejects or interprets differently.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Fetch, LimitClause, Query, TypedString, UnaryOperator, Value,
};

use crate::rewrite::{arguments, is_so, name};
use crate::syntax::call;

/// The rewrite of an expression; `None` if it has none.
pub(crate) fn otherwise(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::SimilarTo { negated, expr, pattern, escape_char } => {
            let escape = escape_char.iter().map(|escape| Expr::Value(escape.clone()));
            let arguments = [expr.as_ref().clone(), pattern.as_ref().clone()].into_iter().chain(escape);
            Some(unless(*negated, is_so(call("similar_to", arguments.collect()))))
        }
        Expr::Like { negated, any: false, expr, pattern, escape_char: Some(escape) } => {
            let pattern = with_backslashes(pattern, escape_text(&escape.value)?)?;
            let (negated, expr) = (*negated, expr.clone());
            Some(Expr::Like { negated, any: false, expr, pattern: Box::new(pattern), escape_char: None })
        }
        Expr::ILike { negated, any: false, expr, pattern, escape_char: Some(escape) } => {
            let pattern = with_backslashes(pattern, escape_text(&escape.value)?)?;
            let (negated, expr) = (*negated, expr.clone());
            Some(Expr::ILike { negated, any: false, expr, pattern: Box::new(pattern), escape_char: None })
        }
        Expr::Substring { expr, substring_from: Some(pattern), substring_for: None, .. }
            if text_of(pattern).is_some() =>
        {
            Some(call("regexp_first", vec![expr.as_ref().clone(), pattern.as_ref().clone()]))
        }
        Expr::UnaryOp { op: UnaryOperator::BitwiseNot, expr } => {
            let one = Expr::value(Value::Number("1".to_owned(), false));
            let negative = Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(Expr::Nested(expr.clone())) };
            let (left, op, right) = (Box::new(negative), BinaryOperator::Minus, Box::new(one));
            Some(Expr::Nested(Box::new(Expr::BinaryOp { left, op, right })))
        }
        Expr::TypedString(TypedString { data_type: DataType::Timestamp(..), value, .. }) => {
            let Value::SingleQuotedString(text) = &value.value else { return None };
            let with_seconds = with_seconds(text)?;
            let Expr::TypedString(mut typed) = expr.clone() else { return None };
            typed.value.value = Value::SingleQuotedString(with_seconds);
            Some(Expr::TypedString(typed))
        }
        Expr::Function(function) if name(function).as_deref() == Some("to_char") => {
            match arguments(function)?.as_slice() {
                [value, format] => {
                    let format = time_format(text_of(format)?)?;
                    Some(call("to_char", vec![value.clone(), Expr::value(Value::SingleQuotedString(format))]))
                }
                _ => None,
            }
        }
        Expr::BinaryOp { left, op, right } => on_json(left, op, right),
        _ => None,
    }
}

/// Rewrites `FETCH FIRST 2 ROWS ONLY` to LIMIT.
pub(crate) fn limited(query: &mut Query) {
    let Some(Fetch { with_ties: false, percent: false, quantity }) = &query.fetch else { return };
    let limit = Some(quantity.clone().unwrap_or_else(|| Expr::value(Value::Number("1".to_owned(), false))));
    let offset = match &query.limit_clause {
        None => None,
        Some(LimitClause::LimitOffset { limit: None, offset, .. }) => offset.clone(),
        Some(_) => return,
    };
    query.limit_clause = Some(LimitClause::LimitOffset { limit, offset, limit_by: Vec::new() });
    query.fetch = None;
}

/// Rewrites the JSON operators that the planner does not support; except for `?`, the right operand must be constant.
fn on_json(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expr> {
    let text = |text: String| Expr::value(Value::SingleQuotedString(text));
    let with_path = |function: &str| {
        let path = list(right)?;
        Some(call(function, std::iter::once(left.clone()).chain(path.into_iter().map(text)).collect()))
    };
    let has = |key: Expr| is_so(call("jsonb_exists", vec![left.clone(), key]));
    let each = |op: BinaryOperator| {
        let keys = list(right)?.into_iter().map(|key| has(text(key)));
        let all =
            keys.reduce(|left, right| Expr::BinaryOp { left: left.into(), op: op.clone(), right: right.into() })?;
        Some(Expr::Nested(Box::new(all)))
    };
    match op {
        BinaryOperator::HashArrow => with_path("json_extract_path"),
        BinaryOperator::HashLongArrow => with_path("json_extract_path_text"),
        BinaryOperator::Question => Some(has(right.clone())),
        BinaryOperator::QuestionPipe => each(BinaryOperator::Or),
        BinaryOperator::QuestionAnd => each(BinaryOperator::And),
        _ => None,
    }
}

/// The texts of a constant `'{a,b}'` or `ARRAY['a','b']`.
fn list(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Array(array) => array.elem.iter().map(|item| text_of(item).map(str::to_owned)).collect(),
        Expr::Cast { expr, .. } => list(expr),
        _ => {
            let inside = text_of(expr)?.trim().strip_prefix('{')?.strip_suffix('}')?;
            let items = inside.split(',').map(|item| item.trim().trim_matches('"').to_owned());
            Some(if inside.trim().is_empty() { Vec::new() } else { items.collect() })
        }
    }
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        Expr::Nested(inner) => text_of(inner),
        _ => None,
    }
}

fn unless(negated: bool, condition: Expr) -> Expr {
    match negated {
        true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(condition))) },
        false => condition,
    }
}

/// The character of ESCAPE; `None` for a backslash, which is the default.
fn escape_text(escape: &Value) -> Option<char> {
    let Value::SingleQuotedString(text) = escape else { return None };
    let mut letters = text.chars();
    letters.next().filter(|letter| letters.next().is_none() && *letter != '\\')
}

/// A constant pattern with backslashes in place of the escape character.
fn with_backslashes(pattern: &Expr, escape: char) -> Option<Expr> {
    let mut out = String::new();
    let mut letters = text_of(pattern)?.chars();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == escape => out.extend(['\\', letters.next()?]),
            '\\' => out.push_str("\\\\"),
            letter => out.push(letter),
        }
    }
    Some(Expr::value(Value::SingleQuotedString(out)))
}

/// Appends the seconds to a timestamp of hours and minutes; `None` for any other text.
fn with_seconds(text: &str) -> Option<String> {
    let (_, time) = text.trim().split_once([' ', 'T'])?;
    let is_short =
        time.len() == 5 && time.as_bytes()[2] == b':' && time.bytes().filter(u8::is_ascii_digit).count() == 4;
    is_short.then(|| format!("{}:00", text.trim()))
}

/// The parts of `to_char` formats, and their equivalents in strftime formats. Longer parts come before their prefixes.
const PARTS: [(&str, &str); 30] = [
    ("YYYY", "%Y"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("MONTH", "%B"),
    ("Month", "%B"),
    ("month", "%B"),
    ("IYYY", "%G"),
    ("DDD", "%j"),
    ("DAY", "%A"),
    ("Day", "%A"),
    ("day", "%A"),
    ("MON", "%b"),
    ("Mon", "%b"),
    ("mon", "%b"),
    ("YY", "%y"),
    ("MM", "%m"),
    ("DD", "%d"),
    ("DY", "%a"),
    ("Dy", "%a"),
    ("dy", "%a"),
    ("HH", "%I"),
    ("MI", "%M"),
    ("SS", "%S"),
    ("MS", "%3f"),
    ("US", "%6f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("am", "%P"),
    ("IW", "%V"),
    ("TZ", "%Z"),
];

/// Converts a `to_char` format to a strftime format; `None` if it has percent signs already.
fn time_format(format: &str) -> Option<String> {
    if format.contains('%') {
        return None;
    }
    let mut out = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        if letter == '"'
            && let Some(end) = rest[1..].find('"')
        {
            out.push_str(&rest[1..=end]);
            rest = &rest[end + 2..];
        } else if let Some((part, percent)) = PARTS.iter().find(|(part, _)| rest.starts_with(part)) {
            out.push_str(percent);
            rest = &rest[part.len()..];
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{time_format, with_seconds};

    #[test]
    fn formats_of_times_are_those_of_to_char() {
        let all =
            [("YYYY-MM-DD HH24:MI:SS", "%Y-%m-%d %H:%M:%S"), ("DD Mon YY", "%d %b %y"), ("\"at\" HH12 AM", "at %I %p")];
        for (format, wanted) in all {
            assert_eq!(time_format(format).as_deref(), Some(wanted));
        }
        assert_eq!(time_format("%Y"), None);
    }

    #[test]
    fn seconds_are_added_where_there_are_none() {
        assert_eq!(with_seconds("2026-01-01 12:00").as_deref(), Some("2026-01-01 12:00:00"));
        assert_eq!(with_seconds("2026-01-01 12:00:01"), None);
        assert_eq!(with_seconds("2026-01-01"), None);
    }
}
