//! `stackql sandbox`: serves an EC2-compatible endpoint until the user stops it.

use std::time::Duration;

use stackql_sandbox::{Options, Sandbox};

use crate::args::flags;
use crate::exit::{CliError, RunStatus, print_stderr};

/// Starts the endpoint with the given flags, prints its URL and waits for Ctrl-C.
pub(crate) async fn serve(flags: flags::SandboxArguments) -> Result<RunStatus, CliError> {
    let options = Options {
        address: flags.address,
        verify_signatures: !flags.no_verify,
        latency: Duration::from_millis(flags.latency_ms),
        throttle: flags.throttle,
        faults: flags.faults,
    };
    let sandbox = Sandbox::start(options).await.map_err(|e| CliError::Message(e.to_string()))?;
    print_stderr(&format!("listening on {}", sandbox.url()));
    print_stderr("any access key is an account of its own; the secret access key of all is 'test'; Ctrl-C ends it");
    let stopped = tokio::signal::ctrl_c().await;
    sandbox.stop().await;
    stopped.map(|()| RunStatus::Complete).map_err(|e| CliError::Message(format!("cannot wait for Ctrl-C: {e}")))
}
