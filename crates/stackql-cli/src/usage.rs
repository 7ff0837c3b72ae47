//! Help, and what is said to a command line that cannot be understood.

use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{Command, CommandFactory, Error, FromArgMatches};

use crate::arguments::Arguments;
use crate::ending::{Ending, Stop, say};

/// Flags that stand before or after any subcommand, by what they are about.
const RESULTS: &[&str] = &["outfile", "output", "hideheaders", "delimiter"];
const PROGRAM: &[&str] = &["errorpresentation", "approot", "compat"];
const PROVIDERS: &[&str] = &["auth", "region", "endpoint_url", "definitions"];
const SCANS: &[&str] = &["session", "read_only", "allow_local_exec", "page_limit", "concurrency", "await_limit"];
const NETWORK: &[&str] = &["registry", "request_timeout", "ca_bundle", "allow_insecure"];

/// Subcommands to which not all of those flags mean something, and those that do.
const HEEDED: [(&str, &[&[&str]]); 8] = [
    ("completions", &[]),
    ("provider", &[]),
    ("sandbox", &[]),
    ("docs", &[&["definitions"]]),
    ("registry", &[RESULTS, PROGRAM, NETWORK]),
    ("txn", &[RESULTS, PROGRAM, PROVIDERS, NETWORK]),
    ("demo", &[RESULTS, PROVIDERS]),
    ("shell", &[RESULTS, PROGRAM, PROVIDERS, SCANS, NETWORK]),
];

/// Reads the command line.
pub(crate) fn arguments() -> Result<Arguments, Error> {
    let given = || {
        std::env::args_os().map(|argument| match argument.to_str() {
            // No flag has a blank behind its dashes: this is a statement below a comment.
            Some(text) if text.starts_with("--") && text[2..].starts_with(char::is_whitespace) => {
                format!(" {text}").into()
            }
            _ => argument,
        })
    };
    // Which flags are shown matters to help and errors only, and takes all subcommands to settle.
    let matches =
        Arguments::command().try_get_matches_from(given()).or_else(|_| command().try_get_matches_from(given()))?;
    Arguments::from_arg_matches(&matches)
}

/// The command line, where each subcommand's help shows the flags that mean something to it.
fn command() -> Command {
    let mut command = Arguments::command();
    // Flags of all subcommands are theirs only once it is built.
    command.build();
    // The program's own help leaves them to those of its commands.
    let command = command.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    HEEDED.iter().fold(command, |command, (name, heeded)| match command.find_subcommand(name) {
        Some(_) => command.mut_subcommand(name, |subcommand| only(subcommand, heeded)),
        // The build may lack it.
        None => command,
    })
}

/// The subcommand, and those below it, with the global flags hidden that are not heeded.
fn only(command: Command, heeded: &[&[&str]]) -> Command {
    let command = command.mut_args(|arg| {
        let hidden = arg.is_global_set() && !heeded.iter().any(|flags| flags.contains(&arg.get_id().as_str()));
        if hidden { arg.hide(true) } else { arg }
    });
    command.mut_subcommands(|below| only(below, heeded))
}

/// Prints the help of a subcommand, or of the program.
pub(crate) fn help(subcommand: Option<&str>) -> Result<Ending, Stop> {
    let mut command = command();
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
