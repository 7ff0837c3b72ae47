//! What a statement gives: rows as they arrive, a message, and, when the rows are read, whether they are all.

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

/// What a statement gives.
pub struct StatementOutput {
    /// Its rows; `None` where a statement has no result, such as an INSERT without RETURNING. An error in the
    /// stream ends it; rows before it are good. [`Failure::from`] reads the error.
    pub rows: Option<SendableRecordBatchStream>,
    /// What to tell the user, on stderr, such as `The operation was despatched successfully`.
    pub message: Option<String>,
    /// Whether the rows are all there are. Ask after the last row.
    pub completeness: Arc<dyn Fn() -> Completeness + Send + Sync>,
}

impl std::fmt::Debug for StatementOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answer").field("message", &self.message).finish_non_exhaustive()
    }
}

impl StatementOutput {
    /// The answer whose rows end with an error when `alarm` rings, `limit` after the statement began.
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

    /// The schema of the rows. Fields whose metadata has `stackql.format` = `json` hold JSON text.
    pub fn schema(&self) -> Option<SchemaRef> {
        self.rows.as_ref().map(|r| r.schema())
    }
}

/// Whether an answer's rows are all there are.
#[derive(Debug, Clone)]
pub enum Completeness {
    /// They are.
    Complete,
    /// Some scopes failed; the rows are those of the others.
    Partial(Vec<Failure>),
    /// A cap was reached; says which.
    Truncated(String),
}

/// How far the calls of a session's running statement are.
#[derive(Debug, Default)]
pub struct Progress {
    /// Scans of one set of parameters that were planned (a region each, say).
    pub scopes: AtomicU64,
    /// Those that are done.
    pub scopes_done: AtomicU64,
    /// Pages read.
    pub pages: AtomicU64,
    /// Rows read.
    pub rows: AtomicU64,
    /// What is waited for.
    pub waits: PendingWaits,
    /// What is downloaded from the registry.
    pub transfer: DownloadProgress,
}

impl Progress {
    /// Sets everything to zero, for the next statement.
    pub fn reset(&self) {
        for counter in [&self.scopes, &self.scopes_done, &self.pages, &self.rows] {
            counter.store(0, Ordering::Relaxed);
        }
        self.transfer.reset();
    }
}
