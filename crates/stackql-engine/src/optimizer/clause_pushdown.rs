//! Clause pushdown: sends LIMIT, OFFSET, ORDER BY and `count(*)`, which are above a scan in the physical plan, with its
//! requests.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::logical_expr::Operator as SqlOperator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column as PhysicalColumn, IsNotNullExpr, Literal};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use stackql_call::{ClauseEncoder, Order};
use stackql_provider::Column;

use crate::physical::call_exec::CallExec;
use crate::physical::demand::Demand;
use crate::physical::node::{PlanRule, with_children};
use crate::physical::remote_count::RemoteCountExec;

/// Physical optimizer rule that pushes LIMIT, OFFSET, ORDER BY and `count(*)` down to the scan. A limit or an offset is sent
/// only where the provider selects the same rows as the plan. An order is sent, and rows are sorted again locally.
pub(crate) const CLAUSE_PUSHDOWN_RULE: PlanRule = PlanRule { name: "clause_pushdown", rewrite: push_clauses };

fn push_clauses(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let node = plan.as_ref() as &dyn Any;
    let told = if let Some(limit) = node.downcast_ref::<GlobalLimitExec>() {
        push_limit(limit)?
    } else if let Some(filter) = node.downcast_ref::<FilterExec>() {
        push_filter_limit(&plan, filter)?
    } else if let Some(sort) = node.downcast_ref::<SortExec>() {
        push_sort(sort)?
    } else if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        push_count(aggregate)?
    } else {
        None
    };
    if let Some(told) = told {
        return Ok(told);
    }
    let mut differs = false;
    let mut children = Vec::new();
    for child in plan.children() {
        let told = push_clauses(Arc::clone(child))?;
        differs |= !Arc::ptr_eq(&told, child);
        children.push(told);
    }
    if differs { with_children(plan, children) } else { Ok(plan) }
}

/// The scan below a plan that returns exactly the rows of the scan: only projections and exact filters are in between.
fn scan(plan: &Arc<dyn ExecutionPlan>) -> Option<&CallExec> {
    let node = plan.as_ref() as &dyn Any;
    if let Some(fetch) = node.downcast_ref::<CallExec>() {
        return Some(fetch);
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        return scan_below(filter).filter(|_| filter.fetch().is_none());
    }
    if node.is::<ProjectionExec>() || node.is::<CooperativeExec>() {
        return scan(plan.children().first()?);
    }
    None
}

/// The scan below a filter all of whose conditions are pushed down exactly.
fn scan_below(filter: &FilterExec) -> Option<&CallExec> {
    let all = split_conjunction(filter.predicate()).len();
    scan(filter.input()).filter(|fetch| fetch.call_spec().exact_filters == all)
}

/// Pushes down the limit of a filter.
fn push_filter_limit(plan: &Arc<dyn ExecutionPlan>, filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (Some(wanted), Some(fetch)) = (filter.fetch(), scan_below(filter)) else { return Ok(None) };
    let clauses =
        ClauseEncoder::for_method(fetch.call_spec().operation.method()).filter(|_| fetch.call_spec().single_call);
    let Some(top) = clauses.and_then(|clauses| clauses.top(wanted as u64)) else { return Ok(None) };
    let fetch = fetch.with_clauses(vec![(top.parameter, top.value)], Some(wanted));
    replace_scan(plan, fetch).map(Some)
}

/// A copy of the plan with its scan replaced.
fn replace_scan(plan: &Arc<dyn ExecutionPlan>, fetch: CallExec) -> Result<Arc<dyn ExecutionPlan>> {
    match plan.children().first() {
        Some(child) if !(plan.as_ref() as &dyn Any).is::<CallExec>() => {
            with_children(Arc::clone(plan), vec![replace_scan(child, fetch)?])
        }
        _ => Ok(Arc::new(fetch)),
    }
}

/// Pushes LIMIT and OFFSET down together, to a scan that makes exactly one call. What the provider does not skip is skipped
/// locally.
fn push_limit(limit: &GlobalLimitExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(fetch) = scan(limit.input()).filter(|f| f.call_spec().single_call) else { return Ok(None) };
    let of = fetch.call_spec();
    let Some(clauses) = ClauseEncoder::for_method(of.operation.method()) else { return Ok(None) };
    let Some(wanted) = limit.fetch() else { return Ok(None) };
    let mut bindings = Vec::new();
    let skip = clauses.skip(limit.skip() as u64);
    let skipped = match &skip {
        Some(pushed) if pushed.is_complete => limit.skip(),
        _ => 0,
    };
    bindings.extend(skip.filter(|_| skipped > 0).map(|p| (p.parameter, p.value)));
    let rest = limit.skip() - skipped;
    bindings.extend(clauses.top((wanted + rest) as u64).map(|p| (p.parameter, p.value)));
    if bindings.is_empty() {
        return Ok(None);
    }
    let input = replace_scan(limit.input(), fetch.with_clauses(bindings, Some(wanted + rest)))?;
    Ok(Some(Arc::new(GlobalLimitExec::new(input, rest, Some(wanted)))))
}

/// Pushes an order down; rows are sorted again locally. A limit on it is pushed down only where the provider's order equals
/// ours.
fn push_sort(sort: &SortExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(fetch) = any_scan(sort.input()) else { return Ok(None) };
    let of = fetch.call_spec();
    let method = of.operation.method();
    let Some(clauses) = ClauseEncoder::for_method(method) else { return Ok(None) };
    let mut agrees = of.single_call && scan(sort.input()).is_some();
    let mut columns: Vec<(Column, bool)> = Vec::new();
    for by in sort.expr().iter() {
        let Some((name, data_type)) = source_column(sort.input(), &by.expr) else { return Ok(None) };
        let (descending, nulls_first) = (by.options.descending, by.options.nulls_first);
        // Providers are taken to sort NULL lowest. Text has the collation of the provider, so no limit is pushed below its
        // order.
        let nulls_agree = descending != nulls_first || excludes_null(sort.input(), &name);
        let is_ordered = matches!(data_type, DataType::Int64 | DataType::Float64 | DataType::Boolean);
        let at = of.operation.resource.columns.iter().position(|c| c.name == name);
        let Some(at) = at else { return Ok(None) };
        agrees &= nulls_agree && is_ordered;
        columns.push((of.operation.resource.column_of(method, at), descending));
    }
    let order: Vec<Order<'_>> =
        columns.iter().map(|(column, descending)| Order { column, descending: *descending }).collect();
    let Some(order) = clauses.order(&order) else { return Ok(None) };
    let wanted = sort.fetch().filter(|_| agrees);
    let top = wanted.and_then(|wanted| clauses.top(wanted as u64));
    let wanted = wanted.filter(|_| top.is_some());
    let bindings = std::iter::once(order).chain(top).map(|p| (p.parameter, p.value)).collect();
    let input = replace_scan(sort.input(), fetch.with_clauses(bindings, wanted))?;
    Ok(Some(Arc::new(SortExec::new(sort.expr().clone(), input).with_fetch(sort.fetch()))))
}

/// The scan below a plan whose rows are a subset of the scan's.
fn any_scan(plan: &Arc<dyn ExecutionPlan>) -> Option<&CallExec> {
    let node = plan.as_ref() as &dyn Any;
    match node.downcast_ref::<FilterExec>() {
        Some(filter) if filter.fetch().is_none() => any_scan(filter.input()),
        Some(_) => None,
        None if node.is::<ProjectionExec>() || node.is::<CooperativeExec>() => any_scan(plan.children().first()?),
        None => node.downcast_ref::<CallExec>(),
    }
}

/// The name and type of the scan's column that an expression over `plan` is, if it is one.
fn source_column(plan: &Arc<dyn ExecutionPlan>, expr: &Arc<dyn PhysicalExpr>) -> Option<(String, DataType)> {
    let column = (expr.as_ref() as &dyn Any).downcast_ref::<PhysicalColumn>()?;
    let node = plan.as_ref() as &dyn Any;
    if node.is::<CallExec>() {
        let schema = plan.schema();
        let field = schema.field(column.index());
        return field.metadata().is_empty().then(|| (field.name().clone(), field.data_type().clone()));
    }
    if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
        return source_column(projection.input(), &projection.expr().get(column.index())?.expr);
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let index = filter.projection().as_ref().map_or(Some(column.index()), |p| p.get(column.index()).copied())?;
        let inner: Arc<dyn PhysicalExpr> = Arc::new(PhysicalColumn::new(column.name(), index));
        return source_column(filter.input(), &inner);
    }
    source_column(plan.children().first()?, expr)
}

/// Whether a filter below drops the rows in which the column is NULL.
fn excludes_null(plan: &Arc<dyn ExecutionPlan>, name: &str) -> bool {
    let node = plan.as_ref() as &dyn Any;
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let is_it =
            |expr: &Arc<dyn PhysicalExpr>| source_column(filter.input(), expr).is_some_and(|(own, _)| own == name);
        let excludes = |condition: &&Arc<dyn PhysicalExpr>| {
            let condition = condition.as_ref() as &dyn Any;
            if let Some(not_null) = condition.downcast_ref::<IsNotNullExpr>() {
                return is_it(not_null.arg());
            }
            condition.downcast_ref::<BinaryExpr>().is_some_and(|b| {
                let compares =
                    !matches!(b.op(), SqlOperator::Or | SqlOperator::IsNotDistinctFrom | SqlOperator::IsDistinctFrom);
                compares && is_it(b.left()) && (b.right().as_ref() as &dyn Any).is::<Literal>()
            })
        };
        return split_conjunction(filter.predicate()).iter().any(excludes);
    }
    plan.children().first().is_some_and(|child| excludes_null(child, name))
}

/// Pushes down `count(*)`: the provider may return the total number of rows that match the pushed filters.
fn push_count(aggregate: &AggregateExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let is_there = |e: &Arc<dyn PhysicalExpr>| {
        (e.as_ref() as &dyn Any).downcast_ref::<Literal>().is_some_and(|literal| !literal.value().is_null())
    };
    let counts_rows = |one: &Arc<AggregateFunctionExpr>| {
        one.fun().name() == "count" && one.expressions().iter().all(is_there) && !one.is_distinct()
    };
    let all = aggregate.aggr_expr();
    if !all.iter().any(counts_rows) || aggregate.filter_expr().iter().any(Option::is_some) {
        return Ok(None);
    }
    let is_alone = all.len() == 1 && aggregate.group_expr().is_empty();
    let input = match aggregate.mode() {
        AggregateMode::Single | AggregateMode::SinglePartitioned => aggregate.input(),
        AggregateMode::Final | AggregateMode::FinalPartitioned => {
            match (aggregate.input().as_ref() as &dyn Any).downcast_ref::<AggregateExec>() {
                Some(partial) => partial.input(),
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    let Some(fetch) = any_scan(input) else { return Ok(None) };
    let method = fetch.call_spec().operation.method();
    let Some(pushed) = ClauseEncoder::for_method(method).and_then(|clauses| clauses.count()) else { return Ok(None) };
    // The number of rows does not depend on the selected fields.
    let select = method.clause_pushdown.as_ref().and_then(|pushdown| pushdown.select.as_ref());
    let asking = fetch.without_clause(select.map(|clause| clause.parameter.as_str()));
    // A response without a total contains the rows, which are then counted locally; the shared response avoids a second
    // request.
    let asking = asking.with_clauses(vec![(pushed.parameter, pushed.value)], None).with_demand(Demand::All, true);
    let below = replace_scan(input, asking.clone())?;
    let counting = recounted(aggregate, below)?;
    match scan(input) {
        Some(_) if is_alone => Ok(Some(Arc::new(RemoteCountExec::new(asking, counting)))),
        // Further results are computed, or a filter that is not exact is re-applied locally: the rows themselves are needed.
        _ => Ok(Some(counting)),
    }
}

/// The aggregate over another input.
fn recounted(aggregate: &AggregateExec, input: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let plan: Arc<dyn ExecutionPlan> = Arc::new(aggregate.clone());
    match (aggregate.input().as_ref() as &dyn Any).downcast_ref::<AggregateExec>() {
        Some(_) => {
            let partial = with_children(Arc::clone(aggregate.input()), vec![input])?;
            with_children(plan, vec![partial])
        }
        None => with_children(plan, vec![input]),
    }
}
