//! The output of a statement: a stream of rows, a message, and the completeness of the rows once they are read.
//!
//! [`crate::Session`] returns it; the command line prints it and shows [`Progress`] meanwhile.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream::{self, StreamExt};
use tokio::time::Sleep;

use stackql_provider::DownloadProgress;

use crate::error::Error;
use crate::{Failure, PendingWaits};

/// The result of a statement.
pub struct StatementOutput {
    /// The rows; `None` for a statement without a result set, such as an INSERT without RETURNING. An error ends the
    /// stream; the rows before it are valid. [`Failure::from`] converts the error.
    pub rows: Option<SendableRecordBatchStream>,
    /// A message for the user, printed on stderr, such as `The operation was despatched successfully`.
    pub message: Option<String>,
    /// Returns whether the rows are complete. The value is final only after the last row has been read.
    pub completeness: Arc<dyn Fn() -> Completeness + Send + Sync>,
}

impl std::fmt::Debug for StatementOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StatementOutput").field("message", &self.message).finish_non_exhaustive()
    }
}

impl StatementOutput {
    /// The output with a timeout: when `alarm` fires, the rows end with an error that names `limit`.
    pub(crate) fn with_deadline(self, alarm: Pin<Box<Sleep>>, limit: Duration) -> Self {
        let Some(rows) = self.rows else { return self };
        let schema = rows.schema();
        let rows = stream::unfold(Some((rows, alarm)), move |running| async move {
            let (mut rows, mut alarm) = running?;
            tokio::select! {
                biased;
                () = &mut alarm => Some((Err(Error::StatementTimeout(limit).into()), None)),
                next = rows.next() => next.map(|batch| (batch, Some((rows, alarm)))),
            }
        });
        Self { rows: Some(Box::pin(RecordBatchStreamAdapter::new(schema, rows))), ..self }
    }

    /// The schema of the rows. A field whose metadata has `stackql.format` = `json` holds JSON text.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.rows.as_ref().map(|r| r.schema())
    }
}

/// Whether the rows of a statement output are complete.
#[derive(Debug, Clone)]
pub enum Completeness {
    /// All rows are there.
    Complete,
    /// Some calls failed, such as those of one region; the rows are those of the other calls.
    Partial(Vec<Failure>),
    /// A limit cut the rows off; the text names it.
    Truncated(String),
}

/// The progress of a session's running statement: counters that a user interface can poll.
#[derive(Debug, Default)]
pub struct Progress {
    /// The number of planned calls of scans, such as one for each region.
    pub scopes: AtomicU64,
    /// The number of these that have ended.
    pub scopes_done: AtomicU64,
    /// The number of pages read.
    pub pages: AtomicU64,
    /// The number of rows read.
    pub rows: AtomicU64,
    /// The long-running operations that the statement is waiting for.
    pub waits: PendingWaits,
    /// The current download from the registry.
    pub transfer: DownloadProgress,
}

impl Progress {
    /// Resets the counters and the download for the next statement; `waits` is not changed.
    pub fn reset(&self) {
        for counter in [&self.scopes, &self.scopes_done, &self.pages, &self.rows] {
            counter.store(0, Ordering::Relaxed);
        }
        self.transfer.reset();
    }
}
