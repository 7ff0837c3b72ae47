//! Filter and projection pushdown: encodes filters and columns of a scan as clauses that the method applies (`$filter`,
//! `$select`). All filters are re-applied locally.
//!
//! Input is the table, its method, filters and projection, output is [`PushedFilters`]. LIMIT, OFFSET, ORDER BY and `count(*)`
//! are pushed down later, on the physical plan, by `optimizer::clause_pushdown`.

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, Operator as SqlOperator};
use stackql_call::{Bindings, ClauseEncoder, Comparison, Operator, Value};
use stackql_provider::{Column, Method};

use crate::predicate::values::value;
use crate::table::columns::{ColumnOrigin, names_column};
use crate::table::resource_table::ResourceTable;

/// The clauses that are pushed down into every call of a scan, in addition to its parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct PushedFilters {
    /// The encoded clauses, by parameter.
    pub(crate) bindings: Bindings,
    /// The number of pushed filters that are exact: for them the provider keeps precisely the rows that SQL keeps. Zero if a
    /// filter clause could not encode all of them.
    pub(crate) exact: usize,
}

/// A comparison of a field with a literal; `at` is the position of the field among the columns of the resource.
struct ColumnComparison {
    at: usize,
    operator: Operator,
    value: Value,
}

impl ColumnComparison {
    /// The comparison with `column`, the field as the rows of a particular method have it.
    fn for_column<'a>(&self, column: &'a Column) -> Comparison<'a> {
        Comparison { column, operator: self.operator, value: self.value.clone() }
    }

    /// Whether the provider certainly evaluates the comparison as SQL does. Text comparisons are not exact, because case
    /// sensitivity and collation may differ. Neither is `<>` with a value: to the provider NULL is unequal to it, while in SQL
    /// the result is NULL.
    fn is_exact(&self) -> bool {
        match (self.operator, &self.value) {
            (_, Value::Text(_)) => false,
            (Operator::NotEqual, value) => *value == Value::Null,
            _ => true,
        }
    }
}

/// Whether the method can apply the filter as part of its filter clause.
pub(crate) fn is_pushable(table: &ResourceTable, method: &Method, filter: &Expr) -> bool {
    let Some(compared) = compared(table, filter) else { return false };
    ClauseEncoder::for_method(method)
        .is_some_and(|clauses| clauses.accepts(&compared.for_column(&table.resource.column_of(method, compared.at))))
}

/// Encodes those of `filters` that the method can apply, and the projection.
pub(crate) fn push_filters(
    table: &ResourceTable,
    method: &Method,
    filters: &[Expr],
    projection: Option<&Vec<usize>>,
) -> PushedFilters {
    let mut travelling = PushedFilters::default();
    let Some(clauses) = ClauseEncoder::for_method(method) else { return travelling };
    let is_parameter = |at: usize| method.parameters.iter().any(|p| names_column(p, &table.resource.columns[at].name));
    let all = filters.iter().filter_map(|filter| compared(table, filter)).filter(|c| !is_parameter(c.at));
    let all = all.map(|c| (table.resource.column_of(method, c.at), c));
    let all: Vec<(Column, ColumnComparison)> =
        all.filter(|(column, c)| clauses.accepts(&c.for_column(column))).collect();
    let comparisons: Vec<Comparison<'_>> = all.iter().map(|(column, c)| c.for_column(column)).collect();
    if let Some(pushed) = clauses.filter(&comparisons) {
        let is_certain = |(_, c): &&(Column, ColumnComparison)| c.is_exact();
        travelling.exact = if pushed.is_complete { all.iter().filter(is_certain).count() } else { 0 };
        travelling.bindings.insert(pushed.parameter, pushed.value);
    }
    if let Some(pushed) = selected(table, method, projection).and_then(|columns| {
        let columns: Vec<&Column> = columns.iter().collect();
        clauses.select(&columns)
    }) {
        travelling.bindings.insert(pushed.parameter, pushed.value);
    }
    travelling
}

/// The columns for the select clause: the projected fields and those that the statement names, in the order of the statement.
/// Without such an order, `None` if all fields are projected. Also `None` if undeclared fields are projected.
fn selected(table: &ResourceTable, method: &Method, projection: Option<&Vec<usize>>) -> Option<Vec<Column>> {
    let mut wanted = Vec::new();
    for &at in projection? {
        match table.columns.origins[at] {
            ColumnOrigin::Row(at) => wanted.push(at),
            ColumnOrigin::Binding(_) => {}
            ColumnOrigin::Extra => return None,
        }
    }
    let place = |at: &usize| {
        let name = &table.resource.columns[*at].name;
        table.field_order.as_ref().and_then(|names| names.iter().position(|listed| listed == name))
    };
    // A field that the statement names is requested even if the plan does not project it; fields that it does not name come
    // last.
    let of = |name: &String| table.resource.columns.iter().position(|c| c.name == *name);
    let named: Vec<usize> = table.field_order.iter().flat_map(|names| names.iter()).filter_map(of).collect();
    wanted.extend(named.into_iter().filter(|at| !wanted.contains(at)).collect::<Vec<_>>());
    wanted.sort_by_key(|at| place(at).unwrap_or(usize::MAX));
    let is_some = table.field_order.is_some() || wanted.len() < table.resource.columns.len();
    is_some.then(|| wanted.into_iter().map(|at| table.resource.column_of(method, at)).collect())
}

fn compared(table: &ResourceTable, filter: &Expr) -> Option<ColumnComparison> {
    let (column, operator, value) = match filter {
        Expr::BinaryExpr(binary) => {
            let (column, op, literal) = match (binary.left.as_ref(), binary.right.as_ref()) {
                (Expr::Column(column), Expr::Literal(literal, _)) => (column, binary.op, literal),
                (Expr::Literal(literal, _), Expr::Column(column)) => (column, binary.op.swap()?, literal),
                _ => return None,
            };
            (column, operator(op)?, value(literal)?)
        }
        Expr::IsNull(inner) => (as_column(inner)?, Operator::Equal, Value::Null),
        Expr::IsNotNull(inner) => (as_column(inner)?, Operator::NotEqual, Value::Null),
        Expr::Column(column) => (column, Operator::Equal, Value::Boolean(true)),
        Expr::Not(inner) => (as_column(inner)?, Operator::Equal, Value::Boolean(false)),
        Expr::Like(like) if !like.negated && !like.case_insensitive && like.escape_char.is_none() => {
            let Expr::Literal(pattern, _) = like.pattern.as_ref() else { return None };
            let Value::Text(pattern) = value(pattern)? else { return None };
            let (operator, text) = like_to_operator(&pattern)?;
            (as_column(&like.expr)?, operator, Value::Text(text))
        }
        _ => return None,
    };
    let at = table.columns.schema.index_of(&column.name).ok()?;
    let ColumnOrigin::Row(at) = table.columns.origins[at] else { return None };
    // A time has several textual formats, and nested values have no order.
    let is_plain = |t: &DataType| matches!(t, DataType::Utf8 | DataType::Int64 | DataType::Float64 | DataType::Boolean);
    let field = table.columns.schema.field_with_name(&column.name).ok()?;
    (is_plain(field.data_type()) && field.metadata().is_empty()).then_some(ColumnComparison { at, operator, value })
}

fn as_column(expr: &Expr) -> Option<&datafusion::common::Column> {
    match expr {
        Expr::Column(column) => Some(column),
        _ => None,
    }
}

fn operator(op: SqlOperator) -> Option<Operator> {
    Some(match op {
        SqlOperator::Eq => Operator::Equal,
        SqlOperator::NotEq => Operator::NotEqual,
        SqlOperator::Lt => Operator::Less,
        SqlOperator::LtEq => Operator::LessOrEqual,
        SqlOperator::Gt => Operator::Greater,
        SqlOperator::GtEq => Operator::GreaterOrEqual,
        _ => return None,
    })
}

/// The operator and text of a LIKE pattern that has `%` at its start or end, or both, and no other special character.
fn like_to_operator(pattern: &str) -> Option<(Operator, String)> {
    let (rest, begins) = pattern.strip_suffix('%').map_or((pattern, false), |rest| (rest, true));
    let (text, ends) = rest.strip_prefix('%').map_or((rest, false), |rest| (rest, true));
    let is_plain = !text.is_empty() && !text.contains(['%', '_', '\\']);
    let operator = match (begins, ends) {
        (true, true) => Operator::Contains,
        (true, false) => Operator::StartsWith,
        (false, true) => Operator::EndsWith,
        (false, false) => return None,
    };
    is_plain.then(|| (operator, text.to_owned()))
}
