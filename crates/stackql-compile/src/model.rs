//! Reads the files of a service model: finds and decompresses them and limits their size. Their content is not
//! interpreted.

use std::io::Read;
use std::path::Path;

use serde_json::Value;
use stackql_provider::names::{NameMatch, match_name, nearest};

use crate::Error;

/// Maximum size of a file after decompression; longer files are truncated, which makes them invalid JSON.
const MAX_BYTES: u64 = 128 << 20;

/// The files of one service.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) service: Value,
    pub(crate) paginators: Value,
    pub(crate) waiters: Value,
}

/// The names of all services below `models`.
pub(crate) fn services(models: &Path) -> Result<Vec<String>, Error> {
    Ok(folders(models)?.into_iter().filter(|n| folders(&models.join(n)).is_ok_and(|v| !v.is_empty())).collect())
}

/// The directory names of the services in `wanted`.
///
/// # Errors
///
/// [`Error::Service`] for a name that matches no service.
pub(crate) fn service_folders(models: &Path, wanted: &[String]) -> Result<Vec<String>, Error> {
    let known = services(models)?;
    let all = || known.iter().map(|n| (n.as_str(), n.as_str()));
    let own = |name: &String| match match_name(name, all()) {
        NameMatch::One(own) => Ok(own.to_owned()),
        _ => Err(Error::Service {
            models: models.display().to_string(),
            name: name.clone(),
            suggestion: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
        }),
    };
    wanted.iter().map(own).collect()
}

/// Reads the newest version of a service.
///
/// # Errors
///
/// The service has no model, or a file cannot be read or parsed.
pub(crate) fn model(models: &Path, name: &str) -> Result<Model, Error> {
    let folder = models.join(name);
    let missing = || Error::Read { path: folder.display().to_string(), reason: "no service-2.json below it".into() };
    let with_model =
        |v: &String| ["service-2.json", "service-2.json.gz"].iter().any(|f| folder.join(v).join(f).is_file());
    let version = folders(&folder)?.into_iter().rfind(with_model).ok_or_else(missing)?;
    let at = folder.join(&version);
    Ok(Model {
        name: name.to_owned(),
        service: read(&at, "service-2.json")?.ok_or_else(missing)?,
        paginators: read(&at, "paginators-1.json")?.unwrap_or(Value::Null),
        waiters: read(&at, "waiters-2.json")?.unwrap_or(Value::Null),
        version,
    })
}

/// Reads a JSON file, which may be gzipped; `None` if it does not exist.
pub(crate) fn read(folder: &Path, file: &str) -> Result<Option<Value>, Error> {
    let plain = folder.join(file);
    let packed = folder.join(format!("{file}.gz"));
    let (path, is_packed) = if plain.is_file() {
        (plain, false)
    } else if packed.is_file() {
        (packed, true)
    } else {
        return Ok(None);
    };
    let opened = std::fs::File::open(&path).map_err(|e| unreadable(&path, &e))?;
    let mut bytes = Vec::new();
    let done = if is_packed {
        flate2::read::GzDecoder::new(opened).take(MAX_BYTES).read_to_end(&mut bytes)
    } else {
        opened.take(MAX_BYTES).read_to_end(&mut bytes)
    };
    let invalid = |reason: String| Error::Invalid { path: path.display().to_string(), reason };
    done.map_err(|e| if is_packed { invalid(e.to_string()) } else { unreadable(&path, &e) })?;
    serde_json::from_slice(&bytes).map(Some).map_err(|e| invalid(e.to_string()))
}

fn folders(at: &Path) -> Result<Vec<String>, Error> {
    let entries = std::fs::read_dir(at).map_err(|e| unreadable(at, &e))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|e| e.path().is_dir())
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Read { path: path.display().to_string(), reason: error.to_string() }
}
