//! [`ClauseEncoder`]: encodes clauses of a SELECT as parameters of a method, `$filter`, `$orderby` and their like (clause
//! pushdown). Owns the encoding; the engine decides which clauses of a statement may be pushed.

use stackql_provider::{Clause, ClausePushdown, Column, Method, RowLimit};

use crate::Value;

/// A comparison of a column with a value.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The column, as in the rows of the method.
    pub column: &'a Column,
    /// The operator.
    pub operator: Operator,
    /// The value. For [`Operator::StartsWith`] and the other text operators, the text to search for, without wildcards.
    pub value: Value,
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`; `IS` for NULL.
    Equal,
    /// `<>`; `IS NOT` for NULL.
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE 'A%'`
    StartsWith,
    /// `LIKE '%A'`
    EndsWith,
    /// `LIKE '%A%'`
    Contains,
}

/// One column of an `ORDER BY`.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The column, as in the rows of the method.
    pub column: &'a Column,
    /// Sorted from the last value to the first.
    pub descending: bool,
}

/// A clause encoded as a binding.
#[derive(Debug, Clone, PartialEq)]
pub struct PushedClause {
    /// The name of the parameter.
    pub parameter: String,
    /// The value to bind to it.
    pub value: Value,
    /// Whether the binding encodes all of the clause, so that nothing of it is left to apply locally.
    pub is_complete: bool,
}

/// Encodes the SELECT clauses that a method can apply itself. Each encoder returns a binding, or `None` if the clause cannot be
/// pushed down.
///
/// ```
/// # use stackql_call::{ClauseEncoder, Comparison, Operator, Value};
/// # use stackql_provider::{Clause, ClausePushdown, Column, Method};
/// let filter = Some(Clause { parameter: "$filter".into(), ..Clause::default() });
/// let pushdown = ClausePushdown { filter, ..ClausePushdown::default() };
/// let method = Method { clause_pushdown: Some(pushdown), ..Method::default() };
/// let name = Column { name: "name".into(), wire: "displayName".into(), ..Column::default() };
/// let begins = Comparison { column: &name, operator: Operator::StartsWith, value: Value::Text("O'".into()) };
/// let pushed = ClauseEncoder::for_method(&method).unwrap().filter(&[begins]).unwrap();
/// assert_eq!(pushed.value, Value::Text("startswith(displayName,'O''')".into()));
/// assert!(pushed.is_complete);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ClauseEncoder<'a>(&'a ClausePushdown);

impl<'a> ClauseEncoder<'a> {
    /// The encoder of a method; `None` if the method can apply no clause.
    pub fn for_method(method: &'a Method) -> Option<Self> {
        method.clause_pushdown.as_ref().map(Self)
    }

    /// Whether [`Self::filter`] can encode the comparison.
    pub fn accepts(&self, comparison: &Comparison<'_>) -> bool {
        self.0.filter.as_ref().is_some_and(|clause| encode_comparison(clause, comparison).is_some())
    }

    /// Encodes a filter: the conjunction of those comparisons that can be encoded, or only the first of them if the method
    /// does not allow `and`. All given comparisons must hold for a row.
    pub fn filter(&self, comparisons: &[Comparison<'_>]) -> Option<PushedClause> {
        let clause = self.0.filter.as_ref()?;
        let mut texts: Vec<String> = comparisons.iter().filter_map(|one| encode_comparison(clause, one)).collect();
        if !allows(clause, "and") {
            texts.truncate(1);
        }
        let whole = texts.len() == comparisons.len();
        (!texts.is_empty()).then(|| PushedClause { is_complete: whole, ..text(clause, texts.join(" and ")) })
    }

    /// Encodes a projection, if the method can name all the columns.
    pub fn select(&self, columns: &[&Column]) -> Option<PushedClause> {
        let clause = self.0.select.as_ref()?;
        let mut names: Vec<&str> = Vec::new();
        for column in columns {
            let name = wire(clause, column)?;
            if !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then(|| text(clause, names.join(",")))
    }

    /// Encodes a sort order, if the method can name all its columns.
    pub fn order(&self, order: &[Order<'_>]) -> Option<PushedClause> {
        let clause = self.0.order.as_ref()?;
        let one = |by: &Order<'_>| {
            let direction = if by.descending { "desc" } else { "asc" };
            Some(format!("{} {direction}", wire(clause, by.column)?))
        };
        let parts: Vec<String> = order.iter().map(one).collect::<Option<_>>()?;
        (!parts.is_empty()).then(|| text(clause, parts.join(",")))
    }

    /// Encodes a row limit, which applies after [`Self::skip`]. A number above the method's maximum is not encoded, because
    /// too few rows would be returned, unless the limit is per page and more pages follow.
    pub fn top(&self, rows: u64) -> Option<PushedClause> {
        let bound = self.0.top.as_ref()?;
        number(bound, rows).filter(|pushed| pushed.is_complete || bound.per_page)
    }

    /// Encodes the number of rows to skip. If [`PushedClause::is_complete`] is false, it is the maximum of the method, and
    /// the caller skips the remaining rows.
    pub fn skip(&self, rows: u64) -> Option<PushedClause> {
        number(self.0.skip.as_ref()?, rows)
    }

    /// Encodes a request to count the rows; [`crate::Page::count`] is then the number of all rows that pass the filter.
    pub fn count(&self) -> Option<PushedClause> {
        let count = self.0.count.as_ref()?;
        let (parameter, value) = (count.parameter.clone(), Value::Text(count.value.clone()));
        Some(PushedClause { parameter, value, is_complete: true })
    }
}

fn text(clause: &Clause, text: String) -> PushedClause {
    PushedClause { parameter: clause.parameter.clone(), value: Value::Text(text), is_complete: true }
}

fn number(bound: &RowLimit, rows: u64) -> Option<PushedClause> {
    let value = bound.maximum.map_or(rows, |maximum| rows.min(maximum));
    // A limit or skip of zero rows is not encoded.
    (value > 0).then(|| {
        let (parameter, text) = (bound.parameter.clone(), Value::Text(value.to_string()));
        PushedClause { parameter, value: text, is_complete: value == rows }
    })
}

/// The wire name of a column, if the clause may contain it.
fn wire<'c>(clause: &Clause, column: &'c Column) -> Option<&'c str> {
    let is_named = |known: &String| *known == column.wire || *known == column.name;
    let is_there = clause.columns.as_ref().is_none_or(|columns| columns.iter().any(is_named));
    // A name with other characters is not pushed: the server would parse it as more than a name.
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '@' | '$');
    let is_name = !column.wire.is_empty() && column.wire.chars().all(is_plain);
    (is_there && is_name).then_some(column.wire.as_str())
}

fn allows(clause: &Clause, operator: &str) -> bool {
    clause.operators.as_ref().is_none_or(|all| all.iter().any(|one| one.eq_ignore_ascii_case(operator)))
}

fn encode_comparison(clause: &Clause, comparison: &Comparison<'_>) -> Option<String> {
    let column = wire(clause, comparison.column)?;
    let (word, is_call, is_order) = match comparison.operator {
        Operator::Equal => ("eq", false, false),
        Operator::NotEqual => ("ne", false, false),
        Operator::Less => ("lt", false, true),
        Operator::LessOrEqual => ("le", false, true),
        Operator::Greater => ("gt", false, true),
        Operator::GreaterOrEqual => ("ge", false, true),
        Operator::StartsWith => ("startswith", true, false),
        Operator::EndsWith => ("endswith", true, false),
        Operator::Contains => ("contains", true, false),
    };
    let value = literal(&comparison.value)?;
    let fits = match comparison.value {
        Value::Null => !is_order && !is_call,
        Value::Text(_) => true,
        _ => !is_call,
    };
    if !fits || !allows(clause, word) {
        return None;
    }
    Some(if is_call { format!("{word}({column},{value})") } else { format!("{column} {word} {value}") })
}

/// A value as an OData literal.
fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) if number.is_finite() => number.to_string(),
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Number(_) | Value::Json(_) => return None,
    })
}

#[cfg(test)]
mod tests;
