//! Literals in the syntax tree of statements that change something: `SET a = 1`, `WHERE id = 'x' AND b IN (…)` and `VALUES
//! ('x', JSON('{}'))`.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query, Select, SelectItem,
    SetExpr, UnaryOperator, Value as SqlValue,
};
use stackql_call::Value;

use crate::error::Error;

/// The role in which a statement names a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnRole {
    /// It is assigned a value.
    Assigned,
    /// It is compared in a condition that identifies objects.
    Matched,
}

/// A column and its literal values; several values mean several calls.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    pub(crate) column: String,
    pub(crate) named: ColumnRole,
    pub(crate) values: Vec<Value>,
}

/// The assignments of a condition that consists of equalities and IN lists of literals, joined by AND.
///
/// # Errors
///
/// The condition contains anything else.
pub(crate) fn condition(expr: &Expr, statement: &str) -> Result<Vec<Assignment>, Error> {
    let unfit = || Error::InvalidStatement {
        message: format!("{statement} takes WHERE parameter = value, IN lists and AND, not: {expr}"),
        hint: Some("look the ids up by SELECT and name them".into()),
    };
    match expr {
        Expr::Nested(inner) => condition(inner, statement),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut all = condition(left, statement)?;
            all.extend(condition(right, statement)?);
            Ok(all)
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            let (column, value) = match (column(left), column(right)) {
                (Some(column), _) => (column, right),
                (None, Some(column)) => (column, left),
                (None, None) => return Err(unfit()),
            };
            let values = vec![literal(value).ok_or_else(unfit)?];
            Ok(vec![Assignment { column, named: ColumnRole::Matched, values }])
        }
        Expr::InList { expr, list, negated: false } => {
            let column = column(expr).ok_or_else(unfit)?;
            let values = list.iter().map(|v| literal(v).ok_or_else(unfit)).collect::<Result<_, _>>()?;
            Ok(vec![Assignment { column, named: ColumnRole::Matched, values }])
        }
        _ => Err(unfit()),
    }
}

fn column(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(ident.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|p| p.value.clone()),
        _ => None,
    }
}

/// The rows of a query that consists of literals only: `VALUES (…), (…)`, or a `SELECT` list without further clauses. `None`
/// for any other query.
pub(crate) fn literals(query: &Query) -> Option<Vec<Vec<Value>>> {
    let Query { with: None, body, order_by: None, limit_clause: None, fetch: None, .. } = query else { return None };
    match body.as_ref() {
        SetExpr::Values(values) => {
            values.rows.iter().map(|row| row.iter().map(literal).collect::<Option<Vec<_>>>()).collect()
        }
        SetExpr::Query(inner) => literals(inner),
        SetExpr::Select(select) if is_bare(select) => {
            let value = |item: &SelectItem| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => literal(expr),
                _ => None,
            };
            Some(vec![select.projection.iter().map(value).collect::<Option<Vec<_>>>()?])
        }
        _ => None,
    }
}

/// Whether a SELECT consists of its select list only.
fn is_bare(select: &Select) -> bool {
    let groups = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let filters = select.selection.is_some() || select.having.is_some() || select.qualify.is_some();
    select.from.is_empty() && select.distinct.is_none() && !groups && !filters
}

/// A literal, a negative number, or a text marked by `JSON('…')` or `string('…')`.
pub(crate) fn literal(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::Nested(inner) => literal(inner),
        Expr::Value(value) => match &value.value {
            SqlValue::SingleQuotedString(s)
            | SqlValue::DollarQuotedString(datafusion::sql::sqlparser::ast::DollarQuotedString { value: s, .. }) => {
                Some(Value::Text(s.clone()))
            }
            SqlValue::Number(n, _) => match n.parse::<i64>() {
                Ok(n) => Some(Value::Integer(n)),
                Err(_) => n.parse().ok().map(Value::Number),
            },
            SqlValue::Boolean(b) => Some(Value::Boolean(*b)),
            SqlValue::Null => Some(Value::Null),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match literal(expr)? {
            Value::Integer(n) => Some(Value::Integer(-n)),
            Value::Number(n) => Some(Value::Number(-n)),
            _ => None,
        },
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(only))] = list.args.as_slice() else { return None };
            match (name.as_str(), literal(only)?) {
                ("json", Value::Text(text)) => serde_json::from_str(&text).ok().map(Value::Json),
                ("string", Value::Text(text)) => Some(Value::Json(serde_json::Value::String(text))),
                ("string", Value::Null) => Some(Value::Null),
                _ => None,
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
