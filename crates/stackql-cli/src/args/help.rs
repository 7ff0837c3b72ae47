//! Help texts, and the handling of invalid command lines.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgMatches, Command, Error, FromArgMatches};

use crate::args::config_file;
use crate::args::flags::{Arguments, grammar};
use crate::args::ignored_flags::{is_accepted, problem};
use crate::args::unquoted_objects::rejoin_objects;
use crate::exit::{CliError, RunStatus, print_stderr};

/// Global flags, grouped by purpose.
const RESULTS: &[&str] = &["outfile", "output", "hideheaders", "delimiter"];
const PROGRAM: &[&str] = &["errorpresentation", "approot", "compat", "configfile", "env_file"];
const PROVIDERS: &[&str] = &["auth", "region", "endpoint_url", "definitions"];
const SCANS: &[&str] = &["read_only", "allow_local_exec", "page_limit", "http_log", "concurrency", "await_limit"];
const NETWORK: &[&str] = &["registry", "request_timeout", "ca_bundle", "allow_insecure"];

/// Subcommands that use only some of the global flags, with those that they use.
const HEEDED: [(&str, &[&[&str]]); 9] = [
    ("completions", &[]),
    ("flags", &[]),
    ("provider", &[]),
    ("sandbox", &[]),
    ("docs", &[&["definitions"]]),
    ("registry", &[RESULTS, PROGRAM, NETWORK]),
    ("txn", &[RESULTS, PROGRAM, PROVIDERS, NETWORK]),
    ("demo", &[RESULTS, PROVIDERS]),
    ("shell", &[RESULTS, PROGRAM, PROVIDERS, SCANS, NETWORK]),
];

/// Whether compatibility mode is on, which imitates the Go program.
fn compat(matches: &ArgMatches) -> bool {
    matches.try_get_one::<String>("compat").ok().flatten().is_some_and(|program| program == "stackql")
}

/// Parses the command line and the files it names. Errors are printed and returned as exit code.
pub(crate) fn arguments() -> Result<Arguments, ExitCode> {
    let given: Vec<OsString> = std::env::args_os()
        .map(|argument| match argument.to_str() {
            // No flag has whitespace after its dashes; such an argument is a statement that begins with an SQL comment.
            Some(text) if text.starts_with("--") && text[2..].starts_with(char::is_whitespace) => {
                format!(" {text}").into()
            }
            _ => argument,
        })
        .collect();
    let given = rejoin_objects(given);
    let mut matches = matches(&given).map_err(|e| report_usage_error(&e))?;
    let mut environment = BTreeMap::new();
    // Printing the version needs no settings.
    if matches.subcommand().is_some() {
        let configured = config_file::configured(&matches).map_err(|stop| stop.code(compat(&matches)))?;
        environment = configured.environment;
        if !configured.arguments.is_empty() {
            let (name, rest) = given.split_at(1);
            let all = [name, &configured.arguments, rest].concat();
            matches = self::matches(&all).map_err(|e| {
                let reason = e.render().to_string();
                let reason = reason.lines().next().unwrap_or_default().trim_start_matches("error: ");
                CliError::Message(format!("{}: {reason}", configured.path.display())).code(compat(&matches))
            })?;
        }
    }
    if let Some(problem) = problem(&matches) {
        return Err(CliError::Message(problem).code(compat(&matches)));
    }
    let mut arguments = Arguments::from_arg_matches(&matches).map_err(|e| report_usage_error(&e))?;
    arguments.common.environment = environment;
    Ok(arguments)
}

fn matches(given: &[OsString]) -> Result<ArgMatches, Error> {
    // Deciding which flags the help shows requires building all subcommands. That is only needed for help and errors,
    // so the arguments are first parsed with the plain grammar.
    grammar().try_get_matches_from(given).or_else(|_| command().try_get_matches_from(given))
}

/// The command line grammar, in which the help of each subcommand shows only the flags that it uses.
fn command() -> Command {
    let mut command = grammar();
    // Global flags are only propagated to subcommands by `build`.
    command.build();
    // The help of the program lists no global flags; those of its subcommands do.
    let command = command.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    HEEDED.iter().fold(command, |command, (name, heeded)| match command.find_subcommand(name) {
        Some(_) => command.mut_subcommand(name, |subcommand| only(subcommand, heeded)),
        // The subcommand may be disabled by build features.
        None => command,
    })
}

/// Hides the global flags that are not in `heeded`, in a subcommand and those below it.
fn only(command: Command, heeded: &[&[&str]]) -> Command {
    let command = command.mut_args(|arg| {
        let hidden = arg.is_global_set() && !heeded.iter().any(|flags| flags.contains(&arg.get_id().as_str()));
        if hidden { arg.hide(true) } else { arg }
    });
    command.mut_subcommands(|below| only(below, heeded))
}

/// Prints the help of a subcommand, or of the program.
pub(crate) fn help(subcommand: Option<&str>) -> Result<RunStatus, CliError> {
    let mut command = command();
    let command = match subcommand.and_then(|name| command.find_subcommand_mut(name)) {
        Some(found) => found,
        None => &mut command,
    };
    print(&command.render_help().to_string())
}

/// Defaults that the list of flags does not show.
const TRIVIAL: [&str; 3] = ["", "false", "{}"];

/// Prints the flags that the help omits.
pub(crate) fn hidden_flags() -> Result<RunStatus, CliError> {
    let mut grammar = grammar();
    // Arguments can be formatted once the grammar is built.
    grammar.build();
    let hidden = grammar.get_arguments().filter(|arg| arg.is_hide_set());
    let (heeded, accepted): (Vec<&Arg>, Vec<&Arg>) = hidden.partition(|arg| !is_accepted(arg.get_id().as_str()));
    let line = |arg: &&Arg| {
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let defaults = arg.get_default_values().iter().filter(|text| !TRIVIAL.iter().any(|t| *text == *t));
        let defaults: String = defaults.map(|text| format!(" [default: {}]", text.to_string_lossy())).collect();
        format!("  {:<33} {about}{defaults}\n", arg.to_string())
    };
    print(&format!(
        "Further flags:\n{}\nFlags of the Go program that are read and change nothing:\n{}",
        heeded.iter().map(line).collect::<String>(),
        accepted.iter().map(line).collect::<String>(),
    ))
}

/// Prints text to standard output.
pub(crate) fn print(text: &str) -> Result<RunStatus, CliError> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map(|()| RunStatus::Complete).map_err(|e| CliError::writing("standard output", e))
}

/// Handles a command line that is not run: prints the help that was requested, or the error.
fn report_usage_error(error: &Error) -> ExitCode {
    let named = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    // Scripts written for the Go program look for these messages.
    let unknown = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return print(&error.render().to_string()).map_or_else(|stop| stop.code(false), |e| e.code(false));
        }
        ErrorKind::UnknownArgument if named(ContextKind::InvalidArg).starts_with('-') => {
            format!("unknown flag: {}", named(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidSubcommand => {
            format!("unknown command \"{}\" for \"stackql\"", named(ContextKind::InvalidSubcommand))
        }
        _ => {
            print_stderr(error.render().to_string().trim_end());
            return ExitCode::FAILURE;
        }
    };
    if let Err(stop) = print(&format!("{unknown}\n")) {
        return stop.code(false);
    }
    print_stderr(&format!("Error: {unknown}\n\n{error}"));
    ExitCode::FAILURE
}
