//! SQL functions with SQLite's semantics and PostgreSQL's JSON operators, registered in a DataFusion session.
//!
//! A scalar function is a `Function`: a name, and a Rust function from the arguments of one row to its value. The families are
//! modules: `json`, `dates`, `text` with `printf`, `patterns`, `math`, `json_compare`, `aggregates`. `operators` and `coercion`
//! compare texts with numbers, `computed` is arithmetic on both. `checked` and `sums` report overflow as an error, and `order`
//! orders JSON values. Table functions are in `table`; `lateral` allows columns of other relations as their arguments.
//!
//! [`register`] adds all of them to a session; [`rewrite_query`] rewrites SQLite syntax that DataFusion's planner rejects.

mod aggregates;
mod checked;
mod coercion;
mod computed;
mod dates;
mod error;
mod expressions;
mod function;
mod json;
mod json_compare;
mod json_results;
mod lateral;
mod lenient;
mod math;
mod numeric_coercion;
mod operators;
mod order;
mod patterns;
mod postgres;
mod printf;
mod rewrite;
mod sums;
mod syntax;
mod table;
mod text;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::ScalarUDF;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::optimizer::Analyzer;

pub use error::Error;
pub use function::FunctionDoc;
pub use operators::is_comparison;
pub use rewrite::rewrite_query;
pub use syntax::{call, call_in_order, constraint, constraint_mut};
pub use table::columns;
pub use value::{FORMAT_KEY, JSON, TEXT};

use function::{Function, ReturnType};
use value::Type;

/// The documentation of a function, and its aliases.
pub type Named = (FunctionDoc, &'static [&'static str]);

/// The documentation of all functions, by family, for the reference page of functions.
pub fn reference() -> Vec<(&'static str, Vec<Named>)> {
    let of = |functions: &[Function]| -> Vec<Named> {
        functions.iter().map(|function| (function.doc, function.other_names)).collect()
    };
    let tables = json::rows::ALL.iter().map(|table| (table.doc, table.other_names)).collect();
    let aggregates = aggregates::ALL.iter().map(|gathering| (gathering.doc, gathering.other_names));
    let none: &[&str] = &[];
    let aggregates = aggregates.chain([(aggregates::TOTAL, none)]).collect();
    vec![
        ("JSON, read", of(json::read::ALL)),
        ("JSON, built", of(json::build::ALL)),
        ("JSON, changed", of(json::change::ALL)),
        ("JSON, as rows", tables),
        ("JSON, compared", of(json_compare::ALL)),
        ("Dates and times", of(dates::ALL)),
        ("Texts", of(text::ALL)),
        ("Patterns", of(patterns::ALL)),
        ("Numbers", of(math::ALL)),
        ("Aggregates", aggregates),
    ]
}

/// The scalar functions of all families but `dates`, whose functions depend on the start time of the statement.
fn functions() -> impl Iterator<Item = &'static Function> {
    let json =
        [json::read::ALL, json::read::INSIDE, json::order::ALL, json::build::ALL, json::change::ALL, json_compare::ALL];
    json.into_iter().chain([text::ALL, patterns::ALL, math::ALL, &[operators::CONDITION]]).flatten()
}

/// Whether the function of this name returns a condition, 1 or 0.
fn answers(name: &str) -> bool {
    functions().any(|function| function.name == name && matches!(function.returns, ReturnType::Always(Type::Answer)))
}

/// The scalar function of this name; aliases are not considered.
fn scalar_function(name: &str) -> Option<ScalarUDF> {
    functions().find(|function| function.name == name).map(|function| function.udf())
}

/// Adds the functions, planners and rules of this crate to a session. The builder must contain DataFusion's own functions
/// already; a function of this crate replaces one of the same name.
pub fn register(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    let scalars = functions().map(|function| function.udf());
    let scalars = scalars.chain(dates::ALL.iter().map(|function| dates::udf(*function)));
    let scalars = scalars.chain(json::rows::ALL.iter().map(|table| table.udf()));
    let known = builder.scalar_functions().get_or_insert_default();
    let lenient: Vec<_> = known.iter().filter_map(lenient::lenient).collect();
    known.extend(scalars.chain(lenient).map(Arc::new));
    let aggregates = aggregates::ALL.iter().map(|gathering| gathering.udaf()).chain([aggregates::total(), sums::sum()]);
    builder.aggregate_functions().get_or_insert_default().extend(aggregates.map(Arc::new));
    // DataFusion uses the first planner that plans an operator.
    let planners = builder.expr_planners().get_or_insert_default();
    planners.insert(0, Arc::new(operators::SqliteExprPlanner) as Arc<dyn ExprPlanner>);
    // This rule runs before DataFusion's coercion, which rejects some mixed types and casts texts to numbers.
    let mut rules = Analyzer::new().rules;
    rules.insert(0, Arc::new(coercion::CoercionRule));
    rules.push(Arc::new(lateral::UnnestLateralRule));
    rules.push(Arc::new(order::JsonOrderRule));
    rules.push(Arc::new(checked::CheckedArithmeticRule));
    rules.push(Arc::new(json_results::JsonResultsRule));
    builder.with_relation_planners(vec![Arc::new(table::TableFunctionPlanner)]).with_analyzer_rules(rules)
}
