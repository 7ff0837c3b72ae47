//! Builds and matches nodes of the SQL syntax tree, for rewriting here and in the engine.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments,
    Ident, JoinConstraint, JoinOperator, ObjectName, OrderByExpr,
};

/// A function call with these arguments.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    call_in_order(name, arguments, Vec::new())
}

/// An aggregate call with an `ORDER BY` of its rows; without one if `order` is empty.
pub fn call_in_order(name: &str, arguments: Vec<Expr>, order: Vec<OrderByExpr>) -> Expr {
    let argument = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    let order = (!order.is_empty()).then_some(FunctionArgumentClause::OrderBy(order));
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.into_iter().map(argument).collect(),
            clauses: order.into_iter().collect(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// Matches the constraint of an inner or outer join, by shared or mutable reference.
macro_rules! constraint_of {
    ($join:expr) => {
        match $join {
            JoinOperator::Join(constraint)
            | JoinOperator::Inner(constraint)
            | JoinOperator::Left(constraint)
            | JoinOperator::LeftOuter(constraint)
            | JoinOperator::Right(constraint)
            | JoinOperator::RightOuter(constraint)
            | JoinOperator::FullOuter(constraint) => Some(constraint),
            _ => None,
        }
    };
}

/// The constraint of an inner or outer join; `None` for other joins.
pub fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    constraint_of!(join)
}

/// [`constraint`] by mutable reference.
pub fn constraint_mut(join: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    constraint_of!(join)
}
