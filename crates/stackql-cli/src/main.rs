//! The binary `stackql`: arguments in, exit code out. The only place that wires definitions, calls, engine and output.
#![expect(clippy::disallowed_methods, reason = "this crate is the rim: it reads environment, clock and files")]

mod arguments;
mod build;
mod connect;
#[cfg(feature = "sandbox")]
mod demo;
mod docs;
mod embedded;
mod ending;
mod exec;
mod output;
mod progress;
#[cfg(feature = "sandbox")]
mod sandbox;
mod shell;
mod statements;
mod usage;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command, ProviderCommand};
use ending::{Ending, Stop, say};
use statements::Results;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => return usage::refused(&e),
    };
    let compat = arguments.common.output.compat();
    match run(arguments) {
        Ok(ending) => ending.code(compat),
        Err(stop) => stop.code(),
    }
}

fn run(arguments: Arguments) -> Result<Ending, Stop> {
    let Arguments { command, common, version } = arguments;
    if version {
        return usage::print(&format!("{}\n", version::version()));
    }
    match command {
        None => usage::help(None),
        Some(Command::Exec { query }) => {
            let Some(script) = exec::script(query, &common.output)? else { return usage::help(Some("exec")) };
            let mut results = match Results::open(&common.output) {
                Ok(results) => results,
                Err(Stop::Told(message)) => {
                    say(&message);
                    return Ok(Ending::Failed);
                }
                Err(stop) => return Err(stop),
            };
            if common.output.dryrun {
                return results.single("query", &script).map(|()| Ending::Complete);
            }
            let session = connect::session(&common.calls)?;
            runtime()?.block_on(exec::run(&session, &script, &mut results))
        }
        Some(Command::Shell) => {
            let results = Results::open(&common.output)?;
            shell::run(&runtime()?, connect::session(&common.calls)?, results)
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Demo) => {
            let mut results = Results::open(&common.output)?;
            runtime()?.block_on(demo::run(common.calls, &mut results))
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox(wanted)) => runtime()?.block_on(sandbox::serve(wanted)),
        Some(Command::Provider { command: ProviderCommand::Build(wanted) }) => build::write(&wanted),
        Some(Command::Docs(wanted)) => docs::write(&wanted, &common.calls),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "stackql", &mut script);
            usage::print(&String::from_utf8_lossy(&script))
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|e| Stop::Told(format!("no threads to run on: {e}")))
}
