//! The columns that `*` includes for a resource whose methods return different fields: those of the chosen SELECT method.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, JoinConstraint, Select, SelectItem};
use stackql_functions::constraint;
use stackql_provider::names::{NameMatch, fold, match_name};
use stackql_provider::{Column, Method, Resource, Type, Verb};

use super::relation::Relation;
use crate::access::path::choose_among;
use crate::table::columns::ColumnOrigin;
use crate::table::resource_table::ResourceTable;

/// Hides the fields that the methods serving `select` do not return, where the projection has a `*`.
pub(crate) fn show_only(select: &Select, relations: &mut [Relation]) {
    let is_star = |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
    if !select.projection.iter().any(is_star) {
        return;
    }
    for relation in relations {
        let Some(table) = relation.table.clone() else { continue };
        if table.resource.methods_of(Verb::Select).nth(1).is_none() {
            continue;
        }
        if let Some(method) = method(select, relation, &table) {
            relation.hide(|name| {
                match table.columns.schema.index_of(name).ok().and_then(|at| table.columns.origins.get(at)) {
                    Some(ColumnOrigin::Row(at)) => !answers(&table.resource, method, &table.resource.columns[*at]),
                    _ => false,
                }
            });
        }
    }
}

/// The method that serves the relation, as far as conditions determine it before name resolution.
fn method<'a>(select: &Select, relation: &Relation, table: &'a Arc<ResourceTable>) -> Option<&'a Method> {
    let on = select.from.iter().flat_map(|from| &from.joins).filter_map(|join| match constraint(&join.join_operator) {
        Some(JoinConstraint::On(on)) => Some(on),
        _ => None,
    });
    let mut compared = Vec::new();
    select.selection.iter().chain(on).for_each(|condition| columns(condition, relation, &mut compared));
    // Parameters that the statement does not bind may have defaults in the session or in a view.
    let elsewhere = table.predicates(&[]).into_iter().map(|predicate| predicate.column);
    let all: Vec<String> =
        compared.iter().filter_map(|column| table.columns.parameter_column(column)).chain(elsewhere).collect();
    let (bound, offered): (Vec<&str>, Vec<&str>) =
        all.iter().map(String::as_str).partition(|column| compared.iter().any(|c| c == column));
    choose_among(table, &bound, &offered).ok()
}

/// The columns of the relation that a condition fixes, by their catalog names.
fn columns(condition: &Expr, relation: &Relation, out: &mut Vec<String>) {
    let mut add = |expr: &Expr| out.extend(column(expr, relation));
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            columns(left, relation, out);
            columns(right, relation, out);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            add(left);
            add(right);
        }
        Expr::InList { expr, negated: false, .. } | Expr::InSubquery { expr, negated: false, .. } => add(expr),
        Expr::Nested(inner) => columns(inner, relation, out),
        _ => {}
    }
}

fn column(expr: &Expr, relation: &Relation) -> Option<String> {
    let word = match expr {
        Expr::Identifier(word) => word,
        Expr::CompoundIdentifier(words) => {
            let (last, before) = words.split_last()?;
            let before: Vec<&str> = before.iter().map(|word| word.value.as_str()).collect();
            relation.is_called(&before).then_some(last)?
        }
        _ => return None,
    };
    match match_name(&word.value, relation.names()) {
        NameMatch::One(own) => Some(own.to_owned()),
        _ => None,
    }
}

/// Whether the rows of a method may have a field; if their type is not known, they may have any.
fn answers(resource: &Resource, method: &Method, column: &Column) -> bool {
    match method.response.row.map(|row| resource.types.get(row)) {
        Some(Type::Structure { members }) if !members.is_empty() => {
            members.iter().any(|m| m.wire == column.wire || fold(&m.name) == fold(&column.name))
        }
        _ => true,
    }
}
