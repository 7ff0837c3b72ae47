//! A session of DataFusion with the functions.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::collect;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as Planned;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;

pub(crate) struct Engine {
    state: SessionState,
}

/// Rows of cells as text, or the first line of an error.
pub(crate) type Rows = std::result::Result<Vec<Vec<String>>, String>;

impl Engine {
    pub(crate) fn new() -> Self {
        let mut config = SessionConfig::new().with_target_partitions(1);
        config.options_mut().sql_parser.enable_ident_normalization = false;
        config.options_mut().sql_parser.map_string_types_to_utf8view = false;
        let builder = SessionStateBuilder::new().with_config(config).with_default_features();
        Self { state: stackql_functions::register(builder).build() }
    }

    /// The rows of a SELECT, or the value of an expression.
    pub(crate) async fn ask(&self, line: &str) -> Rows {
        let (_, rows) = self.run(&query(line)).await.map_err(|error| error.strip_backtrace().replace("\n", " "))?;
        Ok(rows)
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(SchemaRef, Vec<Vec<String>>)> {
        let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, sql)?;
        if let Some(Statement::Query(query)) = statements.first_mut() {
            stackql_functions::rewrite_query(query);
        }
        let statement = Planned::Statement(Box::new(statements.swap_remove(0)));
        let plan = self.state.statement_to_plan(statement).await?;
        let plan = self.state.create_physical_plan(&plan).await?;
        let schema = plan.schema();
        let batches = collect(plan, self.state.task_ctx()).await?;
        Ok((schema, batches.iter().flat_map(texts).collect()))
    }
}

/// The statement that a line of a data file is.
pub(crate) fn query(line: &str) -> String {
    if line.starts_with("SELECT ") { line.to_owned() } else { format!("SELECT {line}") }
}

fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let column = |column: &Arc<dyn datafusion::arrow::array::Array>| -> Vec<String> {
        let cells = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
        let is_truth = *column.data_type() == DataType::Boolean;
        let cell = |row: usize| match cells.value(row).to_string() {
            text if is_truth && text == "true" => "1".to_owned(),
            text if is_truth && text == "false" => "0".to_owned(),
            text => text,
        };
        (0..batch.num_rows()).map(cell).collect()
    };
    let columns: Vec<_> = batch.columns().iter().map(column).collect();
    (0..batch.num_rows()).map(|row| columns.iter().map(|cells| cells[row].clone()).collect()).collect()
}
