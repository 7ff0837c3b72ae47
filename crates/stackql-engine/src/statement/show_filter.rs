//! LIKE and WHERE of SHOW: comparisons of the listing's columns with text, combined by AND, OR and NOT.

use stackql_provider::names::{NameMatch, match_name};
use stackql_sql::ShowFilter;
use stackql_sql::sqlparser::ast::{BinaryOperator, Expr, UnaryOperator};

use super::listing::Listing;
use crate::error::Error;

/// Retains the rows that match the filter.
///
/// # Errors
///
/// The condition has an unknown column or an unsupported expression.
pub(crate) fn keep(listing: &mut Listing, wanted: &ShowFilter) -> Result<(), Error> {
    let mut kept = Vec::new();
    for row in std::mem::take(&mut listing.rows) {
        let keep = match wanted {
            ShowFilter::Like(pattern) => like(pattern, &row[listing.name]),
            ShowFilter::Where(condition) => holds(condition, &listing.columns, &row)?,
        };
        if keep {
            kept.push(row);
        }
    }
    listing.rows = kept;
    Ok(())
}

fn holds(condition: &Expr, columns: &[&str], row: &[String]) -> Result<bool, Error> {
    let both = |left: &Expr, right: &Expr| Ok((value(left, columns, row)?, value(right, columns, row)?));
    match condition {
        Expr::Nested(inner) => holds(inner, columns, row),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(!holds(expr, columns, row)?),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            Ok(holds(left, columns, row)? && holds(right, columns, row)?)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
            Ok(holds(left, columns, row)? || holds(right, columns, row)?)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => both(left, right).map(|(a, b)| a == b),
        Expr::BinaryOp { left, op: BinaryOperator::NotEq, right } => both(left, right).map(|(a, b)| a != b),
        Expr::Like { negated, expr, pattern, .. } | Expr::ILike { negated, expr, pattern, .. } => {
            both(expr, pattern).map(|(text, pattern)| like(&pattern, &text) != *negated)
        }
        Expr::InList { expr, list, negated } => {
            let wanted = value(expr, columns, row)?;
            let values = list.iter().map(|e| value(e, columns, row)).collect::<Result<Vec<_>, _>>()?;
            Ok(values.contains(&wanted) != *negated)
        }
        other => Err(unsupported(other)),
    }
}

fn value(expr: &Expr, columns: &[&str], row: &[String]) -> Result<String, Error> {
    match expr {
        Expr::Identifier(name) => match match_name(&name.value, columns.iter().enumerate().map(|(i, n)| (i, *n))) {
            NameMatch::One(i) => Ok(row[i].clone()),
            _ => Err(Error::invalid(format!("no such column: {}; there are {}", name.value, columns.join(", ")))),
        },
        Expr::Value(value) => value.value.clone().into_string().ok_or_else(|| unsupported(expr)),
        other => Err(unsupported(other)),
    }
}

fn unsupported(expr: &Expr) -> Error {
    Error::invalid(format!(
        "the WHERE of a SHOW cannot use '{expr}'; it compares columns with text by =, <>, LIKE, IN, AND, OR, NOT"
    ))
}

/// SQL's LIKE, case-insensitive: `%` matches any characters, `_` matches one, and `\` escapes the next character.
fn like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut p, mut t) = (0, 0);
    // Backtracking state: the position after the last `%` in the pattern, and that in the text up to which this `%` matches.
    // On a mismatch, it matches one more character.
    let mut retry = None;
    loop {
        let (matched, step) = match pattern.get(p) {
            None if t == text.len() => return true,
            None => (false, 0),
            Some('%') => {
                p += 1;
                retry = Some((p, t));
                continue;
            }
            Some('_') => (t < text.len(), 1),
            Some('\\') if p + 1 < pattern.len() => (text.get(t) == pattern.get(p + 1), 2),
            Some(c) => (text.get(t) == Some(c), 1),
        };
        if matched {
            p += step;
            t += 1;
            continue;
        }
        match retry {
            Some((after, taken)) if taken < text.len() => {
                retry = Some((after, taken + 1));
                (p, t) = (after, taken + 1);
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn like_is_sqls() {
        for (pattern, text) in
            [("%volume%", "ec2_Volumes"), ("a_c", "abc"), ("%", ""), ("a%b%c", "a1b2bc"), (r"a\_c", "A_c")]
        {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("volume", "volumes"), ("a_c", "ac"), (r"a\_c", "abc"), ("a%b", "abc"), ("", "a")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
