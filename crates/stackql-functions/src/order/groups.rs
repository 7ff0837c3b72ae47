//! Aggregates and windows over JSON values. `min` and `max` compare sort keys, each of which carries its value.

use datafusion::common::Column;
use datafusion::error::Result;
use datafusion::logical_expr::{Aggregate, LogicalPlan, Projection, Window, WindowFunctionDefinition};
use datafusion::prelude::Expr;

use super::form::{Form, Scope, called, named_as};
use super::{Ordered, columns, form, keep_plain, ordered, taken, want};

pub(super) fn aggregated(aggregate: Aggregate, wanted: &[bool]) -> Result<Ordered> {
    let Aggregate { input, group_expr, aggr_expr, .. } = aggregate;
    let is_set = group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
    let mut below = vec![false; input.schema().fields().len()];
    if !is_set {
        let asked = group_expr.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(expr, _)| expr);
        want(&mut below, input.schema(), asked);
    }
    want(&mut below, input.schema(), aggr_expr.iter().flat_map(ordering));
    want(&mut below, input.schema(), group_expr.iter().chain(&aggr_expr).flat_map(form::compared));
    keep_plain(&mut below, input.schema(), group_expr.iter().chain(&aggr_expr));
    let Ordered { plan, forms } = ordered(taken(input), &below)?;
    let scope = Scope::new(plan.schema(), &forms);
    let (mut groups, mut made) = (Vec::new(), Vec::new());
    for (index, expr) in group_expr.into_iter().enumerate() {
        let is_wanted = !is_set && wanted.get(index).copied().unwrap_or_default();
        let (relation, name) = expr.qualified_name();
        match if is_wanted { scope.json(&expr)? } else { None } {
            Some((json, form)) => {
                groups.push(named_as(json, relation, name)?);
                made.push(ResultForm::from_form(form));
            }
            None if is_set => groups.push(scope.plain(expr)?),
            None => {
                groups.push(named_as(scope.plain(expr)?, relation, name)?);
                made.push(ResultForm::Plain);
            }
        }
    }
    let mut aggregates = Vec::new();
    let mut made_aggregates = Vec::new();
    for expr in aggr_expr {
        let (expr, how) = extreme(expr, scope)?;
        aggregates.push(expr);
        made_aggregates.push(how);
    }
    let plan = LogicalPlan::Aggregate(Aggregate::try_new(plan.into(), groups, aggregates)?);
    // Grouping sets add columns that have no expression.
    made.resize(plan.schema().fields().len() - made_aggregates.len(), ResultForm::Plain);
    made.extend(made_aggregates);
    unranked(plan, &made)
}

pub(super) fn windowed(window: Window, wanted: &[bool]) -> Result<Ordered> {
    let Window { input, window_expr, .. } = window;
    let count = input.schema().fields().len();
    let mut below: Vec<bool> = (0..count).map(|index| wanted.get(index).copied().unwrap_or_default()).collect();
    want(&mut below, input.schema(), window_expr.iter().flat_map(ordering));
    keep_plain(&mut below, input.schema(), &window_expr);
    let Ordered { plan, forms } = ordered(taken(input), &below)?;
    let scope = Scope::new(plan.schema(), &forms);
    let mut made: Vec<ResultForm> =
        forms.iter().map(|form| form.map_or(ResultForm::Plain, ResultForm::from_form)).collect();
    let mut windows = Vec::new();
    for expr in window_expr {
        let (expr, how) = extreme(expr, scope)?;
        windows.push(expr);
        made.push(how);
    }
    let plan = LogicalPlan::Window(Window::try_new(windows, plan.into())?);
    unranked(plan, &made)
}

/// The content of an output column of an aggregate or a window.
#[derive(Debug, Clone, Copy)]
enum ResultForm {
    Plain,
    Json(Form),
    /// A sort key that carries its value.
    Ranked(Form),
}

impl ResultForm {
    fn from_form(form: Form) -> Self {
        if form == Form::Json { Self::Plain } else { Self::Json(form) }
    }
}

/// Extracts the values from sort keys that carry them.
fn unranked(plan: LogicalPlan, made: &[ResultForm]) -> Result<Ordered> {
    let form = |made: &ResultForm| match made {
        ResultForm::Json(form) | ResultForm::Ranked(form) if *form != Form::Json => Some(*form),
        _ => None,
    };
    let forms = made.iter().map(form).collect();
    if !made.iter().any(|made| matches!(made, ResultForm::Ranked(_))) {
        return Ok(Ordered { plan, forms });
    }
    let value = |(column, made): (Column, &ResultForm)| match made {
        ResultForm::Ranked(_) => {
            let value = called("json_of_rank", vec![Expr::Column(column.clone())])?;
            named_as(value, column.relation, column.name)
        }
        _ => Ok(Expr::Column(column)),
    };
    let exprs = columns(plan.schema()).into_iter().zip(made).map(value).collect::<Result<_>>()?;
    Ok(Ordered { plan: LogicalPlan::Projection(Projection::try_new(exprs, plan.into())?), forms })
}

/// The parts of an aggregate or window function that are ordered: the arguments of `min` and `max`, and the sort keys.
fn ordering(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Alias(alias) => ordering(&alias.expr),
        Expr::AggregateFunction(function) => {
            let arguments = if is_extreme(function.func.name()) { function.params.args.as_slice() } else { &[] };
            arguments.iter().chain(function.params.order_by.iter().map(|key| &key.expr)).collect()
        }
        Expr::WindowFunction(function) => {
            let arguments = if is_extreme(function.fun.name()) { function.params.args.as_slice() } else { &[] };
            arguments.iter().chain(function.params.order_by.iter().map(|key| &key.expr)).collect()
        }
        _ => Vec::new(),
    }
}

fn is_extreme(name: &str) -> bool {
    ["min", "max"].contains(&name)
}

/// Rewrites an aggregate or window function; `min` and `max` of JSON values become those of sort keys.
fn extreme(expr: Expr, scope: Scope<'_>) -> Result<(Expr, ResultForm)> {
    let (relation, name) = expr.qualified_name();
    let (function, argument) = match expr.unalias() {
        Expr::AggregateFunction(function) if is_extreme(function.func.name()) => {
            let argument = function.params.args.first().cloned();
            (Expr::AggregateFunction(function), argument)
        }
        Expr::WindowFunction(function)
            if matches!(function.fun, WindowFunctionDefinition::AggregateUDF(_)) && is_extreme(function.fun.name()) =>
        {
            let argument = function.params.args.first().cloned();
            (Expr::WindowFunction(function), argument)
        }
        other => (other, None),
    };
    let json = argument.map(|argument| scope.json(&argument)).transpose()?.flatten();
    let mut function = scope.plain(function)?;
    let Some((json, form)) = json else { return Ok((named_as(function, relation, name)?, ResultForm::Plain)) };
    let ranked = vec![called("json_ranked", vec![json])?];
    match &mut function {
        Expr::AggregateFunction(function) => function.params.args = ranked,
        Expr::WindowFunction(function) => function.params.args = ranked,
        _ => {}
    }
    Ok((named_as(function, relation, name)?, ResultForm::Ranked(form)))
}
