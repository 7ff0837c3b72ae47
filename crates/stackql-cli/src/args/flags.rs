//! The command line: subcommands, flags and their names. No behaviour.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::args::groups::Common;
use crate::args::ignored_flags;

/// Query, deploy and manage cloud resources with SQL.
#[derive(Debug, Parser)]
#[command(name = "stackql", disable_version_flag = true, arg_required_else_help = true)]
#[command(after_help = "Flags of statements and results, the same for all commands: stackql exec --help")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Print the version
    #[arg(long)]
    pub(crate) version: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the statements of a script and print their results
    #[command(after_help = "Further flags, also those of the Go program: stackql flags")]
    Exec {
        /// The statements, separated by semicolons
        query: Option<String>,
    },
    /// Type statements at a prompt, or feed them by a pipe
    Shell,
    /// Watch a tour of traffic mirroring by SQL, against an endpoint inside this process
    #[cfg(feature = "sandbox")]
    Demo,
    /// Serve an EC2-compatible endpoint on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(SandboxArguments),
    /// Build a provider's definitions
    Provider {
        #[command(subcommand)]
        command: ProviderCommand,
    },
    /// List the definitions of the registry, or install some
    Registry {
        #[command(subcommand)]
        command: RegistryCommand,
    },
    /// Tell what transactions did, go on with one that was stopped, or undo it
    Txn {
        #[command(subcommand)]
        command: TxnCommand,
    },
    /// Write documentation pages of a provider
    Docs(DocsArguments),
    /// Print the completions of a shell (bash, zsh, fish)
    Completions { shell: Shell },
    /// List the flags that no other help shows
    Flags,
}

#[derive(Debug, Args)]
pub(crate) struct DocsArguments {
    /// The provider
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: String,
    /// Only this service
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// How pages look: site, or classic as StackQL's own pages
    #[arg(long, default_value = "site", value_parser = ["site", "classic"])]
    pub(crate) style: String,
    /// The folder to write below
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProviderCommand {
    /// Compile a provider from the models of its vendor
    Build(BuildArguments),
    /// Compile a provider's documents and report every problem
    Check {
        #[arg(value_name = "DIR", help = "Folder of one version: <root>/<provider>/<version>")]
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// List providers with their latest versions, or one provider's versions
    List {
        /// The provider
        provider: Option<String>,
    },
    /// Install a provider's definitions below --approot
    Pull {
        /// The provider
        provider: String,
        /// The version; else the latest stable one
        version: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TxnCommand {
    /// List transactions: when they began, how far they are, and what is in doubt
    List,
    /// Run what a transaction that was stopped has not done
    Resume {
        /// The transaction, as the list calls it
        id: String,
        #[command(flatten)]
        doubtful: InDoubtFlags,
    },
    /// Undo what a transaction did, the last call first
    Undo {
        /// The transaction, as the list calls it
        id: String,
        #[command(flatten)]
        doubtful: InDoubtFlags,
    },
}

/// What becomes of calls that were sent and have no answer.
#[derive(Debug, Args)]
pub(crate) struct InDoubtFlags {
    /// Make calls again of which it is not known whether they were carried out
    #[arg(long)]
    pub(crate) repeat_doubtful: bool,
    /// Take calls for carried out of which it is not known
    #[arg(long, conflicts_with = "repeat_doubtful")]
    pub(crate) skip_doubtful: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// The provider
    #[arg(value_parser = PossibleValuesParser::new(stackql_compile::VENDORS))]
    pub(crate) provider: String,
    /// Folder of the models, laid out as botocore's data folder
    #[arg(long, value_name = "DIR")]
    pub(crate) models: PathBuf,
    /// A service to build; repeat for more, leave out for all
    #[arg(long = "service", value_name = "NAME")]
    pub(crate) services: Vec<String>,
    #[arg(long, value_name = "FILE", help = "The file to write; else <provider>.bin")]
    pub(crate) out: Option<PathBuf>,
    /// Leave the vendor's sentences out
    #[arg(long)]
    pub(crate) facts_only: bool,
}

#[cfg(feature = "sandbox")]
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:4566", value_name = "HOST:PORT")]
    pub(crate) address: std::net::SocketAddr,
    /// Wait this long before each answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// Refuse every Nth request as one too many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) throttle: Option<u32>,
    /// Make the calls of an action (* is all) go wrong, such as DescribeVpcs=503*2; FAULT is 500, 503, truncated,
    /// not-xml, repeated-token, hang or an error code
    #[arg(long = "fault", value_name = "ACTION=FAULT[*TIMES]")]
    pub(crate) faults: Vec<stackql_sandbox::Fault>,
    /// Do not check signatures
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// What a flag's value is called that is true or false; without a value it is true.
pub(crate) const BOOLEAN: &str = "BOOLEAN";

/// The whole command line: what is declared here, and the flags that are only accepted.
pub(crate) fn grammar() -> clap::Command {
    // As in Go, the last of a flag counts.
    let command = Arguments::command().args_override_self(true);
    ignored_flags::flags().fold(command, clap::Command::arg).mut_args(|arg| {
        let is_boolean = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == BOOLEAN));
        if !is_boolean {
            return arg;
        }
        let arg = arg.action(ArgAction::Set).num_args(0..=1).require_equals(true).value_parser(truth);
        arg.default_value("false").required(false).default_missing_value("true").hide_default_value(true)
    })
}

/// Reads true or false as Go does.
fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("it is true or false".to_owned()),
    }
}
