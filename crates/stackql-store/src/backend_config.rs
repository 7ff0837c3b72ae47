//! Parses `--sqlBackend` (JSON or YAML): which database stores local objects, and where it is.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use stackql_engine::StoreError;

/// Values of `dbEngine` and `sqlDialect` that select SQLite.
const SQLITE: (&str, &str) = ("sqlite3_embedded", "sqlite3");
/// Values of `dbEngine` and `sqlDialect` that select PostgreSQL.
const POSTGRES: (&str, &str) = ("postgres_tcp", "postgres");
/// PostgreSQL's default schema.
const PUBLIC: &str = "public";

/// The selected database. `Debug` prints no fields, because the DSN may hold a password.
#[derive(PartialEq, Eq)]
pub(crate) enum Backend {
    Memory { script: Option<PathBuf> },
    File { path: PathBuf, script: Option<PathBuf> },
    Postgres { dsn: String, schema: String, script: Option<PathBuf> },
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

/// The keys that are read. The other keys configure tables of the Go implementation and are ignored.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct BackendFlags {
    db_engine: String,
    sql_dialect: String,
    dsn: String,
    db_init_filepath: String,
    schemata: SchemaNames,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SchemaNames {
    table_schema: String,
}

/// Parses the configuration; an in-memory database if it is empty or null.
///
/// # Errors
///
/// [`StoreError::Unusable`] if the text is no mapping, or names an unknown engine, a dialect of another engine, or a
/// DSN of SQLite that is no `file:` URL.
pub(crate) fn backend(text: &str) -> Result<Backend, StoreError> {
    // YAML is a superset of JSON and also accepts looser spellings.
    let read: serde_json::Value = if text.trim().is_empty() {
        serde_json::Value::Null
    } else {
        yaml(text).map_err(|why| invalid_backend(&why))?
    };
    if read.is_null() {
        return Ok(Backend::Memory { script: None });
    }
    // Serde would read a list as the values of the fields in their order.
    if !read.is_object() {
        return Err(invalid_backend("it has no keys"));
    }
    let said: BackendFlags = serde_json::from_value(read).map_err(|error| invalid_backend(&error.to_string()))?;
    let script = Some(PathBuf::from(&said.db_init_filepath)).filter(|path| !path.as_os_str().is_empty());
    let (engine, dialect) = match said.db_engine.as_str() {
        "" => SQLITE,
        engine => [SQLITE, POSTGRES].into_iter().find(|(known, _)| *known == engine).ok_or_else(|| {
            StoreError::Unusable(format!(
                "the SQL backend {engine} is not known; dbEngine is {} or {}",
                SQLITE.0, POSTGRES.0
            ))
        })?,
    };
    if !["", dialect].contains(&said.sql_dialect.as_str()) {
        return Err(StoreError::Unusable(format!(
            "the SQL backend {engine} has the sqlDialect {dialect}, not {}; dbEngine is {} for sqlite3 and {} for postgres",
            said.sql_dialect, SQLITE.0, POSTGRES.0
        )));
    }
    if engine == POSTGRES.0 {
        let schema = Some(said.schemata.table_schema).filter(|schema| !schema.is_empty());
        let schema = schema.unwrap_or_else(|| PUBLIC.to_owned());
        return Ok(Backend::Postgres { dsn: said.dsn, schema, script });
    }
    Ok(match file(&said.dsn)? {
        Some(path) => Backend::File { path, script },
        None => Backend::Memory { script },
    })
}

fn yaml(text: &str) -> Result<serde_json::Value, String> {
    yaml_serde::from_str(text).map_err(|error| error.to_string())
}

fn invalid_backend(reason: &str) -> StoreError {
    // The first line is the message; a YAML error adds an excerpt of the source in further lines.
    let reason = reason.lines().next().unwrap_or_default();
    StoreError::Unusable(format!(
        "cannot read the configuration of the SQL backend: {reason}; give JSON or YAML such as \
         {{\"dbEngine\": \"{}\", \"dsn\": \"file:stackql.db\"}}",
        SQLITE.0
    ))
}

/// The path in a DSN of SQLite; `None` if the DSN selects an in-memory database.
fn file(dsn: &str) -> Result<Option<PathBuf>, StoreError> {
    if ["", ":memory:"].contains(&dsn) {
        return Ok(None);
    }
    // The DSN may belong to another database and hold a password, so the error does not quote it.
    let Some(address) = dsn.strip_prefix("file:") else {
        let elsewhere = if dsn.contains("://") { "; PostgreSQL is dbEngine postgres_tcp" } else { "" };
        return Err(invalid_backend(&format!("the dsn does not begin with file:{elsewhere}")));
    };
    let address = address.split('#').next().unwrap_or_default();
    let (path, options) = address.split_once('?').unwrap_or((address, ""));
    // A `file:` URL has no host, or `localhost`.
    let path = path
        .strip_prefix("//localhost/")
        .map_or_else(|| path.strip_prefix("//").unwrap_or(path).to_owned(), |below| format!("/{below}"));
    let path =
        percent_decode_str(&path).decode_utf8().map_err(|_| invalid_backend("the path in the dsn is no UTF-8"))?;
    if ["", ":memory:"].contains(&&*path) || options.split('&').any(|option| option == "mode=memory") {
        return Ok(None);
    }
    Ok(Some(PathBuf::from(&*path)))
}

#[cfg(test)]
mod tests;
