//! Pieces of SQL's syntax tree that rewriting makes or takes apart, here and in the engine.

use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArgumentList, FunctionArguments,
    Ident, JoinConstraint, JoinOperator, ObjectName, OrderByExpr,
};

/// The call of a function.
pub fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    call_in_order(name, arguments, Vec::new())
}

/// The call of an aggregate whose rows come in this order.
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

/// The constraint of an inner or outer join that is borrowed in either way.
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

/// What an inner or outer join is on; nothing of the other kinds.
pub fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    constraint_of!(join)
}

/// The same, to be changed.
pub fn constraint_mut(join: &mut JoinOperator) -> Option<&mut JoinConstraint> {
    constraint_of!(join)
}
