//! Filters on parameters that bind nothing. Filters on the scope exclude its members before these are called; filters on
//! another parameter are an error if no row could satisfy them.

use std::collections::HashMap;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use stackql_call::{Bindings, Operation, Value};
use stackql_provider::Method;

use crate::error::Error;
use crate::predicate::values::{Predicate, predicate};
use crate::table::columns::{names_column, spelled};
use crate::table::resource_table::ResourceTable;

/// The filters of a scan that may exclude members of its scope.
pub(crate) fn scope_filters(table: &ResourceTable, filters: &[Expr]) -> Vec<Expr> {
    let is_on_scope = |filter: &&Expr| filter.column_refs().iter().any(|column| table.is_scope(&column.name));
    // A filter that binds the scope excludes no member of it.
    filters.iter().filter(is_on_scope).filter(|filter| predicate(filter).is_none()).cloned().collect()
}

/// Evaluates the scope filters of a scan for members of the scope, each member once.
#[derive(Debug)]
pub(crate) struct ScopeFilters<'a> {
    scope: Option<&'a String>,
    filters: &'a [Expr],
    known: HashMap<String, bool>,
}

impl<'a> ScopeFilters<'a> {
    pub(crate) fn new(operation: &'a Operation, filters: &'a [Expr]) -> Self {
        Self { scope: operation.service.endpoints.scope.as_ref(), filters, known: HashMap::new() }
    }

    /// Whether a call with these bindings may return rows.
    pub(crate) fn admit(&mut self, bindings: &Bindings) -> bool {
        let Some(scope) = self.scope.filter(|_| !self.filters.is_empty()) else { return true };
        let Some(Value::Text(member)) = bindings.get(scope) else { return true };
        if let Some(known) = self.known.get(member) {
            return *known;
        }
        let value = ScalarValue::Utf8(Some(member.clone()));
        let excludes = |filter: &Expr| is_never_true(filter, |column| spelled(column) == scope, &value);
        let admitted = !self.filters.iter().any(excludes);
        self.known.insert(member.clone(), admitted);
        admitted
    }
}

/// Rejects a filter on a parameter that nothing binds, if no row can satisfy it. Such a parameter is NULL in all rows, so the
/// result would always be empty.
///
/// # Errors
///
/// Names the parameter.
pub(crate) fn refuse_unbound(
    table: &ResourceTable,
    method: &Method,
    bound: &[Predicate],
    filters: &[Expr],
) -> Result<(), Error> {
    let fed = table.key_columns();
    for filter in filters {
        for column in filter.column_refs() {
            let name = &column.name;
            let is_bound = bound.iter().any(|p| p.column == *name) || fed.contains(name) || table.is_scope(name);
            let is_filled =
                method.parameters.iter().any(|p| names_column(p, name) && method.has_implicit_value(&p.name));
            if !table.columns.is_parameter(name) || is_bound || is_filled {
                continue;
            }
            let kind =
                table.columns.schema.field_with_name(name).map_or(DataType::Null, |field| field.data_type().clone());
            let nothing = ScalarValue::try_from(&kind).unwrap_or(ScalarValue::Null);
            if is_never_true(filter, |column| column == name, &nothing) {
                let (table, name) = (table.name(), spelled(name));
                return Err(Error::InvalidStatement {
                    message: format!(
                        "{table}: {name} is a parameter of requests, and no field of rows to be filtered on"
                    ),
                    hint: Some(format!("give it values: {name} = '…', or {name} IN ('…', '…')")),
                });
            }
        }
    }
    Ok(())
}

/// Whether a filter is false or NULL for every row in which the column has this value.
fn is_never_true(filter: &Expr, is_column: impl Fn(&str) -> bool, value: &ScalarValue) -> bool {
    let with_value = |expr| {
        Ok(match expr {
            Expr::Column(column) if is_column(&column.name) => Transformed::yes(Expr::Literal(value.clone(), None)),
            other => Transformed::no(other),
        })
    };
    let context = SimplifyContext::builder().with_current_time().build();
    let simplified =
        filter.clone().transform_up(with_value).data().and_then(|e| ExprSimplifier::new(context).simplify(e));
    matches!(simplified, Ok(Expr::Literal(ScalarValue::Boolean(Some(false) | None) | ScalarValue::Null, _)))
}
