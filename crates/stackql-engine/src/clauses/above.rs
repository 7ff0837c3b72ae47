//! What the plan over a scan says of its rows: LIMIT and OFFSET, an order with a limit, and a count.

use std::any::Any;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::Operator as SqlOperator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column as PhysicalColumn, IsNotNullExpr, Literal};
use datafusion::physical_expr::utils::split_conjunction;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::limit::GlobalLimitExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use stackql_call::{Clauses, Order};
use stackql_provider::Column;

use super::count::CountExec;
use crate::fetch::FetchExec;
use crate::plan::with_children;

/// Lets LIMIT, OFFSET, ORDER BY and `count(*)` travel where the rows that come are those that are wanted.
#[derive(Debug)]
pub(crate) struct ClausesAbove;

impl PhysicalOptimizerRule for ClausesAbove {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        travelled(plan)
    }

    fn name(&self) -> &'static str {
        "clauses_above"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn travelled(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let node = plan.as_ref() as &dyn Any;
    let told = if let Some(limit) = node.downcast_ref::<GlobalLimitExec>() {
        limited(limit)?
    } else if let Some(filter) = node.downcast_ref::<FilterExec>() {
        filtered(&plan, filter)?
    } else if let Some(sort) = node.downcast_ref::<SortExec>() {
        sorted(sort)?
    } else if let Some(aggregate) = node.downcast_ref::<AggregateExec>() {
        counted(aggregate)
    } else {
        None
    };
    if let Some(told) = told {
        return Ok(told);
    }
    let mut differs = false;
    let mut children = Vec::new();
    for child in plan.children() {
        let told = travelled(Arc::clone(child))?;
        differs |= !Arc::ptr_eq(&told, child);
        children.push(told);
    }
    if differs { with_children(plan, children) } else { Ok(plan) }
}

/// The scan below a plan that changes nothing about which rows there are.
fn scan(plan: &Arc<dyn ExecutionPlan>) -> Option<&FetchExec> {
    let node = plan.as_ref() as &dyn Any;
    if let Some(fetch) = node.downcast_ref::<FetchExec>() {
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

/// The scan below a filter all of whose conditions travel for certain.
fn scan_below(filter: &FilterExec) -> Option<&FetchExec> {
    let all = split_conjunction(filter.predicate()).len();
    scan(filter.input()).filter(|fetch| fetch.fetch_of().certain == all)
}

/// A limit that a filter has.
fn filtered(plan: &Arc<dyn ExecutionPlan>, filter: &FilterExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (Some(wanted), Some(fetch)) = (filter.fetch(), scan_below(filter)) else { return Ok(None) };
    let clauses = Clauses::of(fetch.fetch_of().operation.method()).filter(|_| fetch.fetch_of().is_one);
    let Some(top) = clauses.and_then(|clauses| clauses.top(wanted as u64)) else { return Ok(None) };
    let fetch = fetch.with_clauses(vec![(top.parameter, top.value)], Some(wanted));
    over(plan, fetch).map(Some)
}

/// The plan over another scan.
fn over(plan: &Arc<dyn ExecutionPlan>, fetch: FetchExec) -> Result<Arc<dyn ExecutionPlan>> {
    match plan.children().first() {
        Some(child) if !(plan.as_ref() as &dyn Any).is::<FetchExec>() => {
            with_children(Arc::clone(plan), vec![over(child, fetch)?])
        }
        _ => Ok(Arc::new(fetch)),
    }
}

/// OFFSET and LIMIT travel together, where there is one call to which they can.
fn limited(limit: &GlobalLimitExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(fetch) = scan(limit.input()).filter(|f| f.fetch_of().is_one) else { return Ok(None) };
    let of = fetch.fetch_of();
    let Some(clauses) = Clauses::of(of.operation.method()) else { return Ok(None) };
    let Some(wanted) = limit.fetch() else { return Ok(None) };
    let mut bindings = Vec::new();
    let skip = clauses.skip(limit.skip() as u64);
    let skipped = match &skip {
        Some(pushed) if pushed.whole => limit.skip(),
        _ => 0,
    };
    bindings.extend(skip.filter(|_| skipped > 0).map(|p| (p.parameter, p.value)));
    let rest = limit.skip() - skipped;
    bindings.extend(clauses.top((wanted + rest) as u64).map(|p| (p.parameter, p.value)));
    if bindings.is_empty() {
        return Ok(None);
    }
    let input = over(limit.input(), fetch.with_clauses(bindings, Some(wanted + rest)))?;
    Ok(Some(Arc::new(GlobalLimitExec::new(input, rest, Some(wanted)))))
}

/// An order travels with a limit, where the provider puts first what we do.
fn sorted(sort: &SortExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let (Some(wanted), Some(fetch)) = (sort.fetch(), scan(sort.input())) else { return Ok(None) };
    let of = fetch.fetch_of();
    let method = of.operation.method();
    let Some(clauses) = Clauses::of(method).filter(|_| fetch.fetch_of().is_one) else { return Ok(None) };
    let mut columns: Vec<(Column, bool)> = Vec::new();
    for by in sort.expr().iter() {
        let Some((name, data_type)) = origin(sort.input(), &by.expr) else { return Ok(None) };
        let (descending, nulls_first) = (by.options.descending, by.options.nulls_first);
        // NULL is the least of all there; texts have an order of the provider's own.
        let nulls_agree = descending != nulls_first || excludes_null(sort.input(), &name);
        let is_ordered = matches!(data_type, DataType::Int64 | DataType::Float64 | DataType::Boolean);
        let at = of.operation.resource.columns.iter().position(|c| c.name == name);
        let Some(at) = at.filter(|_| nulls_agree && is_ordered) else { return Ok(None) };
        columns.push((of.operation.resource.column_of(method, at), descending));
    }
    let order: Vec<Order<'_>> =
        columns.iter().map(|(column, descending)| Order { column, descending: *descending }).collect();
    let (Some(order), Some(top)) = (clauses.order(&order), clauses.top(wanted as u64)) else { return Ok(None) };
    let bindings = [order, top].into_iter().map(|p| (p.parameter, p.value)).collect();
    let input = over(sort.input(), fetch.with_clauses(bindings, Some(wanted)))?;
    Ok(Some(Arc::new(SortExec::new(sort.expr().clone(), input).with_fetch(Some(wanted)))))
}

/// The scan's column that an expression over `plan` is.
fn origin(plan: &Arc<dyn ExecutionPlan>, expr: &Arc<dyn PhysicalExpr>) -> Option<(String, DataType)> {
    let column = (expr.as_ref() as &dyn Any).downcast_ref::<PhysicalColumn>()?;
    let node = plan.as_ref() as &dyn Any;
    if node.is::<FetchExec>() {
        let schema = plan.schema();
        let field = schema.field(column.index());
        return field.metadata().is_empty().then(|| (field.name().clone(), field.data_type().clone()));
    }
    if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
        return origin(projection.input(), &projection.expr().get(column.index())?.expr);
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let index = filter.projection().as_ref().map_or(Some(column.index()), |p| p.get(column.index()).copied())?;
        let inner: Arc<dyn PhysicalExpr> = Arc::new(PhysicalColumn::new(column.name(), index));
        return origin(filter.input(), &inner);
    }
    origin(plan.children().first()?, expr)
}

/// Whether a filter below leaves out rows in which the column is NULL.
fn excludes_null(plan: &Arc<dyn ExecutionPlan>, name: &str) -> bool {
    let node = plan.as_ref() as &dyn Any;
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let is_it = |expr: &Arc<dyn PhysicalExpr>| origin(filter.input(), expr).is_some_and(|(own, _)| own == name);
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

/// `count(*)` of all that a scan gives.
fn counted(aggregate: &AggregateExec) -> Option<Arc<dyn ExecutionPlan>> {
    let [only] = aggregate.aggr_expr() else { return None };
    let is_there = |e: &Arc<dyn PhysicalExpr>| {
        (e.as_ref() as &dyn Any).downcast_ref::<Literal>().is_some_and(|literal| !literal.value().is_null())
    };
    let counts_rows = only.expressions().iter().all(is_there);
    let is_plain = only.fun().name() == "count" && counts_rows && !only.is_distinct();
    if !is_plain || !aggregate.group_expr().is_empty() || aggregate.filter_expr().iter().any(Option::is_some) {
        return None;
    }
    let input = match aggregate.mode() {
        AggregateMode::Single | AggregateMode::SinglePartitioned => aggregate.input(),
        AggregateMode::Final | AggregateMode::FinalPartitioned => {
            let partial = (aggregate.input().as_ref() as &dyn Any).downcast_ref::<AggregateExec>()?;
            partial.input()
        }
        _ => return None,
    };
    let fetch = scan(input)?;
    let pushed = Clauses::of(fetch.fetch_of().operation.method())?.count()?;
    let asking = fetch.with_clauses(vec![(pushed.parameter, pushed.value)], None);
    Some(Arc::new(CountExec::new(asking, Arc::new(aggregate.clone()))))
}
