//! `stackql txn`: lists transactions, and resumes or undoes interrupted ones.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use stackql_engine::{InDoubtPolicy, JournalError};

use crate::args::flags::{InDoubtFlags, TxnCommand};
use crate::args::groups::Common;
use crate::exit::{CliError, RunStatus, print_stderr};
use crate::output::go_layout::ResultLayout;
use crate::output::result_writer::{ResultWriter, unless_cancelled};
use crate::session_setup::connect;
use crate::session_setup::journal_files::{JournalDir, TransactionSummary};

/// Runs a subcommand of `txn`.
pub(crate) fn run(command: &TxnCommand, common: &Common) -> Result<RunStatus, CliError> {
    let transactions = JournalDir::below(&common.output.approot);
    let told = |e: JournalError| CliError::Message(e.to_string());
    let mut results = ResultWriter::open(&common.output)?;
    let (TxnCommand::Resume { id, doubtful } | TxnCommand::Undo { id, doubtful }) = command else {
        let (all, lost) = transactions.all().map_err(told)?;
        results.rows(&table(&all)?)?;
        lost.iter().for_each(|error| print_stderr(&format!("a transaction is left out: {error}")));
        return Ok(if lost.is_empty() { RunStatus::Complete } else { RunStatus::Incomplete });
    };
    let kept = transactions.open_for_recovery(id).map_err(told)?;
    let connected = connect::session(common)?;
    let (session, doubt) = (&connected.session, doubt(doubtful));
    let done = async {
        match command {
            TxnCommand::Undo { .. } => session.undo(kept, doubt).await,
            TxnCommand::Resume { .. } | TxnCommand::List => session.resume(kept, doubt).await,
        }
    };
    let ended = crate::runtime()?.block_on(unless_cancelled(Box::pin(results.run_statement(
        session,
        done,
        &ResultLayout::Unchanged,
    ))));
    let ending = ended.unwrap_or(Ok(RunStatus::Cancelled))?;
    connected.end().map(|()| ending)
}

fn doubt(flags: &InDoubtFlags) -> InDoubtPolicy {
    match flags {
        InDoubtFlags { repeat_doubtful: true, .. } => InDoubtPolicy::Retry,
        InDoubtFlags { skip_doubtful: true, .. } => InDoubtPolicy::AssumeDone,
        InDoubtFlags { .. } => InDoubtPolicy::Stop,
    }
}

fn table(all: &[TransactionSummary]) -> Result<RecordBatch, CliError> {
    let texts =
        |of: &dyn Fn(&TransactionSummary) -> String| Arc::new(all.iter().map(|t| Some(of(t))).collect::<StringArray>());
    let counts = |of: &dyn Fn(&TransactionSummary) -> usize| {
        Arc::new(all.iter().map(|t| i64::try_from(of(t)).ok()).collect::<Int64Array>()) as ArrayRef
    };
    let doubtful = |told: &TransactionSummary| {
        let names: Vec<String> = told.history.in_doubt().map(|recorded| recorded.record.to_string()).collect();
        names.join("; ")
    };
    let columns: [(&str, ArrayRef); 6] = [
        ("id", texts(&|told| told.id.clone())),
        ("began", texts(&|told| told.began.clone())),
        ("state", texts(&|told| told.state.to_owned())),
        ("statements", counts(&|told| told.history.statements.len())),
        ("done", counts(&|told| told.history.done())),
        ("in_doubt", texts(&doubtful)),
    ];
    RecordBatch::try_from_iter(columns).map_err(|e| CliError::Message(e.to_string()))
}
