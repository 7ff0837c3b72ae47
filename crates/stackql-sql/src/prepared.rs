//! A statement with places for values, `$1` and on, and the statement that values make of it.

use std::ops::ControlFlow;

use sqlparser::ast::{CastKind, DataType, Expr, Value, VisitMut, VisitorMut};
use thiserror::Error;

use crate::{Replace, Statement};

/// A statement that is run later, with values.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedStatement {
    /// The statement, in which `$1` is the first value.
    pub statement: Statement,
    /// The types of the first values, as far as they are declared.
    pub types: Vec<DataType>,
}

/// Values do not fit a prepared statement.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PreparedError {
    /// Their number is another.
    #[error("takes {wanted} values, and {given} are given")]
    Count {
        /// How many it takes.
        wanted: usize,
        /// How many there are.
        given: usize,
    },
    /// A place is not `$1` or on.
    #[error("a place for a value is $1, $2 and so on, not {0}")]
    Placeholder(String),
}

impl PreparedStatement {
    /// The statement with these values in their places.
    ///
    /// # Errors
    ///
    /// There are more or fewer than it has places or declared types.
    ///
    /// ```
    /// use stackql_sql::{Prepared, parse, sqlparser::ast::Expr};
    ///
    /// let statement = parse("SELECT name FROM aws.ec2.vpcs WHERE vpcId = $1").unwrap();
    /// let prepared = Prepared { statement, types: Vec::new() };
    /// assert!(prepared.with_values(&[]).is_err());
    /// assert!(prepared.with_values(&[Expr::value(sqlparser::ast::Value::SingleQuotedString("vpc-1".into()))]).is_ok());
    /// ```
    pub fn with_values(&self, values: &[Expr]) -> Result<Statement, PreparedError> {
        let typed = |(at, value): (usize, &Expr)| match self.types.get(at) {
            Some(data_type) if !is_of(value, data_type) => Expr::Cast {
                kind: CastKind::Cast,
                expr: Box::new(value.clone()),
                data_type: data_type.clone(),
                array: false,
                format: None,
            },
            _ if matches!(value, Expr::Value(_)) => value.clone(),
            _ => Expr::Nested(Box::new(value.clone())),
        };
        let mut filling = PlaceholderBinder {
            values: values.iter().enumerate().map(typed).collect(),
            placeholders: self.types.len(),
        };
        let mut statement = self.statement.clone();
        if let ControlFlow::Break(error) = statement.fill(&mut filling) {
            return Err(error);
        }
        match filling.placeholders {
            wanted if wanted == values.len() => Ok(statement),
            wanted => Err(PreparedError::Count { wanted, given: values.len() }),
        }
    }
}

/// Puts values in their places.
struct PlaceholderBinder {
    values: Vec<Expr>,
    /// How many places were met or declared.
    placeholders: usize,
}

impl VisitorMut for PlaceholderBinder {
    type Break = PreparedError;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<PreparedError> {
        let Expr::Value(value) = expr else { return ControlFlow::Continue(()) };
        let Value::Placeholder(place) = &value.value else { return ControlFlow::Continue(()) };
        let Some(number) = place.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0) else {
            return ControlFlow::Break(PreparedError::Placeholder(place.clone()));
        };
        self.placeholders = self.placeholders.max(number);
        if let Some(value) = self.values.get(number - 1) {
            *expr = value.clone();
        }
        ControlFlow::Continue(())
    }
}

/// Whether a value is written as one of this type.
fn is_of(value: &Expr, data_type: &DataType) -> bool {
    let Expr::Value(value) = value else { return false };
    match &value.value {
        Value::SingleQuotedString(_) => {
            matches!(data_type, DataType::Text | DataType::Varchar(_) | DataType::String(_))
        }
        Value::Number(..) => {
            matches!(data_type, DataType::Int(_) | DataType::Integer(_) | DataType::BigInt(_) | DataType::SmallInt(_))
        }
        Value::Boolean(_) => matches!(data_type, DataType::Bool | DataType::Boolean),
        _ => false,
    }
}

impl Statement {
    fn fill(&mut self, filling: &mut PlaceholderBinder) -> ControlFlow<PreparedError> {
        match self {
            Self::Query(query) => query.ast.visit(filling),
            Self::Insert(insert) | Self::Replace(Replace::Rows(insert)) => {
                if let Some(source) = &mut insert.source {
                    source.ast.visit(filling)?;
                }
                insert.returning.visit(filling)
            }
            Self::Update(update) | Self::Replace(Replace::Set(update)) => {
                for (_, value) in &mut update.assignments {
                    value.visit(filling)?;
                }
                update.selection.visit(filling)?;
                update.returning.visit(filling)
            }
            Self::Delete(delete) => {
                delete.selection.visit(filling)?;
                delete.returning.visit(filling)
            }
            Self::Explain { statement, .. } => statement.fill(filling),
            _ => ControlFlow::Continue(()),
        }
    }
}
