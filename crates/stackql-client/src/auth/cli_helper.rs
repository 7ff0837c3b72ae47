//! Runs a vendor's command-line tool to obtain the credentials of its login, without a shell. Owns the time limit.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::Environment;
use crate::local::path_lookup;
use crate::local::path_lookup::find_in_path;

const TIMEOUT: Duration = Duration::from_secs(30);
/// The maximum length of the standard error output in a message, in characters.
const MAX_WORDS: usize = 300;

/// The standard output of the program `name` with `arguments`; `None` if it is not on `PATH`. It gets exactly the variables of
/// `environment`.
pub(super) async fn printed(
    name: &str,
    arguments: &[&str],
    environment: &Environment,
) -> Option<Result<String, String>> {
    let path = find_in_path(name, environment)?;
    let mut command = Command::new(&path);
    command.args(arguments).env_clear().envs(environment).stdin(Stdio::null()).kill_on_drop(true);
    let said = match tokio::time::timeout(TIMEOUT, command.output()).await {
        Err(_) => Err(format!("{name} gave no answer within {} s", TIMEOUT.as_secs())),
        Ok(Err(e)) => Err(format!("{} cannot be run: {e}", path.display())),
        Ok(Ok(output)) if output.status.success() => {
            String::from_utf8(output.stdout).map_err(|_| format!("{name} printed what is no text"))
        }
        Ok(Ok(output)) => Err(complaint(name, &output)),
    };
    Some(said)
}

fn complaint(name: &str, output: &Output) -> String {
    let said = path_lookup::complaint(&output.stderr, MAX_WORDS);
    let code = output.status.code().map_or("was killed".to_owned(), |code| format!("failed with {code}"));
    if said.is_empty() { format!("{name} {code}") } else { format!("{name} {code}: {said}") }
}
