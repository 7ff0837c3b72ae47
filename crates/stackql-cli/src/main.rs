//! The binary `stackql`: parses arguments, runs the command, and returns the exit code. It is the only place that
//! connects definitions, calls, engine and output.
#![expect(clippy::disallowed_methods, reason = "this crate is the rim: it reads environment, clock and files")]

pub(crate) mod args;
pub(crate) mod commands;
mod exit;
mod output;
pub(crate) mod session_setup;
mod template;

use std::process::ExitCode;

use args::flags::{Arguments, Command, ProviderCommand};
use exit::{CliError, RunStatus, print_error};
use output::result_writer::ResultWriter;

/// Stack size of the main thread in bytes. Planning recurses once per operator of a chain. The operating system only
/// commits the pages that are used.
const STACK: usize = 512 << 20;

fn main() -> ExitCode {
    let arguments = match args::help::arguments() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let compat = arguments.common.output.compat();
    let ended = match arguments.version {
        true => args::help::print(&format!("{}\n", commands::version::version())),
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
        // A panic of the thread is resumed here.
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run(arguments: Arguments) -> Result<RunStatus, CliError> {
    let Arguments { command, common, .. } = arguments;
    match command {
        None => args::help::help(None),
        Some(Command::Exec { query }) => {
            let Some(script) = commands::exec::script(query, &common.output.infile)? else {
                return args::help::help(Some("exec"));
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
            let connected = session_setup::connect::session(&common)?;
            let ending = runtime()?.block_on(commands::exec::run(&connected.session, &script, &mut results))?;
            connected.end().map(|()| ending)
        }
        Some(Command::Shell) => {
            let results = ResultWriter::open(&common.output)?;
            let connected = session_setup::connect::session(&common)?;
            let ending = commands::shell::run(&runtime()?, connected.session.clone(), results, &common.output.approot)?;
            connected.end().map(|()| ending)
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Demo) => {
            let mut results = ResultWriter::open(&common.output)?;
            runtime()?.block_on(commands::demo::run(common, &mut results))
        }
        #[cfg(feature = "sandbox")]
        Some(Command::Sandbox(wanted)) => runtime()?.block_on(commands::sandbox::serve(wanted)),
        Some(Command::Provider { command: ProviderCommand::Build(wanted) }) => commands::provider_build::write(&wanted),
        Some(Command::Registry { command }) => {
            let mut results = ResultWriter::open(&common.output)?;
            let session = session_setup::connect::session(&common)?.session;
            runtime()?.block_on(commands::exec::run(&session, &commands::registry::statement(&command), &mut results))
        }
        Some(Command::Provider { command: ProviderCommand::Check { folder } }) => {
            commands::provider_check::report(&folder)
        }
        Some(Command::Txn { command }) => commands::txn::run(&command, &common),
        Some(Command::Docs(wanted)) => commands::docs::write(&wanted, &common),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::flags::grammar(), "stackql", &mut script);
            args::help::print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Flags) => args::help::hidden_flags(),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|e| CliError::Message(format!("no threads to run on: {e}")))
}
