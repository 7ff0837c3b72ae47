//! Searched changes: UPDATE and DELETE by a search condition. The matching rows are looked up by a query, and each is one call.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, Visit, VisitMut, Visitor, VisitorMut};
use stackql_provider::names::fold;
use stackql_provider::{Method, Verb};
use stackql_sql::{Query, Statement, parse};

use super::plan::{OF_BODY, parameter};
use crate::access::path::asks_for_one;
use crate::dml::literal::ColumnRole;
use crate::error::Error;
use crate::resolve::names::quoted;
use crate::table::columns::{names_column, requires_column};
use crate::table::resource_table::ResourceTable;

/// A searched change: the method, and the query that returns one row of arguments per call.
#[derive(Debug)]
pub(crate) struct SearchedChange<'a> {
    pub(crate) method: &'a Method,
    /// Returns one column for each of the parameters, in their order.
    pub(crate) query: Query,
    pub(crate) parameters: Vec<String>,
}

/// Plans the change of the rows that satisfy `condition`; `set` is the assignments of an UPDATE.
///
/// Returns `None` where the resource cannot be read, or no method of the verb can be called with the fields of a row.
///
/// # Errors
///
/// No method can be called, and one of them does not accept an assigned column.
pub(crate) fn searched_change<'a>(
    table: &'a ResourceTable,
    verb: Verb,
    condition: &Expr,
    set: &[(String, Expr)],
) -> Result<Option<SearchedChange<'a>>, Error> {
    if table.resource.methods_of(Verb::Select).next().is_none() {
        return Ok(None);
    }
    let mut refused = None;
    for method in table.resource.methods_of(verb) {
        let given =
            set.iter().map(|(column, value)| Ok((parameter(table, method, column, ColumnRole::Assigned)?, value)));
        let given = match given.collect::<Result<Vec<(String, &Expr)>, Error>>() {
            Ok(given) => given,
            Err(error) => {
                refused.get_or_insert(error);
                continue;
            }
        };
        let owed = method.caller_required().into_iter().filter(|owed| !given.iter().any(|(name, _)| name == owed));
        let of_rows: Option<Vec<(String, String)>> = owed.map(|owed| of_row(table, method, owed)).collect();
        let Some(mut of_rows) = of_rows else { continue };
        if let Some(scope) = &table.service.endpoints.scope
            && !of_rows.iter().any(|(name, _)| name == scope)
            && !given.iter().any(|(name, _)| name == scope)
        {
            let column = table.scope_column().unwrap_or_else(|| scope.clone());
            of_rows.push((scope.clone(), quoted(&column).to_string()));
        }
        let columns: Vec<String> = of_rows.iter().map(|(_, column)| column.clone()).collect();
        let values = given.iter().map(|(_, value)| of_fields(value).to_string());
        let list = columns.into_iter().chain(values).collect::<Vec<_>>().join(", ");
        let from = [&table.provider.name, &table.service.name, &table.resource.name]
            .map(|part| quoted(part).to_string())
            .join(".");
        let text = format!("SELECT DISTINCT {list} FROM {from} WHERE {condition}");
        let Ok(Statement::Query(query)) = parse(&text) else {
            return Err(Error::invalid(format!("cannot look up the rows to change: {text}")));
        };
        let names = of_rows.into_iter().map(|(name, _)| name);
        let parameters = names.chain(given.into_iter().map(|(name, _)| name)).collect();
        return Ok(Some(SearchedChange { method, query, parameters }));
    }
    refused.map_or(Ok(None), Err)
}

/// Replaces body members in an assigned value by the fields of the row: `data__tags` becomes `tags`.
fn of_fields(value: &Expr) -> Expr {
    struct Fields;
    impl VisitorMut for Fields {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if let Expr::Identifier(name) = expr
                && let Some(field) = name.value.strip_prefix(OF_BODY)
            {
                name.value = field.to_owned();
            }
            ControlFlow::Continue(())
        }
    }
    let mut value = value.clone();
    let _: ControlFlow<()> = VisitMut::visit(&mut value, &mut Fields);
    value
}

/// Whether a condition names a field of the rows other than the scope and the parameters that a list requires.
///
/// A condition on those only, such as on a region or a zone, would select every row there.
pub(crate) fn references_row_columns(table: &ResourceTable, condition: &Expr) -> bool {
    let is_place = |column: &str| {
        let lists = table.resource.methods_of(Verb::Select).filter(|method| !asks_for_one(method));
        table.is_scope_name(column) || lists.into_iter().any(|method| requires_column(method, column))
    };
    let is_field = |name: &str| {
        let fields = table.resource.columns.iter().filter(|column| !is_place(&column.name));
        fields.into_iter().any(|column| fold(&column.name) == fold(name))
    };
    struct Named<F>(F);
    impl<F: Fn(&str) -> bool> Visitor for Named<F> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            let name = match expr {
                Expr::Identifier(ident) => Some(ident),
                Expr::CompoundIdentifier(parts) => parts.last(),
                _ => None,
            };
            match name.is_some_and(|name| (self.0)(&name.value)) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        }
    }
    condition.visit(&mut Named(is_field)).is_break()
}

/// A required parameter of a method, and the expression that supplies it from a row: the bound parameter value of the lookup
/// where there is one, else the field.
fn of_row(table: &ResourceTable, method: &Method, owed: &str) -> Option<(String, String)> {
    let parameter = method.parameter(owed)?;
    let field = table.columns.schema.fields().iter().find(|field| names_column(parameter, field.name()))?;
    let own = quoted(field.name()).to_string();
    let value = match table.columns.parameter_column(field.name()) {
        Some(bound) if bound != *field.name() => format!("coalesce({}, {own})", quoted(&bound)),
        _ => own,
    };
    Some((owed.to_owned(), value))
}
