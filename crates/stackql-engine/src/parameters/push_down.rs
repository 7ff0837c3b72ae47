//! Pushes conditions down a plan to the columns of scans, through every node below which they have the same meaning, and
//! rebuilds the plan on the way up. Below any other node, a scan learns only that a condition on its column exists.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::{Exists, InSubquery, SetComparison};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Filter, LogicalPlan, Projection, Sort, Subquery, SubqueryAlias, Union, Window,
};

use super::condition::{Condition, Kind, rewritten};
use super::expose::{alias, exposed};
use super::{Binder, BoundBy, PushedDown, Resolution};
use crate::bind_join::key_pushdown::as_column;

impl Binder {
    /// Pushes `conditions`, which are on columns of the plan's output, down to its scans.
    pub(super) fn push_down(&self, plan: LogicalPlan, conditions: &[Condition]) -> Result<PushedDown> {
        match plan {
            LogicalPlan::TableScan(scan) => self.scan(scan, conditions),
            LogicalPlan::Filter(filter) => self.filter(filter, conditions),
            LogicalPlan::Join(join) => self.join(join, conditions),
            LogicalPlan::Projection(projection) => self.projection(projection, conditions),
            LogicalPlan::SubqueryAlias(alias) => self.alias(alias, conditions),
            LogicalPlan::Aggregate(aggregate) => self.aggregate(aggregate, conditions),
            LogicalPlan::Window(window) => self.window(window, conditions),
            LogicalPlan::Union(union) => self.union(union, conditions),
            LogicalPlan::Distinct(Distinct::All(input)) => {
                let PushedDown { plan, resolutions } =
                    self.push_down(Arc::unwrap_or_clone(input), &grouped(conditions))?;
                Ok(PushedDown { plan: LogicalPlan::Distinct(Distinct::All(Arc::new(plan))), resolutions })
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let PushedDown { plan, resolutions } = self.push_down(Arc::unwrap_or_clone(sort.input), conditions)?;
                Ok(PushedDown { plan: LogicalPlan::Sort(Sort { input: Arc::new(plan), ..sort }), resolutions })
            }
            LogicalPlan::Subquery(subquery) => {
                let PushedDown { plan, resolutions } =
                    self.push_down(Arc::unwrap_or_clone(subquery.subquery), conditions)?;
                Ok(PushedDown {
                    plan: LogicalPlan::Subquery(Subquery { subquery: Arc::new(plan), ..subquery }),
                    resolutions,
                })
            }
            other => self.barrier(other, conditions),
        }
    }

    /// A node below which conditions would have another meaning: they are pushed down as `Kind::Other`, which binds nothing.
    pub(super) fn barrier(&self, plan: LogicalPlan, conditions: &[Condition]) -> Result<PushedDown> {
        let mut resolutions = vec![Resolution::Filter; conditions.len()];
        let plan = self.subqueries(plan)?;
        let plan = plan.map_children(|child| {
            let columns = child.schema().columns();
            let known: Vec<usize> =
                (0..conditions.len()).filter(|at| columns.contains(&conditions[*at].column)).collect();
            let below: Vec<Condition> =
                known.iter().map(|at| Condition::other(conditions[*at].column.clone())).collect();
            let PushedDown { plan, resolutions: of_child } = self.push_down(child, &below)?;
            for (at, resolution) in known.into_iter().zip(of_child) {
                resolutions[at] = resolution;
            }
            // This node's output has no use for parameter columns that are exposed further down.
            if plan.schema().fields().len() == columns.len() {
                return Ok(Transformed::yes(plan));
            }
            let columns = columns.into_iter().map(Expr::Column).collect();
            Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?)))
        })?;
        Ok(PushedDown { plan: plan.data, resolutions })
    }

    fn filter(&self, filter: Filter, above: &[Condition]) -> Result<PushedDown> {
        let schema = Arc::clone(filter.input.schema());
        let mut conditions = above.to_vec();
        let mut conjuncts = Vec::new();
        for conjunct in split_conjunction_owned(filter.predicate) {
            let first = conditions.len();
            conditions.extend(self.conditions(&conjunct, &schema));
            conjuncts.push((self.within(conjunct)?, first..conditions.len()));
        }
        let PushedDown { plan, mut resolutions } = self.push_down(Arc::unwrap_or_clone(filter.input), &conditions)?;
        let kept = conjuncts
            .into_iter()
            .map(|(conjunct, own)| rewritten(conjunct, &conditions[own.clone()], &resolutions[own]));
        let kept: Vec<Expr> = kept.filter_map(Result::transpose).collect::<Result<_>>()?;
        resolutions.truncate(above.len());
        let plan = match conjunction(kept) {
            Some(kept) => LogicalPlan::Filter(Filter::try_new(kept, Arc::new(plan))?),
            None => plan,
        };
        Ok(PushedDown { plan, resolutions })
    }

    fn projection(&self, projection: Projection, conditions: &[Condition]) -> Result<PushedDown> {
        let plan = self.subqueries(LogicalPlan::Projection(projection))?;
        let LogicalPlan::Projection(projection) = plan else { return Ok(PushedDown::untouched(plan, conditions)) };
        let below = Below::new(conditions, |column| {
            let at = projection.schema.maybe_index_of_column(column)?;
            Some(Beneath::from_expr(&projection.expr[at]))
        });
        let PushedDown { plan, resolutions } =
            self.push_down(Arc::unwrap_or_clone(projection.input), &below.conditions)?;
        let resolutions = below.resolutions(resolutions);
        let aliased = exposed(&resolutions).into_iter().map(|column| match &column {
            Expr::Column(own) => column.clone().alias(alias(own)),
            _ => column,
        });
        let columns = projection.expr.into_iter().chain(aliased).collect();
        let resolutions = Resolution::renamed(resolutions, |column| Column::new_unqualified(alias(&column)));
        Ok(PushedDown { plan: LogicalPlan::Projection(Projection::try_new(columns, Arc::new(plan))?), resolutions })
    }

    fn alias(&self, alias: SubqueryAlias, conditions: &[Condition]) -> Result<PushedDown> {
        let columns = alias.input.schema().columns();
        let below = Below::new(conditions, |column| {
            Some(Beneath::Column(columns[alias.schema.maybe_index_of_column(column)?].clone()))
        });
        let PushedDown { plan, resolutions } = self.push_down(Arc::unwrap_or_clone(alias.input), &below.conditions)?;
        let name = alias.alias;
        let of_alias = |column: Column| Column::new(Some(name.clone()), column.name);
        let resolutions = Resolution::renamed(below.resolutions(resolutions), of_alias);
        Ok(PushedDown { plan: LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(plan), name)?), resolutions })
    }

    fn aggregate(&self, aggregate: Aggregate, conditions: &[Condition]) -> Result<PushedDown> {
        let plan = self.subqueries(LogicalPlan::Aggregate(aggregate))?;
        let LogicalPlan::Aggregate(aggregate) = plan else { return Ok(PushedDown::untouched(plan, conditions)) };
        let is_set = aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_)));
        let below = Below::new(&grouped(conditions), |column| {
            let at = aggregate.schema.maybe_index_of_column(column)?;
            match aggregate.group_expr.get(at) {
                Some(expr) if is_set => Some(Beneath::Expression(expr.clone())),
                Some(expr) => Some(Beneath::from_expr(expr)),
                // The minimum and the maximum of a group are values of its rows.
                None => match aggregate.aggr_expr.get(at.checked_sub(aggregate.group_expr.len())?)? {
                    Expr::AggregateFunction(call) if ["min", "max"].contains(&call.func.name()) => {
                        Some(Beneath::Expression(call.params.args.first()?.clone()))
                    }
                    _ => None,
                },
            }
        });
        let PushedDown { plan, resolutions } =
            self.push_down(Arc::unwrap_or_clone(aggregate.input), &below.conditions)?;
        let resolutions = below.resolutions(resolutions);
        let groups = aggregate.group_expr.into_iter().chain(exposed(&resolutions)).collect();
        let plan = Aggregate::try_new(Arc::new(plan), groups, aggregate.aggr_expr)?;
        Ok(PushedDown { plan: LogicalPlan::Aggregate(plan), resolutions })
    }

    fn window(&self, window: Window, conditions: &[Condition]) -> Result<PushedDown> {
        let plan = self.subqueries(LogicalPlan::Window(window))?;
        let LogicalPlan::Window(window) = plan else { return Ok(PushedDown::untouched(plan, conditions)) };
        let is_partitioned_by = |column: &Column| {
            let by = |expr: &Expr| {
                let expr = if let Expr::Alias(alias) = expr { alias.expr.as_ref() } else { expr };
                matches!(expr, Expr::WindowFunction(f) if f.params.partition_by.contains(&Expr::Column(column.clone())))
            };
            window.window_expr.iter().all(by)
        };
        let input = Arc::clone(window.input.schema());
        let below = Below::new(&grouped(conditions), |column| {
            let is_of_input = input.has_column(column);
            match is_of_input && is_partitioned_by(column) {
                true => Some(Beneath::Column(column.clone())),
                // A condition on the result of a window function is not one on the columns that it is computed from.
                false => is_of_input.then(|| Beneath::Expression(Expr::Column(column.clone()))),
            }
        });
        let PushedDown { plan, resolutions } = self.push_down(Arc::unwrap_or_clone(window.input), &below.conditions)?;
        let plan = LogicalPlan::Window(Window::try_new(window.window_expr, Arc::new(plan))?);
        Ok(PushedDown { plan, resolutions: below.resolutions(resolutions) })
    }

    fn union(&self, union: Union, conditions: &[Condition]) -> Result<PushedDown> {
        let width = union.schema.fields().len();
        let mut inputs = Vec::with_capacity(union.inputs.len());
        for input in union.inputs {
            let columns = input.schema().columns();
            let below = Below::new(conditions, |column| {
                Some(Beneath::Column(columns[union.schema.maybe_index_of_column(column)?].clone()))
            });
            let PushedDown { plan, resolutions } = self.push_down(Arc::unwrap_or_clone(input), &below.conditions)?;
            let own: Vec<Option<Column>> = conditions
                .iter()
                .map(|c| Some(columns[union.schema.maybe_index_of_column(&c.column)?].clone()))
                .collect();
            inputs.push((plan, columns, own, below.resolutions(resolutions)));
        }
        let merged: Vec<Resolution> = (0..conditions.len())
            .map(|at| {
                let of_inputs: Vec<&Resolution> = inputs.iter().map(|(.., resolutions)| &resolutions[at]).collect();
                let is = |resolution: &Resolution| of_inputs.contains(&resolution);
                let parameter = of_inputs.iter().find(|resolution| matches!(resolution, Resolution::Parameter { .. }));
                match parameter {
                    Some(resolution) => (*resolution).clone(),
                    None if is(&Resolution::Bound) => Resolution::Bound,
                    None if is(&Resolution::OnScope) => Resolution::OnScope,
                    None if is(&Resolution::Binds) => Resolution::Binds,
                    None => Resolution::Filter,
                }
            })
            .collect();
        let exposed: Vec<usize> =
            (0..merged.len()).filter(|at| matches!(merged[*at], Resolution::Parameter { .. })).collect();
        let mut plans = Vec::with_capacity(inputs.len());
        for (mut plan, columns, own, resolutions) in inputs {
            for (at, condition) in conditions.iter().enumerate() {
                // A condition that binds a parameter of one input is a filter on the rows of another.
                if let (Resolution::Bound, false, Kind::Literal(literal), Some(column)) =
                    (&merged[at], resolutions[at] == Resolution::Bound, &condition.kind, &own[at])
                {
                    plan = LogicalPlan::Filter(Filter::try_new(literal.on(column.clone())?, Arc::new(plan))?);
                }
            }
            let mut shown: Vec<Expr> = columns.into_iter().map(Expr::Column).collect();
            for at in &exposed {
                let column = match &resolutions[*at] {
                    Resolution::Parameter { column, .. } => Some(column),
                    _ => own[*at].as_ref(),
                };
                shown.extend(column.map(|column| Expr::Column(column.clone()).alias(format!("parameter {at}"))));
            }
            if !exposed.is_empty() {
                plan = LogicalPlan::Projection(Projection::try_new(shown, Arc::new(plan))?);
            }
            plans.push(Arc::new(plan));
        }
        if exposed.is_empty() {
            return Ok(PushedDown {
                plan: LogicalPlan::Union(Union { inputs: plans, schema: union.schema }),
                resolutions: merged,
            });
        }
        let union = Union::try_new_with_loose_types(plans)?;
        let columns = union.schema.columns();
        let at_of = |at: usize| exposed.iter().position(|e| *e == at).map(|i| columns[width + i].clone());
        let resolutions = merged.into_iter().enumerate().map(|(at, resolution)| match (resolution, at_of(at)) {
            (Resolution::Parameter { by, .. }, Some(column)) => Resolution::Parameter { column, by },
            (resolution, _) => resolution,
        });
        let resolutions = resolutions.collect();
        Ok(PushedDown { plan: LogicalPlan::Union(union), resolutions })
    }

    /// Binds parameters in the subqueries of a node's expressions, each of which is a separate plan.
    fn subqueries(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        Ok(plan.map_subqueries(|subquery| Ok(Transformed::yes(self.push_down(subquery, &[])?.plan)))?.data)
    }

    /// Binds parameters in the subqueries of a conjunct. The subquery of `column IN (…)` returns a parameter column in place of
    /// its field, where the equation with the outer column binds it.
    pub(super) fn within(&self, conjunct: Expr) -> Result<Expr> {
        match conjunct {
            Expr::InSubquery(InSubquery { expr, subquery, negated: false }) => {
                let columns = subquery.subquery.schema().columns();
                let equation = |column: &Column| Condition {
                    column: column.clone(),
                    kind: Kind::Equation { paired: false, grouped: false },
                };
                let conditions: Vec<Condition> = columns.iter().take(1).map(equation).collect();
                let inner = Arc::unwrap_or_clone(subquery.subquery);
                let PushedDown { plan, resolutions } = self.push_down(inner, &conditions)?;
                let shown = match resolutions.first() {
                    Some(Resolution::Parameter { column, by: BoundBy::Equation | BoundBy::Equations }) => {
                        Some(column.clone())
                    }
                    _ if plan.schema().fields().len() > columns.len() => columns.first().cloned(),
                    _ => None,
                };
                let plan = match shown {
                    Some(column) => {
                        LogicalPlan::Projection(Projection::try_new(vec![Expr::Column(column)], Arc::new(plan))?)
                    }
                    None => plan,
                };
                let subquery = Subquery { subquery: Arc::new(plan), ..subquery };
                Ok(Expr::InSubquery(InSubquery { expr, subquery, negated: false }))
            }
            other => other.transform_down(|expr| self.subquery_within(expr)).data(),
        }
    }

    fn subquery_within(&self, expr: Expr) -> Result<Transformed<Expr>> {
        let descended = |subquery: Subquery| {
            let plan = self.push_down(Arc::unwrap_or_clone(subquery.subquery), &[])?.plan;
            Ok::<_, DataFusionError>(Subquery { subquery: Arc::new(plan), ..subquery })
        };
        Ok(Transformed::yes(match expr {
            Expr::Exists(Exists { subquery, negated }) => {
                Expr::Exists(Exists { subquery: descended(subquery)?, negated })
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                Expr::InSubquery(InSubquery { expr, subquery: descended(subquery)?, negated })
            }
            Expr::ScalarSubquery(subquery) => Expr::ScalarSubquery(descended(subquery)?),
            Expr::SetComparison(comparison) => {
                let subquery = descended(comparison.subquery)?;
                Expr::SetComparison(SetComparison { subquery, ..comparison })
            }
            other => return Ok(Transformed::no(other)),
        }))
    }
}

/// The conditions below a node that merges rows.
fn grouped(conditions: &[Condition]) -> Vec<Condition> {
    conditions.iter().map(Condition::grouped).collect()
}

/// What a column of a node's output is computed from, in the node's input.
enum Beneath {
    /// A column as it is.
    Column(Column),
    /// An expression; a condition on it is not one on a single column.
    Expression(Expr),
}

impl Beneath {
    fn from_expr(expr: &Expr) -> Self {
        as_column(expr).map_or_else(|| Self::Expression(expr.clone()), Self::Column)
    }
}

/// The conditions to push below a node, and the index of the original condition of each.
struct Below {
    conditions: Vec<Condition>,
    origins: Vec<usize>,
    count: usize,
}

impl Below {
    fn new(above: &[Condition], beneath: impl Fn(&Column) -> Option<Beneath>) -> Self {
        let (mut conditions, mut origins) = (Vec::new(), Vec::new());
        for (at, condition) in above.iter().enumerate() {
            match beneath(&condition.column) {
                Some(Beneath::Column(column)) => conditions.push(condition.on(column)),
                Some(Beneath::Expression(expr)) => {
                    conditions.extend(expr.column_refs().into_iter().cloned().map(Condition::other));
                }
                None => {}
            }
            origins.resize(conditions.len(), at);
        }
        Self { conditions, origins, count: above.len() }
    }

    /// The resolutions of the original conditions.
    fn resolutions(&self, below: Vec<Resolution>) -> Vec<Resolution> {
        let mut resolutions = vec![Resolution::Filter; self.count];
        for (resolution, origin) in below.into_iter().zip(&self.origins) {
            if resolution != Resolution::Filter {
                resolutions[*origin] = resolution;
            }
        }
        resolutions
    }
}
