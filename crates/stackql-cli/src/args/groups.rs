//! The flags that stand before or after any subcommand.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{
    NonEmptyStringValueParser, OsStringValueParser, PossibleValue, StringValueParser, TypedValueParser,
};
use clap::{Arg, ArgAction, Args};

use super::flags::BOOLEAN;
use crate::output::Format;

/// Flags that stand before or after any subcommand.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) templates: Templates,
    #[command(flatten)]
    pub(crate) calls: Calls,
    #[command(flatten)]
    pub(crate) proxy: Proxy,
    /// Variables of `--env.file` that the environment lacks.
    #[arg(skip)]
    pub(crate) environment: BTreeMap<String, String>,
}

/// Where statements come from and how results look.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input and output")]
pub(crate) struct Output {
    /// Read the statements from a file; - is standard input
    #[arg(short, long, global = true, value_name = "FILE", default_value = "stdin", hide_default_value = true)]
    pub(crate) infile: String,
    /// Write results to a file
    #[arg(short = 'f', long, global = true, value_name = "FILE", default_value = "stdout", hide_default_value = true)]
    pub(crate) outfile: PathBuf,
    /// table (default), csv, json, jsonl, text, pptext, markdown, arrow, parquet
    #[arg(short, long, global = true, default_value = "table", hide_default_value = true, value_name = "FORMAT", value_parser = FormatName, hide_possible_values = true)]
    pub(crate) output: String,
    /// Leave header lines out (csv, text, pptext)
    #[arg(short = 'H', long, global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) hideheaders: bool,
    /// What stands between values of csv
    #[arg(short, long, global = true, default_value = ",", value_name = "CHARACTER", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) delimiter: String,
    /// Where errors go: stderr, or record to put them among the results
    #[arg(long, global = true, default_value = "stderr", value_parser = ["stderr", "record"], value_name = "WHERE")]
    pub(crate) errorpresentation: String,
    /// Print the script as a result and run nothing
    #[arg(long, global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) dryrun: bool,
    /// Folder of what is kept, such as definitions
    #[arg(long, global = true, default_value = ".stackql", value_name = "DIR")]
    pub(crate) approot: PathBuf,
    /// stackql: behave as the Go program does
    #[arg(long, global = true, env = "STACKQL_COMPAT", hide_env_values = true, value_parser = ["", "stackql"], hide_possible_values = true, value_name = "PROGRAM")]
    pub(crate) compat: Option<String>,
}

/// What a script's template is filled in from, and where settings come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input and output")]
pub(crate) struct Templates {
    /// The data of the script's template: jsonnet or JSON
    #[arg(short = 'q', long, global = true, value_parser = path(), value_name = "FILE")]
    pub(crate) iqldata: Option<PathBuf>,
    /// What std.extVar('NAME') is in jsonnet; A=1,B=2 are two, and the flag may be repeated
    #[arg(long = "var", global = true, value_name = "NAME=VALUE", value_parser = variables)]
    pub(crate) variables: Vec<Variables>,
    /// Flags not given here, as Java properties
    #[arg(long, global = true, value_name = "FILE", default_value = ".stackqlrc")]
    pub(crate) configfile: PathBuf,
    /// Variables that the environment lacks: NAME=value
    #[arg(long = "env.file", global = true, value_parser = path(), value_name = "FILE", default_value = "", hide_default_value = true)]
    pub(crate) env_file: PathBuf,
}

/// The proxy for all requests; where there is none, the system's.
#[derive(Debug, Clone, Args)]
pub(crate) struct Proxy {
    /// How the proxy is spoken to: http or https
    #[arg(long = "http.proxy.scheme", global = true, hide = true, value_name = "SCHEME", default_value = "http")]
    pub(crate) scheme: String,
    /// The proxy for all requests; without it, the environment's
    #[arg(
        long = "http.proxy.host",
        global = true,
        hide = true,
        value_name = "HOST",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) host: String,
    /// The port of the proxy; -1 is the scheme's own
    #[arg(long = "http.proxy.port", global = true, hide = true, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) port: i32,
    /// The user at the proxy
    #[arg(
        long = "http.proxy.user",
        global = true,
        hide = true,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) user: String,
    /// The user's password at the proxy
    #[arg(
        long = "http.proxy.password",
        global = true,
        hide = true,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) password: String,
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
    /// Refuse statements that change something
    #[arg(long, global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) read_only: bool,
    /// Let definitions run programs of this machine
    #[arg(long, global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) allow_local_exec: bool,
    /// The most pages a scan reads; -1 is no limit
    #[arg(long = "http.response.pageLimit", global = true, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) page_limit: i64,
    /// Write requests and answers to standard error
    #[arg(long = "http.log.enabled", global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) http_log: bool,
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
    /// Tables whose answers are kept, and for how long
    #[arg(long, global = true, hide = true, value_name = "OBJECT", default_value = "{}")]
    pub(crate) namespaces: String,
    /// The database of views and tables of one's own: JSON or YAML
    #[arg(long = "sqlBackend", global = true, hide = true, value_name = "OBJECT", default_value = "{}")]
    pub(crate) sql_backend: String,
    /// What other programs find before the names of kept tables
    #[arg(long = "export.alias", global = true, hide = true, value_name = "TEXT", default_value = "")]
    pub(crate) export_alias: String,
    /// How transactions work: {"rollback_type": "eager"} or lazy
    #[arg(long, global = true, hide = true, value_name = "OBJECT", default_value = "{}")]
    pub(crate) session: String,
    /// How many views may be read one through the other
    #[arg(long = "indirect.depth.max", global = true, hide = true, value_name = "N", default_value_t = 5)]
    pub(crate) view_depth: usize,
    /// Seconds that a request waits for its answer
    #[arg(long = "apirequesttimeout", global = true, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) request_timeout: u64,
    /// Seconds that AWAIT waits at most
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) await_limit: u64,
    /// File of certificates to trust besides the system's
    #[arg(long = "tls.CABundle", global = true, value_parser = path(), value_name = "FILE")]
    pub(crate) ca_bundle: Option<PathBuf>,
    /// Trust any certificate
    #[arg(long = "tls.allowInsecure", global = true, value_name = BOOLEAN, action = ArgAction::Set)]
    pub(crate) allow_insecure: bool,
}

/// A path, which may be empty: that is none.
fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// The variables of one flag.
#[derive(Debug, Clone)]
pub(crate) struct Variables(pub(crate) Vec<(String, String)>);

/// `A=1,B=2` are two variables; a field in quotes, as in CSV, keeps its commas.
fn variables(text: &str) -> Result<Variables, String> {
    let mut fields = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let record = fields.records().next().transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    let variable = |field: &str| {
        let (name, value) = field.split_once('=').ok_or("a variable is NAME=VALUE")?;
        Ok((name.to_owned(), value.to_owned()))
    };
    record.iter().map(variable).collect::<Result<_, _>>().map(Variables)
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
