//! PURGE: drops cached responses and page counts of earlier statements. Rows of statements are not stored in tables, so two
//! of the kinds have nothing to drop.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use stackql_provider::names::{did_you_mean, nearest};

use crate::error::Error;
use crate::session::{Session, rows_output};
use crate::{Failure, StatementOutput};

/// The kind if none is named.
const CONSERVATIVE: &str = "conservative";
const KINDS: [&str; 4] = ["cache", CONSERVATIVE, "control_tables", "ephemeral"];

impl Session {
    pub(crate) async fn purge(&self, kind: Option<&str>) -> Result<StatementOutput, Failure> {
        let wanted = kind.unwrap_or(CONSERVATIVE);
        let Some(kind) = KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(wanted)) else {
            let meant = did_you_mean(nearest(wanted, KINDS.into_iter()));
            let kinds = KINDS.join(", ");
            return Err(Error::invalid(format!("PURGE has no kind '{wanted}'{meant}; it has {kinds}")).into());
        };
        let said = match kind {
            "cache" | CONSERVATIVE => {
                self.transport.purge().await.map_err(Error::from)?;
                self.log.forget_pages();
                None
            }
            _ => Some("nothing is kept of that kind: the rows of a statement end with it".to_owned()),
        };
        let text = format!("PURGE of type '{kind}' successfully completed");
        let column = Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("message", column)]).map_err(DataFusionError::from)?;
        Ok(StatementOutput { message: said, ..rows_output(batch) })
    }
}
