//! [`Database`]: adapts a [`Session`] to the database interface of sqllogictest.

use std::fmt;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::StreamExt;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};
use stackql_engine::{Completeness, Failure, FailureKind, Session};

/// A session that a suite runs against.
///
/// Everything in a statement output except its rows becomes rows of one cell, after the other rows: each line of the message
/// of a statement without rows, `partial: …` for each failure of a partial result, `truncated: …`, and `failed: …` for an
/// error after the first row.
#[derive(Debug)]
pub struct Database(pub Session);

/// A failure as it is compared with the suite: the message, followed by one line for each hint.
#[derive(Debug)]
pub struct SuiteError(pub Failure);

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.message)?;
        self.0.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}

impl std::error::Error for SuiteError {}

impl From<ArrowError> for SuiteError {
    fn from(error: ArrowError) -> Self {
        Self(Failure::new(FailureKind::Internal, error.to_string()))
    }
}

#[async_trait]
impl AsyncDB for Database {
    type Error = SuiteError;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, SuiteError> {
        let answer = self.0.run(sql).await.map_err(SuiteError)?;
        let mut types = vec![DefaultColumnType::Text];
        let mut cells: Vec<Vec<String>> = Vec::new();
        if let Some(mut rows) = answer.rows {
            types = rows.schema().fields().iter().map(|f| letter(f.data_type())).collect();
            while let Some(batch) = rows.next().await {
                match batch {
                    Ok(batch) => cells.extend(texts(&batch)?),
                    Err(error) if cells.is_empty() => return Err(SuiteError(Failure::from(error))),
                    Err(error) => {
                        cells.push(vec![format!("failed: {}", Failure::from(error))]);
                        break;
                    }
                }
            }
        } else {
            let lines = answer.message.iter().flat_map(|message| message.lines());
            cells.extend(lines.map(|line| vec![line.to_owned()]));
        }
        match (answer.completeness)() {
            Completeness::Complete => {}
            Completeness::Partial(failures) => cells.extend(failures.iter().map(|f| vec![format!("partial: {f}")])),
            Completeness::Truncated(what) => cells.push(vec![format!("truncated: {what}")]),
        }
        Ok(DBOutput::Rows { types, rows: cells })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &'static str {
        "stackql"
    }
}

/// The cells of a batch as text: a null is `NULL`, and an empty text is `(empty)`.
fn texts(batch: &RecordBatch) -> Result<Vec<Vec<String>>, ArrowError> {
    let options = FormatOptions::default().with_null("NULL");
    let columns = batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options));
    let columns: Vec<_> = columns.collect::<Result<_, _>>()?;
    let cell = |column: &ArrayFormatter<'_>, row: usize| match column.value(row).to_string() {
        text if text.is_empty() => "(empty)".to_owned(),
        text => text,
    };
    Ok((0..batch.num_rows()).map(|row| columns.iter().map(|c| cell(c, row)).collect()).collect())
}

fn letter(data_type: &DataType) -> DefaultColumnType {
    match data_type {
        t if t.is_integer() => DefaultColumnType::Integer,
        t if t.is_floating() => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    }
}
