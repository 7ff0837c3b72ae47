//! Orders JSON values in `ORDER BY`, `min`, `max`, `<` and the like as SQLite does: by number where they are numbers.
//!
//! The result of `json_extract`, `->>`, `json_each` or `json_tree` is a text column, which does not show whether `10` was a
//! number. Where a plan orders such a column, the rule makes it JSON from its origin up to that node ([`Form`]), and decodes it
//! to text after it. Columns that are nowhere ordered, or are not JSON, are not changed.

mod form;
mod groups;

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::logical_expr::{
    Distinct, DistinctOn, Filter, Join, JoinType, LogicalPlan, Projection, Sort, SortExpr, Union,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::Expr;

pub(crate) use form::{is_document, is_marked};

use form::{Form, Scope, decoded, named_as, quoted, within};

/// The analyzer rule; it runs after type coercion and after table functions are unnested.
#[derive(Debug)]
pub(crate) struct JsonOrderRule;

impl AnalyzerRule for JsonOrderRule {
    fn name(&self) -> &'static str {
        "json_ordered"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        if has_json(&plan)? { whole(plan) } else { Ok(plan) }
    }
}

/// Whether a plan may contain JSON values.
pub(crate) fn has_json(plan: &LogicalPlan) -> Result<bool> {
    let mut has_json = false;
    plan.apply_with_subqueries(|node| {
        has_json |= node.schema().fields().iter().any(|field| is_marked(field));
        node.apply_expressions(|expr| {
            has_json |= expr.exists(|part| Ok(form::makes_json(part)))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if has_json { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(has_json)
}

/// Rewrites a plan; its output columns stay as they are.
fn whole(plan: LogicalPlan) -> Result<LogicalPlan> {
    let wanted = vec![false; plan.schema().fields().len()];
    Ok(ordered(plan, &wanted)?.plan)
}

/// A rewritten plan, and the form of those of its columns that are JSON in place of text.
struct Ordered {
    plan: LogicalPlan,
    forms: Vec<Option<Form>>,
}

/// Rewrites a plan so that it orders JSON values. Columns with `wanted` may be JSON in its output; the others are text.
fn ordered(plan: LogicalPlan, wanted: &[bool]) -> Result<Ordered> {
    let done = match plan {
        LogicalPlan::Projection(projection) => projected(projection, wanted)?,
        LogicalPlan::Filter(filter) => {
            let mut below = wanted.to_vec();
            want(&mut below, filter.input.schema(), form::compared(&filter.predicate));
            keep_plain(&mut below, filter.input.schema(), [&filter.predicate]);
            let Ordered { plan, forms } = ordered(taken(filter.input), &below)?;
            let predicate = Scope::new(plan.schema(), &forms).plain(filter.predicate)?;
            Ordered { plan: LogicalPlan::Filter(Filter::try_new(predicate, plan.into())?), forms }
        }
        LogicalPlan::Sort(sort) => {
            let mut below = wanted.to_vec();
            want(&mut below, sort.input.schema(), sort.expr.iter().map(|key| &key.expr));
            keep_plain(&mut below, sort.input.schema(), sort.expr.iter().map(|key| &key.expr));
            let Ordered { plan, forms } = ordered(taken(sort.input), &below)?;
            let expr = Scope::new(plan.schema(), &forms).keys(sort.expr)?;
            Ordered { plan: LogicalPlan::Sort(Sort { expr, input: plan.into(), fetch: sort.fetch }), forms }
        }
        LogicalPlan::Limit(_) | LogicalPlan::SubqueryAlias(_) | LogicalPlan::Distinct(Distinct::All(_)) => {
            let Some(input) = plan.inputs().first().map(|input| (*input).clone()) else { return Ok(as_it_is(plan)) };
            let Ordered { plan: input, forms } = ordered(input, wanted)?;
            Ordered { plan: plan.with_new_exprs(plan.expressions(), vec![input])?, forms }
        }
        LogicalPlan::Distinct(Distinct::On(on)) => one_of_each(on)?,
        LogicalPlan::Union(union) => united(union, wanted)?,
        LogicalPlan::Join(join) => joined(join, wanted)?,
        LogicalPlan::Aggregate(aggregate) => groups::aggregated(aggregate, wanted)?,
        LogicalPlan::Window(window) => groups::windowed(window, wanted)?,
        other => {
            let plan = other.map_children(|child| Ok(Transformed::yes(whole(child)?)))?.data;
            let mut schema = DFSchema::empty();
            plan.inputs().iter().for_each(|input| schema.merge(input.schema()));
            let scope = Scope::new(&schema, &[]);
            as_it_is(plan.map_expressions(|expr| Ok(Transformed::yes(scope.plain(expr)?)))?.data)
        }
    };
    settled(done, wanted)
}

fn as_it_is(plan: LogicalPlan) -> Ordered {
    let forms = vec![None; plan.schema().fields().len()];
    Ordered { plan, forms }
}

fn taken(plan: Arc<LogicalPlan>) -> LogicalPlan {
    Arc::unwrap_or_clone(plan)
}

/// Sets `wanted` for the columns of these expressions.
fn want<'a>(wanted: &mut [bool], schema: &DFSchema, exprs: impl IntoIterator<Item = &'a Expr>) {
    for column in exprs.into_iter().flat_map(Expr::column_refs) {
        if let Some(wanted) = schema.maybe_index_of_column(column).and_then(|index| wanted.get_mut(index)) {
            *wanted = true;
        }
    }
}

/// Clears `wanted` for the columns that subqueries of these expressions reference.
fn keep_plain<'a>(wanted: &mut [bool], schema: &DFSchema, exprs: impl IntoIterator<Item = &'a Expr>) {
    for column in exprs.into_iter().flat_map(form::outer_columns) {
        if let Some(wanted) = schema.maybe_index_of_column(&column).and_then(|index| wanted.get_mut(index)) {
            *wanted = false;
        }
    }
}

/// The columns of a schema.
fn columns(schema: &DFSchema) -> Vec<Column> {
    schema.iter().map(|(qualifier, field)| Column::new(qualifier.cloned(), field.name())).collect()
}

/// Decodes to text the JSON columns of a plan that are not wanted as JSON.
fn settled(done: Ordered, wanted: &[bool]) -> Result<Ordered> {
    let Ordered { plan, forms } = done;
    let is_left = |index: usize| forms[index].is_some() && !wanted.get(index).copied().unwrap_or_default();
    if !(0..forms.len()).any(is_left) {
        return Ok(Ordered { plan, forms });
    }
    let cell = |(index, column): (usize, Column)| match forms[index] {
        Some(form) if is_left(index) => {
            named_as(decoded(Expr::Column(column.clone()), form)?, column.relation, column.name)
        }
        _ => Ok(Expr::Column(column)),
    };
    let exprs = columns(plan.schema()).into_iter().enumerate().map(cell).collect::<Result<_>>()?;
    let left = (0..forms.len()).map(|index| forms[index].filter(|_| !is_left(index))).collect();
    Ok(Ordered { plan: LogicalPlan::Projection(Projection::try_new(exprs, plan.into())?), forms: left })
}

fn projected(projection: Projection, wanted: &[bool]) -> Result<Ordered> {
    let Projection { expr: exprs, input, .. } = projection;
    let mut below = vec![false; input.schema().fields().len()];
    let asked = exprs.iter().zip(wanted).filter(|(_, wanted)| **wanted).map(|(expr, _)| expr);
    want(&mut below, input.schema(), asked);
    want(&mut below, input.schema(), exprs.iter().flat_map(form::compared));
    keep_plain(&mut below, input.schema(), &exprs);
    let Ordered { plan, forms } = ordered(taken(input), &below)?;
    let scope = Scope::new(plan.schema(), &forms);
    let (mut made, mut made_forms) = (Vec::new(), Vec::new());
    for (index, expr) in exprs.into_iter().enumerate() {
        let (relation, name) = expr.qualified_name();
        let is_wanted = wanted.get(index).copied().unwrap_or_default();
        let (expr, form) = match if is_wanted { scope.json(&expr)? } else { None } {
            Some((json, form)) => (json, Some(form).filter(|form| *form != Form::Json)),
            None => (scope.plain(expr)?, None),
        };
        made.push(named_as(expr, relation, name)?);
        made_forms.push(form);
    }
    Ok(Ordered { plan: LogicalPlan::Projection(Projection::try_new(made, plan.into())?), forms: made_forms })
}

/// `DISTINCT ON`: the sort keys after the distinct keys decide which row is kept, so only these are JSON.
fn one_of_each(on: DistinctOn) -> Result<Ordered> {
    let DistinctOn { on_expr, select_expr, sort_expr, input, .. } = on;
    let keys = sort_expr.iter().flatten().skip(on_expr.len()).map(|key| &key.expr);
    let mut below = vec![false; input.schema().fields().len()];
    want(&mut below, input.schema(), keys);
    keep_plain(&mut below, input.schema(), on_expr.iter().chain(&select_expr));
    let Ordered { plan, forms } = ordered(taken(input), &below)?;
    let scope = Scope::new(plan.schema(), &forms);
    let plain = |exprs: Vec<Expr>| -> Result<Vec<Expr>> {
        let all = exprs.into_iter().map(|expr| {
            let (relation, name) = expr.qualified_name();
            named_as(scope.plain(expr)?, relation, name)
        });
        all.collect()
    };
    let count = on_expr.len();
    let sort_expr = sort_expr.map(|keys| {
        let key = |(index, key): (usize, SortExpr)| match index < count {
            true => Ok(SortExpr { expr: scope.plain(key.expr)?, ..key }),
            false => scope.key(key),
        };
        keys.into_iter().enumerate().map(key).collect::<Result<Vec<_>>>()
    });
    let on_expr = on_expr.into_iter().map(|expr| scope.plain(expr)).collect::<Result<_>>()?;
    let on = DistinctOn::try_new(on_expr, plain(select_expr)?, sort_expr.transpose()?, plan.into())?;
    Ok(as_it_is(LogicalPlan::Distinct(Distinct::On(on))))
}

/// Rewrites a union: a column that is JSON in one branch becomes JSON in all.
fn united(union: Union, wanted: &[bool]) -> Result<Ordered> {
    let inputs: Vec<Ordered> =
        union.inputs.into_iter().map(|input| ordered(taken(input), wanted)).collect::<Result<_>>()?;
    let form = |index: usize| inputs.iter().find_map(|input| input.forms[index]);
    let forms: Vec<Option<Form>> = (0..wanted.len()).map(form).collect();
    let as_others = |input: Ordered| -> Result<Arc<LogicalPlan>> {
        if input.forms == forms {
            return Ok(input.plan.into());
        }
        let cell = |(index, column): (usize, Column)| {
            let own = Expr::Column(column.clone());
            let expr = match (forms[index], input.forms[index]) {
                (Some(form), Some(own_form)) if form != own_form => quoted(decoded(own, own_form)?)?,
                (Some(_), None) if !is_number_as_text(&input.plan, index) => quoted(own)?,
                _ => own,
            };
            named_as(expr, column.relation, column.name)
        };
        let exprs = columns(input.plan.schema()).into_iter().enumerate().map(cell).collect::<Result<_>>()?;
        Ok(LogicalPlan::Projection(Projection::try_new(exprs, input.plan.into())?).into())
    };
    let inputs = inputs.into_iter().map(as_others).collect::<Result<_>>()?;
    Ok(Ordered { plan: LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?), forms })
}

/// Whether a column has numbers that were cast to text to agree with another branch.
fn is_number_as_text(plan: &LogicalPlan, index: usize) -> bool {
    match plan {
        LogicalPlan::Projection(projection) => {
            projection.expr.get(index).is_some_and(|expr| form::is_number_as_text(expr, projection.input.schema()))
        }
        _ => false,
    }
}

/// Rewrites a join. Its conditions compare text, because their columns may be request parameters. A column that is both
/// compared and wanted as JSON is passed through twice.
fn joined(mut join: Join, wanted: &[bool]) -> Result<Ordered> {
    let (left, right) = (join.left.schema().fields().len(), join.right.schema().fields().len());
    let (of_left, of_right): (&[bool], &[bool]) = match join.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (wanted, &[]),
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (&[], wanted),
        _ => wanted.split_at(left),
    };
    let side = |wanted: &[bool], count: usize| (0..count).map(|i| wanted.get(i).copied().unwrap_or_default()).collect();
    let (of_left, of_right): (Vec<bool>, Vec<bool>) = (side(of_left, left), side(of_right, right));
    let compared = join.on.iter().flat_map(|(left, right)| [left, right]).chain(&join.filter);
    let compared: Vec<Column> = compared.flat_map(within).collect();
    let left = twofold(ordered(taken(join.left), &of_left)?, &compared, "left")?;
    let right = twofold(ordered(taken(join.right), &of_right)?, &compared, "right")?;
    let mut schema = left.plan.schema().as_ref().clone();
    schema.merge(right.plan.schema());
    let scope = Scope::new(&schema, &[]);
    let on = join.on.into_iter().map(|(a, b)| Ok((scope.plain(a)?, scope.plain(b)?)));
    join.on = on.collect::<Result<_>>()?;
    join.filter = join.filter.map(|filter| scope.plain(filter)).transpose()?;
    let sides = match join.join_type {
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => vec![(left.forms, left.others)],
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => vec![(right.forms, right.others)],
        _ => vec![(left.forms, left.others), (right.forms, right.others)],
    };
    (join.left, join.right) = (left.plan.into(), right.plan.into());
    let plan = LogicalPlan::Join(join).recompute_schema()?;
    let (mut forms, mut others) = (Vec::new(), Vec::new());
    for (own_forms, own_others) in sides {
        forms.extend(own_forms);
        others.extend(own_others);
    }
    // A mark join has one more column.
    let count = plan.schema().fields().len();
    forms.resize(count, None);
    others.resize(count, Other::None);
    if others.iter().all(|other| *other == Other::None) {
        return Ok(Ordered { plan, forms });
    }
    let (mut exprs, mut left) = (Vec::new(), Vec::new());
    for ((column, form), other) in columns(plan.schema()).into_iter().zip(forms).zip(others) {
        match other {
            Other::Itself => continue,
            Other::None => exprs.push(Expr::Column(column)),
            Other::Column(json) => {
                let json = Expr::Column(Column::new_unqualified(json));
                exprs.push(named_as(json, column.relation, column.name)?);
            }
        }
        left.push(form);
    }
    Ok(Ordered { plan: LogicalPlan::Projection(Projection::try_new(exprs, plan.into())?), forms: left })
}

/// The JSON column that belongs to a text column of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Other {
    None,
    /// The column of this name.
    Column(String),
    /// The column is itself such a JSON column.
    Itself,
}

/// One side of a join.
struct Twofold {
    plan: LogicalPlan,
    forms: Vec<Option<Form>>,
    others: Vec<Other>,
}

/// Decodes the compared columns of one side of a join to text, and appends their JSON as further columns.
fn twofold(side: Ordered, compared: &[Column], name: &str) -> Result<Twofold> {
    let Ordered { plan, mut forms } = side;
    let mut others = vec![Other::None; forms.len()];
    for index in compared.iter().filter_map(|column| plan.schema().maybe_index_of_column(column)) {
        if forms[index].is_some() {
            others[index] = Other::Column(format!("__json_{name}_{index}"));
        }
    }
    if others.iter().all(|other| *other == Other::None) {
        return Ok(Twofold { plan, forms, others });
    }
    let (mut exprs, mut beside) = (Vec::new(), Vec::new());
    for (index, column) in columns(plan.schema()).into_iter().enumerate() {
        let own = Expr::Column(column.clone());
        match (&others[index], forms[index]) {
            (Other::Column(json), Some(form)) => {
                exprs.push(named_as(decoded(own.clone(), form)?, column.relation, column.name)?);
                beside.push(own.alias(json));
            }
            _ => exprs.push(own),
        }
    }
    for _ in &beside {
        forms.push(None);
        others.push(Other::Itself);
    }
    exprs.extend(beside);
    Ok(Twofold { plan: LogicalPlan::Projection(Projection::try_new(exprs, plan.into())?), forms, others })
}
