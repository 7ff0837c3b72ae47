//! The clauses of a SELECT as parameters: `$filter`, `$orderby` and their like. Owns how they are written; not which of
//! a statement's clauses may travel.

use stackql_provider::{Clause, ClausePushdown, Column, Method, RowLimit};

use crate::Value;

/// A column compared with a value.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The column, as rows of the method carry it.
    pub column: &'a Column,
    /// How they are compared.
    pub operator: Operator,
    /// The value; of the operators of texts, the text that is sought, without wildcards.
    pub value: Value,
}

/// How a column is compared with a value.
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

/// One column of an order.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The column, as rows of the method carry it.
    pub column: &'a Column,
    /// From the last to the first.
    pub descending: bool,
}

/// A clause as a binding.
#[derive(Debug, Clone, PartialEq)]
pub struct PushedClause {
    /// The parameter's name.
    pub parameter: String,
    /// What to bind to it.
    pub value: Value,
    /// All of the clause is in it: nothing of it is left to do.
    pub is_complete: bool,
}

/// What a method can apply itself of a SELECT's clauses. Each answers with a binding, or `None` if it cannot travel.
///
/// ```
/// # use stackql_call::{Clauses, Comparison, Operator, Value};
/// # use stackql_provider::{Clause, Column, Method, Pushdown};
/// let filter = Some(Clause { parameter: "$filter".into(), ..Clause::default() });
/// let method = Method { pushdown: Some(Pushdown { filter, ..Pushdown::default() }), ..Method::default() };
/// let name = Column { name: "name".into(), wire: "displayName".into(), ..Column::default() };
/// let begins = Comparison { column: &name, operator: Operator::StartsWith, value: Value::Text("O'".into()) };
/// let pushed = Clauses::of(&method).unwrap().filter(&[begins]).unwrap();
/// assert_eq!(pushed.value, Value::Text("startswith(displayName,'O''')".into()));
/// assert!(pushed.whole);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ClauseEncoder<'a>(&'a ClausePushdown);

impl<'a> ClauseEncoder<'a> {
    /// Those of a method, if it can apply any.
    pub fn for_method(method: &'a Method) -> Option<Self> {
        method.clause_pushdown.as_ref().map(Self)
    }

    /// Whether a comparison can travel.
    pub fn accepts(&self, comparison: &Comparison<'_>) -> bool {
        self.0.filter.as_ref().is_some_and(|clause| encode_comparison(clause, comparison).is_some())
    }

    /// The comparisons that can travel, all of which must be so; only the first where they cannot be joined.
    pub fn filter(&self, comparisons: &[Comparison<'_>]) -> Option<PushedClause> {
        let clause = self.0.filter.as_ref()?;
        let mut texts: Vec<String> = comparisons.iter().filter_map(|one| encode_comparison(clause, one)).collect();
        if !allows(clause, "and") {
            texts.truncate(1);
        }
        let whole = texts.len() == comparisons.len();
        (!texts.is_empty()).then(|| PushedClause { is_complete: whole, ..text(clause, texts.join(" and ")) })
    }

    /// The columns that are wanted, if all of them may be named.
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

    /// The order, if all its columns may be named.
    pub fn order(&self, order: &[Order<'_>]) -> Option<PushedClause> {
        let clause = self.0.order.as_ref()?;
        let one = |by: &Order<'_>| {
            let direction = if by.descending { "desc" } else { "asc" };
            Some(format!("{} {direction}", wire(clause, by.column)?))
        };
        let parts: Vec<String> = order.iter().map(one).collect::<Option<_>>()?;
        (!parts.is_empty()).then(|| text(clause, parts.join(",")))
    }

    /// How many rows are wanted, behind those that [`Self::skip`] leaves out. More than the method takes is not said,
    /// for fewer would come, except of the rows of a page, which more pages follow.
    pub fn top(&self, rows: u64) -> Option<PushedClause> {
        let bound = self.0.top.as_ref()?;
        number(bound, rows).filter(|pushed| pushed.is_complete || bound.per_page)
    }

    /// How many rows to leave out. Where it is not whole, what is missing to `rows` is left to be left out here.
    pub fn skip(&self, rows: u64) -> Option<PushedClause> {
        number(self.0.skip.as_ref()?, rows)
    }

    /// That the rows be counted; [`crate::Page::count`] then has the number of all that the filter lets through.
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
    // Zero rows are no question.
    (value > 0).then(|| {
        let (parameter, text) = (bound.parameter.clone(), Value::Text(value.to_string()));
        PushedClause { parameter, value: text, is_complete: value == rows }
    })
}

/// The name of a column on the wire, if it may stand in the clause.
fn wire<'c>(clause: &Clause, column: &'c Column) -> Option<&'c str> {
    let is_named = |known: &String| *known == column.wire || *known == column.name;
    let is_there = clause.columns.as_ref().is_none_or(|columns| columns.iter().any(is_named));
    // What would not be one name is none here: the server would read something else.
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

/// A value as OData writes it.
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
