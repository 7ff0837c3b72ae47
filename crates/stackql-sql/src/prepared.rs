//! Prepared statements: a statement with the placeholders `$1`, `$2` and so on, and the binding of values to them.

use std::ops::ControlFlow;

use sqlparser::ast::{CastKind, DataType, Expr, Value, VisitMut, VisitorMut};
use thiserror::Error;

use crate::{Replace, Statement};

/// A prepared statement: a statement with placeholders, which is executed with values.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedStatement {
    /// The statement. Its placeholder `$1` stands for the first value.
    pub statement: Statement,
    /// The declared types of the first placeholders; later placeholders have no declared type.
    pub types: Vec<DataType>,
}

/// Why values cannot be bound to a prepared statement.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PreparedError {
    /// The number of values differs from that of the placeholders.
    #[error("takes {wanted} values, and {given} are given")]
    Count {
        /// The number of placeholders.
        wanted: usize,
        /// The number of values.
        given: usize,
    },
    /// A placeholder is not `$` and a positive number.
    #[error("a place for a value is $1, $2 and so on, not {0}")]
    Placeholder(String),
}

impl PreparedStatement {
    /// Returns the statement with the placeholders replaced by `values`. A value whose literal is not of the declared type is
    /// wrapped in a CAST.
    ///
    /// # Errors
    ///
    /// [`PreparedError::Count`] if there are more or fewer values than placeholders or declared types, and
    /// [`PreparedError::Placeholder`] if a placeholder of the statement is malformed.
    ///
    /// ```
    /// use stackql_sql::{PreparedStatement, parse, sqlparser::ast::Expr};
    ///
    /// let statement = parse("SELECT name FROM aws.ec2.vpcs WHERE vpcId = $1").unwrap();
    /// let prepared = PreparedStatement { statement, types: Vec::new() };
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

/// Replaces placeholders by values.
struct PlaceholderBinder {
    values: Vec<Expr>,
    /// The largest placeholder number so far, or the number of declared types if that is larger.
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

/// Whether a literal is of this type already.
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
