//! Detail lookups: joins for columns that only a GET returns. Where a statement names columns that the rows of the list method
//! do not have, each row of the list is looked up by another method. `*` and columns that are not named cause no lookup.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, NullEquality, Result, TableReference};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{
    Expr, Join, JoinConstraint, JoinType, LogicalPlan, Projection, TableScan, TableScanBuilder,
};
use stackql_provider::{Method, Type, Verb};

use super::join;
use super::requirements::table_of;
use super::rewrite::JoinIds;
use crate::access::path::choose_method;
use crate::table::columns::{ColumnOrigin, names_column, requires_column};
use crate::table::resource_table::ResourceTable;

/// Replaces each scan that needs a detail lookup by a join of its list with the details.
pub(crate) fn add_detail_lookups(plan: LogicalPlan, numbers: &JoinIds) -> Result<LogicalPlan> {
    let scan = |node: LogicalPlan| match &node {
        LogicalPlan::TableScan(scan) => {
            Ok(rewrite_scan(scan, numbers)?.map_or_else(|| Transformed::no(node.clone()), Transformed::yes))
        }
        _ => Ok(Transformed::no(node)),
    };
    Ok(plan.transform_up_with_subqueries(scan)?.data)
}

fn rewrite_scan(scan: &TableScan, numbers: &JoinIds) -> Result<Option<LogicalPlan>> {
    let Some(table) = table_of(scan) else { return Ok(None) };
    let Some(projection) = &scan.projection else { return Ok(None) };
    let is_whole = table.columns.visible.iter().enumerate().all(|(at, visible)| !visible || projection.contains(&at));
    if is_whole {
        return Ok(None);
    }
    let Ok(list) = choose_method(&table, &table.predicates(&scan.filters), &table.key_columns()) else {
        return Ok(None);
    };
    let mut wanted: Vec<&str> = scan.projected_schema.fields().iter().map(|f| f.name().as_str()).collect();
    let filtered: Vec<&Column> = scan.filters.iter().flat_map(Expr::column_refs).collect();
    wanted.extend(filtered.iter().map(|column| column.name.as_str()));
    let lacking: Vec<String> =
        wanted.into_iter().filter(|name| !returns_column(&table, list, name)).map(str::to_owned).collect();
    let mut others = table.resource.methods_of(Verb::Select).filter(|method| method.name != list.name);
    let found = others.find_map(|method| {
        let gives = !lacking.is_empty() && lacking.iter().all(|name| returns_column(&table, method, name));
        gives.then(|| Some((method, keys(&table, list, method)?)))?
    });
    match found {
        Some((method, keys)) => {
            let join = join_details(scan, &table, (list, method), &lacking, &keys)?;
            project_scan_columns(scan, &lacking, join::fed(join, numbers)?).map(Some)
        }
        None => Ok(None),
    }
}

/// Whether the rows of a method contain a column. True for columns that are not fields of rows.
fn returns_column(table: &ResourceTable, method: &Method, name: &str) -> bool {
    let Ok(at) = table.columns.schema.index_of(name) else { return true };
    let ColumnOrigin::Row(at) = table.columns.origins[at] else { return true };
    let column = table.resource.column_of(method, at);
    match method.response.row.map(|row| table.resource.types.get(row)) {
        Some(Type::Structure { members }) => members.iter().any(|member| member.wire == column.wire),
        // The fields of the rows are not declared, so any may be there.
        _ => true,
    }
}

/// A key of a detail lookup: the column of the list whose value is used, and the parameter column of the details that it binds.
struct KeyColumn {
    list: String,
    details: String,
}

/// The keys with which `method` looks up one row of `list`; `None` where `list` does not supply all required parameters, or
/// none of them is a field of its rows.
fn keys(table: &ResourceTable, list: &Method, method: &Method) -> Option<Vec<KeyColumn>> {
    let mut keys: Vec<KeyColumn> = Vec::new();
    let mut is_of_row = false;
    for owed in method.caller_required() {
        let parameter = method.parameter(owed)?;
        let at = table.columns.schema.fields().iter().position(|field| names_column(parameter, field.name()))?;
        let field = table.columns.schema.field(at);
        let details = table.columns.parameter_column(field.name())?;
        let list = match &table.columns.origins[at] {
            // The list method requires this parameter, so its bound value is used; the field of the rows may be spelled
            // differently.
            ColumnOrigin::Row(_) if requires_column(list, field.name()) => details.clone(),
            ColumnOrigin::Row(_) => {
                let is_plain =
                    matches!(field.data_type(), DataType::Utf8 | DataType::Int64) && field.metadata().is_empty();
                if !is_plain || !returns_column(table, list, field.name()) {
                    return None;
                }
                is_of_row = true;
                field.name().clone()
            }
            ColumnOrigin::Binding(_) if list.parameters.iter().any(|p| names_column(p, field.name())) => {
                details.clone()
            }
            ColumnOrigin::Binding(name) if table.service.endpoints.scope.as_ref() == Some(name) => details.clone(),
            ColumnOrigin::Binding(_) | ColumnOrigin::Extra => return None,
        };
        keys.push(KeyColumn { list, details });
    }
    // The details are read in the scope of the list row.
    if let Some(scope) = table.scope_column().filter(|scope| !keys.iter().any(|key| key.details == *scope)) {
        keys.push(KeyColumn { list: scope.clone(), details: scope });
    }
    is_of_row.then_some(keys)
}

/// The left join of the list with the details, one lookup per row of the list.
fn join_details(
    scan: &TableScan,
    table: &ResourceTable,
    (list, method): (&Method, &Method),
    lacking: &[String],
    keys: &[KeyColumn],
) -> Result<Join> {
    let columns = |wanted: &dyn Fn(&str) -> bool, key: &dyn Fn(&KeyColumn) -> &String| -> Vec<usize> {
        let names = table.columns.schema.fields().iter().map(|f| f.name()).enumerate();
        let is_key = |name: &String| keys.iter().any(|k| key(k) == name);
        names.filter(|(_, name)| wanted(name) || is_key(name)).map(|(at, _)| at).collect()
    };
    let is_lacking = |name: &str| lacking.iter().any(|lacking| lacking == name);
    let is_shown = |name: &str| scan.projected_schema.has_column_with_unqualified_name(name);
    let read = |table: ResourceTable, name: &TableReference, columns: Vec<usize>| {
        TableScanBuilder::new(name.clone(), provider_as_source(Arc::new(table))).with_projection(Some(columns))
    };
    let pinned = |method: &Method| ResourceTable { fixed_method: Some(method.name.clone()), ..table.clone() };
    let of_list = columns(&|name| is_shown(name) && !is_lacking(name), &|key| &key.list);
    let rows = read(pinned(list), &scan.table_name, of_list);
    let rows = rows.with_filters(scan.filters.clone()).with_fetch(scan.fetch).build()?;
    let apart = ResourceTable { key_bindings: Vec::new(), has_scope_condition: false, ..pinned(method) };
    let details = read(apart, &details_of(scan), columns(&is_lacking, &|key| &key.details)).build()?;
    let pair = |key: &KeyColumn| (column(&scan.table_name, &key.list), column(&details_of(scan), &key.details));
    Join::try_new(
        Arc::new(LogicalPlan::TableScan(rows)),
        Arc::new(LogicalPlan::TableScan(details)),
        keys.iter().map(pair).collect(),
        None,
        JoinType::Left,
        JoinConstraint::On,
        NullEquality::NullEqualsNothing,
        false,
    )
}

/// Projects the columns of the original scan from the join that replaces it.
fn project_scan_columns(scan: &TableScan, lacking: &[String], join: LogicalPlan) -> Result<LogicalPlan> {
    let shown = scan.projected_schema.fields().iter().map(|field| match lacking.contains(field.name()) {
        true => column(&details_of(scan), field.name()).alias_qualified(Some(scan.table_name.clone()), field.name()),
        false => column(&scan.table_name, field.name()),
    });
    let schema = Arc::clone(&scan.projected_schema);
    Ok(LogicalPlan::Projection(Projection::try_new_with_schema(shown.collect(), Arc::new(join), schema)?))
}

/// The table alias of the details.
fn details_of(scan: &TableScan) -> TableReference {
    TableReference::bare(format!("details of {}", scan.table_name))
}

fn column(of: &TableReference, name: &str) -> Expr {
    Expr::Column(Column::new(Some(of.clone()), name))
}
