//! `stackql demo`: prints and runs the tour. Owns its execution and messages; the tour itself is data.

mod tour;

use std::collections::BTreeMap;

use stackql_engine::Session;
use stackql_sandbox::{Options, Sandbox};

use crate::args::groups::Common;
use crate::exit::{CliError, RunStatus};
use crate::output::result_writer::{ResultWriter, unless_cancelled};
use crate::session_setup::connect;

const TOUR: &str = include_str!("demo/tour.sql");

/// Runs the tour against a sandbox in this process, which is stopped afterwards, or against the endpoint in the flags.
pub(crate) async fn run(mut flags: Common, results: &mut ResultWriter) -> Result<RunStatus, CliError> {
    if flags.calls.endpoint_url.is_some() {
        return tour(&connect::session(&flags)?.session, results).await;
    }
    let sandbox = Sandbox::start(Options::default()).await.map_err(|e| CliError::Message(e.to_string()))?;
    flags.calls.endpoint_url = Some(sandbox.url());
    flags.calls.auth = None;
    let session = connect::session_in(credentials(), &flags)?.session;
    results.note("-- This tour runs against an EC2 endpoint inside this process: nothing leaves this machine.\n")?;
    let ending = tour(&session, results).await;
    drop(session);
    sandbox.stop().await;
    ending
}

/// The session's whole environment, so that the user's credentials are not used.
fn credentials() -> BTreeMap<String, String> {
    let pairs =
        [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_EC2_METADATA_DISABLED", "true")];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs the tour in a session; stops at the first step that does not end as planned.
async fn tour(session: &Session, results: &mut ResultWriter) -> Result<RunStatus, CliError> {
    let mut kept = BTreeMap::new();
    for step in tour::steps(TOUR) {
        for line in &step.narration {
            results.note(&format!("-- {line}"))?;
        }
        let statement = tour::substitute_variables(step.statement, &kept);
        results.note(&format!("stackql  >> {statement};"))?;
        let Some(ending) = unless_cancelled(Box::pin(results.run(session, &statement))).await else {
            return Ok(RunStatus::Cancelled);
        };
        let planned = if step.fails { RunStatus::Failed } else { RunStatus::Complete };
        if ending? != planned {
            return Err(CliError::Message("the tour ends here: this step went otherwise than planned".to_owned()));
        }
        if let Some((name, column)) = step.keep {
            let value =
                results.first(column).ok_or_else(|| CliError::Message(format!("the result has no '{column}'")))?;
            kept.insert(name.to_owned(), value);
        }
        results.note("")?;
    }
    Ok(RunStatus::Complete)
}
