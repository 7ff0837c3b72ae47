//! Coercion of mixed types: booleans, numbers, texts and times in one list, CASE, function, pattern or UNION. The rule runs
//! before DataFusion's own coercion, which rejects some combinations, and casts texts to numbers, so that a single row with
//! another text would fail the statement.
//!
//! - In a comparison, a boolean is 1 or 0 next to numbers and texts, and a text is the number that it contains, or NULL
//!   ([`operators`](crate::operators)).
//! - As results of one expression, booleans become numbers next to numbers; next to a text, all become texts.
//! - Where a text is expected, numbers, booleans and times are cast to text.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult};
use datafusion::common::{Column, DFSchema, ScalarValue, TableReference};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{AggregateFunction, Between, Case, InList, Like, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, ExprSchemable, LogicalPlan, Operator, Projection, Union};
use datafusion::optimizer::AnalyzerRule;
use datafusion::prelude::{Expr, cast, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::aggregates::gathering;
use crate::expressions::rewritten;
use crate::lenient::{Agreement, LenientUdf, inside};
use crate::operators::{sides, spelled, truth_of};
use crate::order::is_marked;

/// The analyzer rule.
#[derive(Debug)]
pub(crate) struct CoercionRule;

impl AnalyzerRule for CoercionRule {
    fn name(&self) -> &'static str {
        "coercion_of_kinds"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|plan| {
            let plan = match plan {
                LogicalPlan::Union(union) => united(union)?,
                other => Transformed::no(other),
            };
            plan.transform_data(|plan| rewritten(plan, coerced))
        })
        .data()
    }
}

fn coerced(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    Ok(match expr {
        Expr::InList(list) => in_list(list, schema)?,
        Expr::Between(Between { expr, negated, low, high }) => {
            let from = comparison(&expr, BinaryOperator::GtEq, &low, schema);
            let to = comparison(&expr, BinaryOperator::LtEq, &high, schema);
            match (from, to) {
                // Both bounds coerce the value in the same way, so it stays a BETWEEN.
                ((a, low), (b, high)) if a == b => {
                    let (expr, low, high) = (Box::new(a), Box::new(low), Box::new(high));
                    Transformed::yes(Expr::Between(Between { expr, negated, low, high }))
                }
                ((a, low), (b, high)) => {
                    let range = a.gt_eq(low).and(b.lt_eq(high));
                    Transformed::yes(if negated { Expr::Not(Box::new(range)) } else { range })
                }
            }
        }
        Expr::Like(Like { negated, expr, pattern, escape_char, case_insensitive }) => {
            let (expr, pattern) = (as_text(*expr, schema).into(), as_text(*pattern, schema).into());
            Transformed::yes(Expr::Like(Like { negated, expr, pattern, escape_char, case_insensitive }))
        }
        Expr::Case(case) => Transformed::yes(Expr::Case(branches(case, schema)?)),
        Expr::ScalarFunction(ScalarFunction { func, args }) => {
            let Some(LenientUdf { function, agreement, .. }) = inside(&func) else {
                return Ok(Transformed::no(Expr::ScalarFunction(ScalarFunction { func, args })));
            };
            let args = match (agreement, args.as_slice()) {
                (Agreement::Text, [first, others @ ..]) => {
                    std::iter::once(as_text(first.clone(), schema)).chain(others.iter().cloned()).collect()
                }
                (Agreement::Texts, _) => args.into_iter().map(|argument| as_text(argument, schema)).collect(),
                (Agreement::Same, _) => agreeing(args, schema),
                (Agreement::Compared, [left, right]) if kind(left) != kind(right) => {
                    let (a, b) = comparison(left, BinaryOperator::Eq, right, schema);
                    let when = vec![(Box::new(a.eq(b)), Box::new(lit(ScalarValue::Null)))];
                    return Ok(Transformed::yes(Expr::Case(Case::new(None, when, Some(Box::new(left.clone()))))));
                }
                _ => args,
            };
            Transformed::yes(function.call(args))
        }
        // An `array_agg` of JSON values is a JSON array.
        Expr::AggregateFunction(AggregateFunction { func, params }) if func.name() == "array_agg" => {
            let is_json = params.args.iter().any(|arg| arg.to_field(schema).is_ok_and(|(_, field)| is_marked(&field)));
            match if is_json { gathering("json_group_array") } else { None } {
                Some(func) => {
                    Transformed::yes(Expr::AggregateFunction(AggregateFunction { func: Arc::new(func), params }))
                }
                None => Transformed::no(Expr::AggregateFunction(AggregateFunction { func, params })),
            }
        }
        // `as_condition(x) <> 0`, as `rewrite` plans a condition of unknown type: a boolean is used directly.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::NotEq, right }) => match truth_of(&left) {
            Some(value) if kind(value) == DataType::Boolean => Transformed::yes(value.clone()),
            _ => Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op: Operator::NotEq, right })),
        },
        other => Transformed::no(other),
    })
}

/// The two sides of a comparison, coerced to each other.
fn comparison(left: &Expr, op: BinaryOperator, right: &Expr, schema: &DFSchema) -> (Expr, Expr) {
    sides(&op, left.clone(), right.clone(), schema)
}

/// IN with each item coerced to the value: a list if the value stays the same for all items, else a chain of OR.
fn in_list(InList { expr, list, negated }: InList, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    let own = kind(&expr);
    let is_settled = list.iter().all(|item| {
        let other = kind(item);
        other == own || other.is_null() || (own.is_numeric() && other.is_numeric())
    });
    // Equal types, and numbers of different types, are left to DataFusion.
    if is_settled || own.is_null() || own.is_nested() {
        return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
    }
    let pairs: Vec<(Expr, Expr)> = match expr.as_ref() {
        Expr::Column(_) if own.is_string() => {
            list.iter().map(|item| (expr.as_ref().clone(), spelled(item.clone(), &expr, &own))).collect()
        }
        _ => Vec::new(),
    };
    let is_text = |(_, item): &(Expr, Expr)| kind(item).is_string() || kind(item).is_null();
    let pairs = match !pairs.is_empty() && pairs.iter().all(is_text) {
        true => pairs,
        false => list.iter().map(|item| comparison(&expr, BinaryOperator::Eq, item, schema)).collect(),
    };
    let Some((first, _)) = pairs.first() else {
        return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
    };
    if pairs.iter().all(|(side, _)| side == first) {
        let expr = Box::new(first.clone());
        let list = pairs.into_iter().map(|(_, item)| item).collect();
        return Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })));
    }
    let any = pairs.into_iter().map(|(left, right)| left.eq(right)).reduce(Expr::or).unwrap_or_else(|| lit(false));
    Ok(Transformed::yes(if negated { Expr::Not(Box::new(any)) } else { any }))
}

/// Coerces CASE: its operand is compared as `=` compares, and its results are cast to a common type.
fn branches(Case { expr, when_then_expr, else_expr }: Case, schema: &DFSchema) -> Result<Case> {
    let kind = |expr: &Expr| expr.get_type(schema).unwrap_or(DataType::Null);
    let differs = |operand: &Expr| when_then_expr.iter().any(|(when, _)| kind(when) != kind(operand));
    let operand = match expr {
        Some(operand) if differs(&operand) => Err(operand),
        other => Ok(other),
    };
    let (whens, thens): (Vec<Expr>, Vec<Expr>) = when_then_expr.into_iter().map(|(when, then)| (*when, *then)).unzip();
    let has_else = else_expr.is_some();
    let mut results = agreeing(thens.into_iter().chain(else_expr.map(|expr| *expr)).collect(), schema);
    let otherwise = if has_else { results.pop().map(Box::new) } else { None };
    let when = |when: Expr| match &operand {
        Ok(_) => when,
        Err(operand) => {
            let (left, right) = comparison(operand, BinaryOperator::Eq, &when, schema);
            left.eq(right)
        }
    };
    let whens: Vec<Expr> = whens.into_iter().map(when).collect();
    let pairs = whens.into_iter().zip(results).map(|(when, then)| (Box::new(when), Box::new(then))).collect();
    Ok(Case::new(operand.unwrap_or(None), pairs, otherwise))
}

/// The common type of results of these types, where DataFusion has none or would cast texts to numbers; `None` where its own
/// coercion applies.
pub(crate) fn common<'a>(kinds: impl Iterator<Item = &'a DataType> + Clone) -> Option<DataType> {
    let kinds = kinds.filter(|kind| !kind.is_null());
    let is_plain = |kind: &DataType| {
        kind.is_string() || kind.is_numeric() || matches!(kind, DataType::Boolean | DataType::Timestamp(..))
    };
    if !kinds.clone().all(is_plain) {
        return None;
    }
    let has = |wanted: fn(&DataType) -> bool| kinds.clone().any(wanted);
    let (texts, others) = (has(DataType::is_string), has(|kind| !kind.is_string()));
    let (truths, numbers) = (has(|kind| *kind == DataType::Boolean), has(DataType::is_numeric));
    match () {
        () if texts && others => Some(DataType::Utf8),
        () if truths && numbers => Some(DataType::Int64),
        () => None,
    }
}

/// Casts the results of one expression to their common type.
fn agreeing(results: Vec<Expr>, schema: &DFSchema) -> Vec<Expr> {
    let kinds: Vec<DataType> = results.iter().map(|result| result.get_type(schema).unwrap_or(DataType::Null)).collect();
    let Some(common) = common(kinds.iter()) else { return results };
    results.into_iter().zip(kinds).map(|(result, kind)| member(result, &kind, &common)).collect()
}

/// Casts one result to the common type. Next to booleans, numbers keep their type, so that fractions are not lost.
fn member(result: Expr, kind: &DataType, common: &DataType) -> Expr {
    match common {
        DataType::Utf8 => written(result, kind),
        _ if *kind == DataType::Boolean => cast(result, DataType::Int64),
        _ => result,
    }
}

/// The value cast to text.
fn written(value: Expr, kind: &DataType) -> Expr {
    if kind.is_string() || kind.is_null() { value } else { cast(value, DataType::Utf8) }
}

/// A value cast to text where a text is expected; other types stay, and DataFusion reports them.
fn as_text(expr: Expr, schema: &DFSchema) -> Expr {
    match expr.get_type(schema) {
        Ok(kind) if kind.is_numeric() || matches!(kind, DataType::Boolean | DataType::Timestamp(..)) => {
            written(expr, &kind)
        }
        _ => expr,
    }
}

/// Casts the columns of a UNION to common types.
fn united(union: Union) -> Result<Transformed<LogicalPlan>> {
    let width = union.inputs.first().map_or(0, |input| input.schema().fields().len());
    if union.inputs.iter().any(|input| input.schema().fields().len() != width) {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let kinds = |at: usize| union.inputs.iter().map(move |input| input.schema().field(at).data_type());
    let common: Vec<Option<DataType>> = (0..width).map(|at| common(kinds(at))).collect();
    if common.iter().all(Option::is_none) {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let agreeing = |input: Arc<LogicalPlan>| -> Result<Arc<LogicalPlan>> {
        let column = |(at, (qualifier, field)): (usize, (Option<&TableReference>, &FieldRef))| {
            let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
            match &common[at] {
                Some(common) if field.data_type() != common => {
                    member(column, field.data_type(), common).alias_qualified(qualifier.cloned(), field.name())
                }
                _ => column,
            }
        };
        let columns = input.schema().iter().enumerate().map(column).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, input)?).into())
    };
    let inputs = union.inputs.into_iter().map(agreeing).collect::<Result<_>>()?;
    Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?)))
}
