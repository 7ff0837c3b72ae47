//! The binary `stackql`: arguments in, exit code out. The only place that wires definitions, calls, engine and output.
#![expect(clippy::disallowed_methods, reason = "this crate is the rim: it reads environment, clock and files")]

mod arguments;
mod build;
mod check;
mod compat;
mod configuration;
mod connect;
#[cfg(feature = "sandbox")]
mod demo;
mod docs;
mod embedded;
mod emission;
mod ending;
mod exec;
mod namespaces;
mod output;
mod progress;
mod pulling;
mod registry;
#[cfg(feature = "sandbox")]
mod sandbox;
mod shell;
mod statements;
mod telling;
mod template;
mod transactions;
mod txn;
mod usage;
mod version;

use std::process::ExitCode;

use arguments::{Arguments, Command, ProviderCommand};
use ending::{CliError, RunStatus, print_error};
use statements::ResultWriter;

/// Planning goes down a level for each operator of a chain. Only what is used of it is ever taken from memory.
const STACK: usize = 512 << 20;

fn main() -> ExitCode {
    let arguments = match usage::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let compat = arguments.common.output.compat();
    let ended = match arguments.version {
        true => usage::print(&format!("{}\n", version::version())),
        false => on_a_deep_stack(|| run(arguments)),
    };
    match ended {
        Ok(ending) => ending.code(compat),
        Err(stop) => stop.code(compat),
    }
}

fn on_a_deep_stack(work: impl FnOnce() -> Result<RunStatus, CliError> + Send) -> Result<RunStatus, CliError> {
    std::thread::scope(|threads| {
        let spawned =
            std::thread::Builder::new().name("stackql".to_owned()).stack_size(STACK).spawn_scoped(threads, work);
        let thread = spawned.map_err(|e| CliError::Message(format!("no thread to run on: {e}")))?;
        // A panic goes on as one.
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run(arguments: Arguments) -> Result<RunStatus, CliError> {
    let Arguments { command, common, .. } = arguments;
    match command {
        None => usage::help(None),
        Some(Command::Exec { query }) => {
            let Some(script) = exec::script(query, &common.output.infile)? else {
                return usage::help(Some("exec"));
            };
            let script = template::render(&script, &common.templates)?;
            let mut results = match ResultWriter::open(&common.output) {
                Ok(results) => results,
                Err(CliError::Message(message)) => {
                    print_error(&message, common.output.compat());
                    return Ok(RunStatus::Failed);
                }
                Err(stop) => return Err(stop),
            };
            if common.output.dryrun {
                return results.single("query", &script).map(|()| RunStatus::Complete);
            }
            let connected = connect::session(&common)?;
            let ending = runtime()?.block_on(exec::run(&connected.session, &script, &mut results))?;
            connected.end().map(|()| ending)
        }
        Some(Command::Shell) => {
            let results = ResultWriter::open(&common.output)?;
            let connected = connect::session(&common)?;
            let ending = shell::run(&runtime()?, connected.session.clone(), results, &common.output.approot)?;
            connected.end().map(|()| ending)
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Demo) => {
            let mut results = ResultWriter::open(&common.output)?;
            runtime()?.block_on(demo::run(common, &mut results))
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox(wanted)) => runtime()?.block_on(sandbox::serve(wanted)),
        Some(Command::Provider { command: ProviderCommand::Build(wanted) }) => build::write(&wanted),
        Some(Command::Registry { command }) => {
            let mut results = ResultWriter::open(&common.output)?;
            let session = connect::session(&common)?.session;
            runtime()?.block_on(exec::run(&session, &registry::statement(&command), &mut results))
        }
        Some(Command::Provider { command: ProviderCommand::Check { folder } }) => check::report(&folder),
        Some(Command::Txn { command }) => txn::run(&command, &common),
        Some(Command::Docs(wanted)) => docs::write(&wanted, &common),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut arguments::grammar(), "stackql", &mut script);
            usage::print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Flags) => usage::hidden_flags(),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|e| CliError::Message(format!("no threads to run on: {e}")))
}
