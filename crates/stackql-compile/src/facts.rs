//! The text form of models that is committed: the same structure without documentation, one entry per line.

use std::path::Path;

use serde_json::{Map, Value};

use crate::predicates::filter_names;
use crate::{Error, model};

/// The files with the facts of these services, as pairs of path and text. Paths are relative to the directory of facts.
///
/// # Errors
///
/// A model cannot be read.
pub fn facts(models: &Path, services: &[String]) -> Result<Vec<(String, String)>, Error> {
    let mut files = Vec::new();
    let mut prefixes = Vec::new();
    for name in services {
        let read = model::model(models, name)?;
        let folder = format!("{name}/{}", read.version);
        prefixes.push(read.service["metadata"]["endpointPrefix"].as_str().unwrap_or(name).to_owned());
        for (file, value) in
            [("service-2.json", read.service), ("paginators-1.json", read.paginators), ("waiters-2.json", read.waiters)]
        {
            if !value.is_null() {
                files.push((format!("{folder}/{file}"), lines(&prune(value))));
            }
        }
    }
    if let Some(mut endpoints) = model::read(models, "endpoints.json")? {
        for partition in endpoints["partitions"].as_array_mut().into_iter().flatten() {
            if let Some(services) = partition["services"].as_object_mut() {
                services.retain(|name, _| prefixes.contains(name));
            }
        }
        files.push(("endpoints.json".to_owned(), lines(&prune(endpoints))));
    }
    Ok(files)
}

fn prune(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let names = filter_names(&Value::Object(map.clone()));
            let is_filters = map.get("shape").and_then(Value::as_str).is_some_and(|s| s.ends_with("FilterList"));
            let mut out: Map<String, Value> = map
                .into_iter()
                .filter(|(k, v)| !(v.is_string() && matches!(k.as_str(), "documentation" | "deprecatedMessage")))
                .filter(|(k, _)| k != "examples")
                .map(|(k, v)| (k, prune(v)))
                .collect();
            if is_filters && !names.is_empty() {
                out.insert("filterNames".into(), names.into());
            }
            Value::Object(out)
        }
        Value::Array(list) => Value::Array(list.into_iter().map(prune).collect()),
        other => other,
    }
}

/// Formats JSON with the sorted keys of the first two levels on lines of their own.
fn lines(value: &Value) -> String {
    let mut out = String::from("{\n");
    let mut top: Vec<_> = value.as_object().into_iter().flatten().collect();
    top.sort_by_key(|(k, _)| k.as_str());
    for (i, (key, value)) in top.iter().enumerate() {
        let comma = if i + 1 < top.len() { "," } else { "" };
        let Some(map) = value.as_object() else {
            out.push_str(&format!("\"{key}\": {value}{comma}\n"));
            continue;
        };
        let mut entries: Vec<_> = map.iter().collect();
        entries.sort_by_key(|(k, _)| k.as_str());
        let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{}: {v}", Value::from(k.as_str()))).collect();
        out.push_str(&format!("\"{key}\": {{\n{}\n}}{comma}\n", entries.join(",\n")));
    }
    out.push_str("}\n");
    out
}
