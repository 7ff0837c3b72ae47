//! What a user says about where things are kept, `--sqlBackend`: JSON or YAML.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use stackql_engine::StoreError;

use crate::database::Place;

/// What SQLite is called there.
const ENGINE: &str = "sqlite3_embedded";

/// The keys that say where. The others are about databases that are set up by hand.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Backend {
    db_engine: String,
    dsn: String,
}

/// Reads where the database is; without a word about it, in memory.
pub(crate) fn place(text: &str) -> Result<Place, StoreError> {
    let refused = |reason: &str| {
        // A library's picture of the place is several lines.
        let reason = reason.lines().next().unwrap_or_default();
        StoreError::Unusable(format!(
            "cannot read the configuration of the SQL backend: {reason}; give JSON or YAML such as \
             {{\"dbEngine\": \"{ENGINE}\", \"dsn\": \"file:stackql.db\"}}"
        ))
    };
    if text.trim().is_empty() {
        return Ok(Place::Memory);
    }
    // YAML takes JSON, and in other people's spelling, too.
    let read: serde_json::Value = yaml_serde::from_str(text).map_err(|error| refused(&error.to_string()))?;
    if read.is_null() {
        return Ok(Place::Memory);
    }
    // A list would be taken for the values in their order.
    if !read.is_object() {
        return Err(refused("it has no keys"));
    }
    let backend: Backend = serde_json::from_value(read).map_err(|error| refused(&error.to_string()))?;
    if !["", ENGINE].contains(&backend.db_engine.as_str()) {
        return Err(StoreError::Unusable(format!(
            "the SQL backend {} is not supported here yet; use {ENGINE}",
            backend.db_engine
        )));
    }
    if ["", ":memory:"].contains(&backend.dsn.as_str()) {
        return Ok(Place::Memory);
    }
    let Some(address) = backend.dsn.strip_prefix("file:") else {
        return Err(refused(&format!("the dsn {} does not begin with file:", backend.dsn)));
    };
    let address = address.split('#').next().unwrap_or_default();
    let (path, options) = address.split_once('?').unwrap_or((address, ""));
    // Of a host, there is none or this one.
    let path = path
        .strip_prefix("//localhost/")
        .map_or_else(|| path.strip_prefix("//").unwrap_or(path).to_owned(), |below| format!("/{below}"));
    let path = percent_decode_str(&path).decode_utf8().map_err(|_| refused("the path in the dsn is no UTF-8"))?;
    if ["", ":memory:"].contains(&&*path) || options.split('&').any(|option| option == "mode=memory") {
        return Ok(Place::Memory);
    }
    Ok(Place::File(PathBuf::from(&*path)))
}

#[cfg(test)]
mod tests;
