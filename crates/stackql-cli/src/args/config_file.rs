//! Settings from files: `--configfile` sets flags, `--env.file` sets environment variables. Flags on the command line
//! take precedence over the environment, and the environment over both files.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use java_properties::PropertiesIter;

use crate::args::flags::grammar;
use crate::exit::{CliError, print_stderr};

const CONFIG_FILE: &str = "configfile";
const ENV_FILE: &str = "env.file";
/// Flags that are ignored in files: a configuration file from another source must not enable the execution of programs.
const NEVER_FROM_A_FILE: &[&str] = &["allow-local-exec"];

/// Settings from the files that neither the command line nor the environment sets.
#[derive(Debug, Default)]
pub(crate) struct Configured {
    /// Arguments to insert before those of the command line.
    pub(crate) arguments: Vec<OsString>,
    /// Variables to add to the environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// The configuration file that the arguments come from.
    pub(crate) path: PathBuf,
}

/// Reads the files that the command line names.
///
/// # Errors
///
/// A message if a file cannot be read or parsed; a missing default configuration file is no error.
pub(crate) fn configured(matches: &ArgMatches) -> Result<Configured, CliError> {
    let grammar = grammar();
    let flags: Vec<&Arg> = grammar.get_arguments().filter(|arg| arg.is_global_set()).collect();
    let flag = |name: &str| flags.iter().find(|arg| arg.get_long().is_some_and(|l| l.eq_ignore_ascii_case(name)));
    let source = |arg: &Arg| matches.value_source(arg.get_id().as_str());
    let is_given = |arg: &Arg| matches!(source(arg), Some(ValueSource::CommandLine | ValueSource::EnvVariable));
    let named = |id: &str| matches.get_one::<PathBuf>(id).cloned().unwrap_or_default();

    let path = named(CONFIG_FILE);
    let is_named = flag(CONFIG_FILE).is_some_and(|arg| is_given(arg));
    let mut configured = Configured { path, ..Configured::default() };
    let mut env_file = named("env_file");
    for (name, value) in properties(&configured.path, is_named)? {
        match flag(&name).and_then(|arg| Some((arg, arg.get_long()?))) {
            Some((_, CONFIG_FILE)) => {}
            Some((_, long)) if NEVER_FROM_A_FILE.contains(&long) => {
                print_stderr(&format!("{}: --{long} is for the command line only", configured.path.display()));
            }
            Some((arg, _)) if is_given(arg) => {}
            Some((_, ENV_FILE)) => env_file = PathBuf::from(value),
            Some((_, long)) => configured.arguments.push(format!("--{long}={value}").into()),
            None => print_stderr(&format!("{}: there is no flag --{name}", configured.path.display())),
        }
    }
    if env_file.as_os_str().is_empty() {
        return Ok(configured);
    }
    configured.environment = variables(&env_file)?;
    for arg in &flags {
        let variable = arg.get_env().and_then(|name| configured.environment.get(name.to_str()?));
        if let (Some(value), Some(long), false) = (variable, arg.get_long(), is_given(arg)) {
            configured.arguments.retain(|a| !a.to_string_lossy().starts_with(&format!("--{long}=")));
            configured.arguments.push(format!("--{long}={value}").into());
        }
    }
    Ok(configured)
}

/// Parses a Java properties file; the last value of a name counts.
fn properties(path: &Path, must_be: bool) -> Result<BTreeMap<String, String>, CliError> {
    let unreadable = |reason| CliError::Unreadable { path: path.display().to_string(), reason };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !must_be => return Ok(BTreeMap::new()),
        Err(reason) => return Err(unreadable(reason)),
    };
    let text = String::from_utf8(bytes).map_err(|e| unreadable(io::Error::new(io::ErrorKind::InvalidData, e)))?;
    let mut pairs = BTreeMap::new();
    // Java properties files are Latin-1; other characters are passed to the parser as `\u` escapes.
    let escaped: String = text.chars().map(|c| if c.is_ascii() { c.to_string() } else { escape(c) }).collect();
    let read = PropertiesIter::new(escaped.as_bytes()).read_into(|name, value| drop(pairs.insert(name, value)));
    read.map_err(|e| {
        let line = e.line_number().map(|line| format!(":{line}")).unwrap_or_default();
        CliError::Message(format!("{}{line}: it is not of the form name=value", path.display()))
    })?;
    Ok(pairs)
}

fn escape(c: char) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Content of a newly created variables file.
const FIRST_LINES: &str =
    "# StackQL credential store\n# Each line is KEY=VALUE; a line that begins with # is left out.\n";

/// Reads a variables file. If it does not exist, it is created with permissions for the owner only.
fn variables(path: &Path) -> Result<BTreeMap<String, String>, CliError> {
    let named = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let mut options = OpenOptions::new();
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let made = options.write(true).create_new(true).open(path);
            let written = made.and_then(|mut file| file.write_all(FIRST_LINES.as_bytes()));
            written.map_err(|reason| CliError::Unwritable { path: named.clone(), reason })?;
            print_stderr(&format!("created default env file '{named}'"));
            return Ok(BTreeMap::new());
        }
        Err(reason) => return Err(CliError::Unreadable { path: named, reason }),
    };
    let pairs = dotenvy::from_read_iter(text.as_bytes()).collect::<Result<_, _>>();
    // The error names the line number instead of quoting the line, which may hold a secret.
    pairs.map_err(|e| match e {
        dotenvy::Error::LineParse(line, _) => {
            let number = text.lines().position(|l| l.trim() == line.trim()).map(|at| format!(":{}", at + 1));
            CliError::Message(format!("{named}{}: it is not of the form NAME=value", number.unwrap_or_default()))
        }
        other => CliError::Message(format!("{named}: {other}")),
    })
}
