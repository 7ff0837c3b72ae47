//! Flags of the Go program that are accepted and have no effect, so that existing scripts keep working. Their values
//! are validated as strictly as there and then ignored.

use clap::{Arg, ArgMatches};
use serde_json::Value;
use stackql_client::structured;

use super::flags::BOOLEAN;

/// Type of a flag's value.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Number,
    Boolean,
    /// An object in JSON or YAML.
    Object,
}

use Kind::{Boolean, Number, Object, Text};

/// Name, default, type and help text of each flag.
const ACCEPTED: &[(&str, &str, Kind, &str)] = &[
    ("acid", "{}", Object, "How transactions are kept apart"),
    ("approotfilemode", "0755", Text, "The mode of folders below --approot"),
    ("cachekeycount", "100", Number, "How many keys of answers are kept"),
    ("colorscheme", "", Text, "The colours of the shell"),
    ("cpuprofile", "", Text, "A file for a profile of the program"),
    ("dataflow.components.max", "50", Number, "The most unconnected parts of a join"),
    ("dataflow.dependency.max", "50", Number, "The most relations of a join that feed one another"),
    ("dbInternal", "{}", Object, "Which queries are about the catalogue of PostgreSQL"),
    ("gc", "{}", Object, "When rows that nobody reads any more are dropped"),
    ("http.response.maxResults", "-1", Number, "The most rows of a page"),
    ("loglevel", "fatal", Text, "How much the program tells of its work"),
    ("mcp.config", "{}", Object, "The server for agents"),
    ("mcp.server.type", "", Text, "How the server for agents is spoken to"),
    ("metadatattl", "3600", Number, "How many seconds metadata is kept"),
    ("offline", "false", Boolean, "Do without the network"),
    ("pgsrv.address", "0.0.0.0", Text, "The address of the PostgreSQL server"),
    ("pgsrv.debug.enable", "false", Boolean, "Whether the PostgreSQL server sends notices"),
    ("pgsrv.loglevel", "WARN", Text, "How much the PostgreSQL server tells"),
    ("pgsrv.port", "5466", Number, "The port of the PostgreSQL server"),
    ("pgsrv.sundry", "{}", Object, "Further settings of the PostgreSQL server"),
    ("pgsrv.tls", "", Object, "The certificates of the PostgreSQL server"),
    ("preview", "{}", Object, "Relations that are tried out"),
    ("provider", "", Text, "The provider of names without one"),
    ("querycachesize", "0", Number, "How many plans are kept"),
    ("store.txn", "{}", Object, "Where transactions are logged"),
    ("usenonpreferredapis", "false", Boolean, "Whether versions that are not preferred are used"),
    ("verbose", "false", Boolean, "Say more"),
];

/// The flags, hidden from the help.
pub(crate) fn flags() -> impl Iterator<Item = Arg> {
    ACCEPTED.iter().map(|&(name, default, kind, about)| {
        let arg = Arg::new(name).long(name).global(true).hide(true).help(about);
        let arg = if name == "verbose" { arg.short('v') } else { arg };
        let arg = if default.is_empty() { arg } else { arg.default_value(default) };
        match kind {
            Text => arg.value_name("TEXT"),
            Object => arg.value_name("OBJECT"),
            Boolean => arg.value_name(BOOLEAN),
            Number => arg.value_name("N").allow_negative_numbers(true).value_parser(clap::value_parser!(i64)),
        }
    })
}

/// Effective flags whose value is an object.
const OBJECTS: &[&str] = &["auth", "namespaces", "registry", "session", "sqlBackend"];

/// Whether the value of the flag is an object.
pub(crate) fn takes_an_object(name: &str) -> bool {
    OBJECTS.contains(&name) || ACCEPTED.iter().any(|(accepted, _, kind, _)| *accepted == name && *kind == Object)
}

/// Whether the flag is accepted without effect.
pub(crate) fn is_accepted(name: &str) -> bool {
    ACCEPTED.iter().any(|(accepted, ..)| *accepted == name)
}

/// The first error in an object value of an ignored flag.
pub(crate) fn problem(matches: &ArgMatches) -> Option<String> {
    let objects = ACCEPTED.iter().filter(|(.., kind, _)| *kind == Object);
    objects.map(|(name, ..)| name).find_map(|name| {
        let text = matches.try_get_one::<String>(name).ok().flatten()?;
        object(name, text).err()
    })
}

/// Parses the object value of a flag; an empty value is an empty object. The errors do not quote the value, which may
/// hold passwords.
pub(crate) fn object(name: &str, text: &str) -> Result<Value, String> {
    let nothing = || Value::Object(serde_json::Map::new());
    if text.trim().is_empty() {
        return Ok(nothing());
    }
    match structured::<Value>(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(Value::Null) => Ok(nothing()),
        Ok(_) => Err(format!("--{name} is no object; give one in JSON or YAML, such as {{\"key\": \"value\"}}")),
        Err(e) => Err(format!("--{name} is neither JSON nor YAML: {e}")),
    }
}
