//! The command line: subcommands, flags and their names. No behaviour.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{
    NonEmptyStringValueParser, PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser,
};
use clap::{Arg, ArgAction, Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::output::Format;

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
    Sandbox(Sandbox),
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
    Docs(Docs),
    /// Print the completions of a shell (bash, zsh, fish)
    Completions { shell: Shell },
}

#[derive(Debug, Args)]
pub(crate) struct Docs {
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
    Build(Build),
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
        doubtful: Doubtful,
    },
    /// Undo what a transaction did, the last call first
    Undo {
        /// The transaction, as the list calls it
        id: String,
        #[command(flatten)]
        doubtful: Doubtful,
    },
}

/// What becomes of calls that were sent and have no answer.
#[derive(Debug, Args)]
pub(crate) struct Doubtful {
    /// Make calls again of which it is not known whether they were carried out
    #[arg(long)]
    pub(crate) repeat_doubtful: bool,
    /// Take calls for carried out of which it is not known
    #[arg(long, conflicts_with = "repeat_doubtful")]
    pub(crate) skip_doubtful: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Build {
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
pub(crate) struct Sandbox {
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

/// Flags that stand before or after any subcommand.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) calls: Calls,
}

/// Where statements come from and how results look.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input and output")]
pub(crate) struct Output {
    /// Read the statements from a file; - is standard input
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) infile: Option<String>,
    /// Write results to a file
    #[arg(short = 'f', long, global = true, value_name = "FILE")]
    pub(crate) outfile: Option<PathBuf>,
    /// Format: table, csv, json, jsonl, text, pptext
    #[arg(short, long, global = true, default_value = "table", value_name = "FORMAT", value_parser = FormatName, hide_possible_values = true)]
    pub(crate) output: String,
    /// Leave header lines out (csv, text, pptext)
    #[arg(short = 'H', long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOLEAN", hide_default_value = true, hide_possible_values = true, action = ArgAction::Set)]
    pub(crate) hideheaders: bool,
    /// What stands between values of csv
    #[arg(short, long, global = true, default_value = ",", value_name = "CHARACTER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) delimiter: String,
    /// Where errors go: stderr, or record to put them among the results
    #[arg(long, global = true, default_value = "stderr", value_parser = ["stderr", "record"], value_name = "WHERE")]
    pub(crate) errorpresentation: String,
    /// Print the script as a result and run nothing
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOLEAN", hide_default_value = true, hide_possible_values = true, action = ArgAction::Set)]
    pub(crate) dryrun: bool,
    /// Folder of what is kept, such as definitions
    #[arg(long, global = true, default_value = ".stackql", value_name = "DIR")]
    pub(crate) approot: PathBuf,
    /// Behave as another program where scripts depend on it: stackql is the Go program
    #[arg(long, global = true, env = "STACKQL_COMPAT", hide_env_values = true, value_parser = ["", "stackql"], hide_possible_values = true, value_name = "PROGRAM")]
    pub(crate) compat: Option<String>,
}

/// How providers are called.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Providers")]
pub(crate) struct Calls {
    /// Credentials per provider: JSON or YAML
    #[arg(long, global = true, value_name = "CONTEXTS")]
    pub(crate) auth: Option<String>,
    /// The region where a statement names none
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Send all calls to this address
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Compiled definitions in front of the built-in ones
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) definitions: Vec<PathBuf>,
    /// Where definitions are published: JSON or YAML
    #[arg(long, global = true, value_name = "CONFIG")]
    pub(crate) registry: Option<String>,
    /// How transactions work: {"rollback_type": "eager"} or lazy
    #[arg(long, global = true, value_name = "CONFIG")]
    pub(crate) session: Option<String>,
    /// Refuse statements that change something
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOLEAN", hide_default_value = true, hide_possible_values = true, action = ArgAction::Set)]
    pub(crate) read_only: bool,
    /// Let definitions run programs of this machine
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOLEAN", hide_default_value = true, hide_possible_values = true, action = ArgAction::Set)]
    pub(crate) allow_local_exec: bool,
    /// The most pages a scan reads; -1 is no limit
    #[arg(long = "http.response.pageLimit", global = true, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) page_limit: i64,
    /// Calls in flight at once; -1 is no limit
    #[arg(long = "execution.concurrency.limit", global = true, value_name = "N", allow_negative_numbers = true)]
    pub(crate) concurrency: Option<i64>,
    /// Keep every exchange in this folder, without secrets
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,
    /// Answer every call from what --record kept
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,
    /// Write all exchanges as an HTTP archive
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) har: Option<PathBuf>,
    /// Memory for sorts and groups; else a quarter of all
    #[arg(long, global = true, value_name = "SIZE")]
    pub(crate) memory_limit: Option<bytesize::ByteSize>,
    /// Take answers that are no older, such as 5min
    #[arg(long, global = true, value_name = "TIME", value_parser = time)]
    pub(crate) cache_ttl: Option<Duration>,
    /// Seconds that a request waits for its answer
    #[arg(long = "apirequesttimeout", global = true, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) request_timeout: u64,
    /// Seconds that AWAIT waits at most
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) await_limit: u64,
    /// File of certificates to trust besides the system's
    #[arg(long = "tls.CABundle", global = true, value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long = "tls.allowInsecure", global = true, num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", value_name = "BOOLEAN", hide_default_value = true, hide_possible_values = true, action = ArgAction::Set)]
    pub(crate) allow_insecure: bool,
}

fn time(text: &str) -> Result<Duration, String> {
    stackql_engine::duration(text).ok_or_else(|| "a time is a number with ms, s, min or h behind it".to_owned())
}

/// Takes any text, so that scripts are told of an unknown format in the words they know; completions know the names.
#[derive(Debug, Clone)]
struct FormatName;

impl TypedValueParser for FormatName {
    type Value = String;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(Format::names().map(PossibleValue::new)))
    }
}
