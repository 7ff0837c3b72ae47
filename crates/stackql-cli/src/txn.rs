//! `stackql txn`: what transactions did, and what becomes of those that were stopped.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use stackql_engine::{Doubt, JournalError};

use crate::arguments::{Common, Doubtful, TxnCommand};
use crate::compat::Arrangement;
use crate::connect;
use crate::ending::{Ending, Stop, say};
use crate::statements::{Results, unless_cancelled};
use crate::transactions::{Told, Transactions};

/// Runs a command about transactions.
pub(crate) fn run(command: &TxnCommand, common: &Common) -> Result<Ending, Stop> {
    let transactions = Transactions::below(&common.output.approot);
    let told = |e: JournalError| Stop::Told(e.to_string());
    let mut results = Results::open(&common.output)?;
    let (TxnCommand::Resume { id, doubtful } | TxnCommand::Undo { id, doubtful }) = command else {
        let (all, lost) = transactions.all().map_err(told)?;
        results.rows(&table(&all)?)?;
        lost.iter().for_each(|error| say(&format!("a transaction is left out: {error}")));
        return Ok(if lost.is_empty() { Ending::Complete } else { Ending::Incomplete });
    };
    let kept = transactions.take(id).map_err(told)?;
    let connected = connect::session(common)?;
    let (session, doubt) = (&connected.session, doubt(doubtful));
    let done = async {
        match command {
            TxnCommand::Undo { .. } => session.undo(kept, doubt).await,
            TxnCommand::Resume { .. } | TxnCommand::List => session.resume(kept, doubt).await,
        }
    };
    let ended = crate::runtime()?.block_on(unless_cancelled(Box::pin(results.of(session, done, &Arrangement::AsItIs))));
    let ending = ended.unwrap_or(Ok(Ending::Cancelled))?;
    connected.end().map(|()| ending)
}

fn doubt(flags: &Doubtful) -> Doubt {
    match flags {
        Doubtful { repeat_doubtful: true, .. } => Doubt::Repeat,
        Doubtful { skip_doubtful: true, .. } => Doubt::Skip,
        Doubtful { .. } => Doubt::Stop,
    }
}

fn table(all: &[Told]) -> Result<RecordBatch, Stop> {
    let texts = |of: &dyn Fn(&Told) -> String| Arc::new(all.iter().map(|t| Some(of(t))).collect::<StringArray>());
    let counts = |of: &dyn Fn(&Told) -> usize| {
        Arc::new(all.iter().map(|t| i64::try_from(of(t)).ok()).collect::<Int64Array>()) as ArrayRef
    };
    let doubtful = |told: &Told| {
        let names: Vec<String> = told.history.doubtful().map(|recorded| recorded.noted.to_string()).collect();
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
    RecordBatch::try_from_iter(columns).map_err(|e| Stop::Told(e.to_string()))
}
