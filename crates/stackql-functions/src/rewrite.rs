//! Rewrites SQLite syntax that DataFusion's planner does not accept into equivalent syntax.
//!
//! - A table function may use columns of the preceding relations without the keyword LATERAL; in the list of a SELECT it is
//!   unnested.
//! - `min` and `max` of several arguments are the least and the greatest value of a row, or NULL if one is NULL.
//! - `iif` becomes CASE.
//! - A text with a minus in front becomes a number.
//! - `GLOB` and `REGEXP` become functions.
//! - Values that are 1 or 0, other numbers, and texts that contain a number, are accepted as conditions.
//! - Results of `json_extract`, and the values of `json_each` and `json_tree`, keep their JSON type as arguments of functions
//!   that build JSON. A text column does not show which of its values are numbers, but the call does.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, JoinConstraint,
    Query, Select, TableFactor, TableWithJoins, UnaryOperator, Value, VisitMut, VisitorMut,
};

use crate::operators::CONDITION;
use crate::syntax::{call, constraint_mut};
use crate::{answers, postgres, table};

/// Rewrites a query for the planner. Names of relations and columns must be resolved before.
pub fn rewrite_query(query: &mut Query) {
    let _ = VisitMut::visit(query, &mut SqliteRewriter { trees: Vec::new() });
}

/// The functions that build JSON from values.
const MAKES_JSON: [&str; 15] = [
    "json_array",
    "json_object",
    "json_quote",
    "json_set",
    "json_insert",
    "json_replace",
    "json_group_array",
    "json_group_object",
    "json_agg",
    "jsonb_agg",
    "json_object_agg",
    "jsonb_object_agg",
    "json_build_array",
    "json_build_object",
    "to_json",
];

struct SqliteRewriter {
    /// The names of the `json_each` and `json_tree` relations of each enclosing SELECT, innermost last.
    trees: Vec<Vec<Ident>>,
}

impl VisitorMut for SqliteRewriter {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        postgres::limited(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, args: Some(args), .. } = factor
            && table::lookup(name).is_some()
        {
            *factor = TableFactor::Function {
                lateral: true,
                name: name.clone(),
                args: std::mem::take(&mut args.args),
                with_ordinality: false,
                alias: alias.take(),
            };
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.trees.push(trees(select));
        select.selection.iter_mut().chain(&mut select.having).for_each(condition);
        for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
            if let Some(JoinConstraint::On(expr)) = constraint_mut(&mut join.join_operator) {
                condition(expr);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        self.trees.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && let Some(name) = name(function)
            && MAKES_JSON.contains(&name.as_str())
            && let FunctionArguments::List(list) = &mut function.args
        {
            // Keys and paths are always texts.
            let first = usize::from(name.ends_with("object") || name.ends_with("object_agg"));
            for (index, argument) in list.args.iter_mut().enumerate() {
                let is_value = !name.contains("object") || index % 2 == first;
                if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument
                    && is_value
                    && let Some(other) = self.inside(argument)
                {
                    *argument = other;
                }
            }
        }
        if let Some(other) = postgres::otherwise(expr).or_else(|| otherwise(expr)) {
            *expr = other;
        }
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
                condition(left);
                condition(right);
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => condition(expr),
            Expr::Case { operand: None, conditions, .. } => {
                conditions.iter_mut().for_each(|when| condition(&mut when.condition));
            }
            Expr::Function(function) => function.filter.iter_mut().for_each(|filter| condition(filter)),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        unnested(expr);
        ControlFlow::Continue(())
    }
}

/// Unnests the call of a table function. Unnesting drops the JSON metadata; the `json` function restores it.
fn unnested(expr: &mut Expr) {
    if let Expr::Function(function) = expr
        && let Some(table) = table::lookup(&function.name)
    {
        let items = call("unnest", vec![expr.clone()]);
        *expr = if table.is_json() { call("json", vec![items]) } else { items };
    }
}

impl SqliteRewriter {
    /// The JSON expression that replaces a value as an argument of a function that builds JSON; `None` if it stays.
    fn inside(&self, value: &Expr) -> Option<Expr> {
        let of_tree = |tree: &Ident| {
            let kind = Expr::CompoundIdentifier(vec![tree.clone(), Ident::with_quote('"', "type")]);
            Some(call("json_of_kind", vec![value.clone(), kind]))
        };
        match value {
            Expr::Function(function) if name(function).as_deref() == Some("json_extract") => {
                let arguments = arguments(function).filter(|arguments| arguments.len() == 2)?;
                Some(call("json_at", arguments))
            }
            Expr::Identifier(column) if column.value == "value" => match self.trees.last()?.as_slice() {
                [only] => of_tree(only),
                _ => None,
            },
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [tree, column] if column.value == "value" => {
                    let is_it = |known: &&Ident| known.value.eq_ignore_ascii_case(&tree.value);
                    self.trees.iter().rev().find_map(|trees| trees.iter().find(is_it)).and_then(of_tree)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// The names of the `json_each` and `json_tree` relations in a FROM clause.
fn trees(select: &Select) -> Vec<Ident> {
    let joined = |from: &'_ TableWithJoins| -> Vec<TableFactor> {
        [from.relation.clone()].into_iter().chain(from.joins.iter().map(|join| join.relation.clone())).collect()
    };
    let called = |factor: TableFactor| match factor {
        TableFactor::Table { name, alias, args: Some(_), .. } | TableFactor::Function { name, alias, .. } => {
            let table = table::lookup(&name).filter(|table| table.is_tree())?;
            Some(alias.map_or_else(|| Ident::with_quote('"', table.name), |alias| alias.name))
        }
        _ => None,
    };
    select.from.iter().flat_map(joined).filter_map(called).collect()
}

/// The rewrite of GLOB, REGEXP, the minus of a text, `iif`, or `min` and `max` with several arguments.
fn otherwise(expr: &Expr) -> Option<Expr> {
    let function = match expr {
        Expr::BinaryOp { left, op: BinaryOperator::Custom(glob), right } if glob == "GLOB" => {
            return Some(is_so(call("glob", vec![*right.clone(), *left.clone()])));
        }
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } if is_text(expr) => {
            let zero = Expr::value(Value::Number("0".to_owned(), false));
            let negated = Expr::BinaryOp { left: Box::new(zero), op: BinaryOperator::Minus, right: expr.clone() };
            return Some(Expr::Nested(Box::new(negated)));
        }
        Expr::RLike { negated, expr, pattern, .. } => {
            let test = is_so(call("regexp_like", vec![*expr.clone(), *pattern.clone()]));
            return Some(match negated {
                true => Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(Expr::Nested(Box::new(test))) },
                false => test,
            });
        }
        Expr::Function(function) => function,
        _ => return None,
    };
    let arguments = arguments(function)?;
    match (name(function)?.as_str(), arguments.as_slice()) {
        ("iif" | "if", [condition, then]) => Some(case(condition.clone(), then.clone(), None)),
        ("iif" | "if", [condition, then, otherwise]) => {
            Some(case(condition.clone(), then.clone(), Some(otherwise.clone())))
        }
        (which @ ("min" | "max"), [_, _, ..]) => {
            let is_null = |argument: &Expr| Expr::IsNull(Box::new(argument.clone()));
            let or = |a, b| Expr::BinaryOp { left: Box::new(a), op: BinaryOperator::Or, right: Box::new(b) };
            let missing = arguments.iter().map(is_null).reduce(or)?;
            let chosen = call(if which == "min" { "least" } else { "greatest" }, arguments);
            Some(case(missing, Expr::value(Value::Null), Some(chosen)))
        }
        _ => None,
    }
}

/// Whether an expression is a text, judged by its syntax only.
fn is_text(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_text(inner),
        Expr::Value(value) => matches!(value.value, Value::SingleQuotedString(_)),
        Expr::BinaryOp { op, .. } => matches!(op, BinaryOperator::Arrow | BinaryOperator::LongArrow),
        Expr::Function(function) => {
            const TEXTS: [&str; 4] = ["json_extract", "json_get", "json_get_text", "strftime"];
            name(function).is_some_and(|name| TEXTS.contains(&name.as_str()))
        }
        _ => false,
    }
}

fn case(condition: Expr, then: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: then }],
        else_result: otherwise.map(Box::new),
    }
}

/// Rewrites a value to a condition. Most values show only by their type whether they are one: `as_condition` is removed again
/// from booleans once types are known.
fn condition(expr: &mut Expr) {
    match expr {
        Expr::Nested(inner) => condition(inner),
        Expr::Function(function) if name(function).is_some_and(|name| answers(&name)) => {
            *expr = is_so(expr.clone());
        }
        Expr::Identifier(_)
        | Expr::CompoundIdentifier(_)
        | Expr::Function(_)
        | Expr::Cast { .. }
        | Expr::Case { .. }
        | Expr::Subquery(_) => *expr = is_so(call(CONDITION.name, vec![expr.clone()])),
        Expr::Value(value) if matches!(value.value, Value::Number(..) | Value::SingleQuotedString(_)) => {
            *expr = is_so(call(CONDITION.name, vec![expr.clone()]));
        }
        Expr::BinaryOp { op, .. } if is_of_values(op) => *expr = is_so(call(CONDITION.name, vec![expr.clone()])),
        _ => {}
    }
}

/// Whether an operator returns values other than booleans.
fn is_of_values(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Arrow, Divide, LongArrow, Minus, Modulo, Multiply, Plus, StringConcat};
    matches!(op, Arrow | LongArrow | Plus | Minus | Multiply | Divide | Modulo | StringConcat)
}

/// The condition that a result of 1 or 0 is not 0.
pub(crate) fn is_so(answer: Expr) -> Expr {
    let zero = Expr::value(Value::Number("0".to_owned(), false));
    Expr::BinaryOp { left: Box::new(answer), op: BinaryOperator::NotEq, right: Box::new(zero) }
}

/// The unqualified name of a function call that is no window function, in lower case.
pub(crate) fn name(function: &Function) -> Option<String> {
    match function.name.0.as_slice() {
        [part] if function.over.is_none() => part.as_ident().map(|ident| ident.value.to_ascii_lowercase()),
        _ => None,
    }
}

pub(crate) fn arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let argument = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    list.args.iter().map(argument).collect()
}
