//! Help, and what is said to a command line that cannot be understood.

use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Error};

use crate::arguments::Arguments;
use crate::ending::{Ending, Stop, say};

/// Prints the help of a subcommand, or of the program.
pub(crate) fn help(subcommand: Option<&str>) -> Result<Ending, Stop> {
    let mut command = Arguments::command();
    command.build();
    let command = match subcommand.and_then(|name| command.find_subcommand_mut(name)) {
        Some(found) => found,
        None => &mut command,
    };
    print(&command.render_help().to_string())
}

/// Prints text to standard output.
pub(crate) fn print(text: &str) -> Result<Ending, Stop> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map(|()| Ending::Complete).map_err(|e| Stop::writing("standard output", e))
}

/// Answers a command line that is no run: prints help that was asked for, or says what is wrong.
pub(crate) fn refused(error: &Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            print(&error.render().to_string()).map_or_else(Stop::code, |e| e.code(false))
        }
        ErrorKind::UnknownArgument => {
            // Scripts of the Go program look for this text.
            let flag = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
            let unknown = format!("unknown flag: {flag}");
            if let Err(stop) = print(&format!("{unknown}\n")) {
                return stop.code();
            }
            say(&format!("Error: {unknown}\n\n{error}"));
            ExitCode::FAILURE
        }
        _ => {
            say(error.render().to_string().trim_end());
            ExitCode::FAILURE
        }
    }
}
