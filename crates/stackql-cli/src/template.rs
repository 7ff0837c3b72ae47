//! Script templates: a preamble in the script, or a file, provides data, and the rest of the script is a Go template
//! over it. Owns the extraction of the data and the errors about data and template.

mod elements;
mod jsonnet;
mod problem;

use std::collections::HashMap;
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::Value;
use stackql_call::{Transform, TransformError};

use crate::args::groups::Templates;
use crate::exit::CliError;
use problem::TemplateError;

/// Delimiters of a data block in a script.
const OPENS: &str = "<<<";
const CLOSES: &str = ">>>";

/// Template comment that replaces a data block. It has the same length, so that positions stay valid, and prints
/// nothing.
const COMMENT: (&str, &str) = ("{{/*", "*/}}");

/// A block of data as text.
struct Data {
    language: Language,
    /// The source; for a block of a script, preceded by blanks in place of what precedes it, so that positions match
    /// those in the script.
    text: String,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Language {
    Json,
    Jsonnet,
}

/// Renders a script with its data and trims the result. A script without data is returned unrendered.
///
/// # Errors
///
/// A message if the data or the template is invalid or a file cannot be read.
pub(crate) fn render(script: &str, flags: &Templates) -> Result<String, CliError> {
    let (blocks, body) = blocks(script)?;
    let named = flags.iqldata.as_deref().filter(|path| !path.as_os_str().is_empty());
    // A data file named on the command line overrides the blocks of the script.
    let (all, whose) = match named {
        Some(path) => (vec![read(path)?], path.display().to_string()),
        None => (blocks, "the script's data".to_owned()),
    };
    if all.is_empty() {
        return Ok(script.trim().to_owned());
    }
    let told = |problem: TemplateError| CliError::Message(format!("{whose}: {problem}"));
    let variables: Vec<_> = flags.variables.iter().flat_map(|list| list.0.clone()).collect();
    let evaluated = all.iter().map(|data| match data.language {
        Language::Json => json(&data.text),
        Language::Jsonnet => jsonnet::evaluated(&data.text, &variables),
    });
    let merged = merged(evaluated.collect::<Result<_, _>>().map_err(told)?);
    let json = merged.map_err(|reason| CliError::Message(format!("{whose}: {reason}")))?;
    let (body, json) = elements::as_members(body.trim_end(), with_values(&body, json));
    let filled = Transform::script(&body).and_then(|template| template.render(json.as_bytes()));
    filled.map(|text| text.trim().to_owned()).map_err(|e| match e {
        TransformError::Answer { reason, .. } => CliError::Message(format!("{whose}: {reason}")),
        other => CliError::Message(other.to_string()),
    })
}

/// Adds the member `values`, holding all data, if the template refers to `.values` and the data has no such member.
fn with_values(template: &str, json: String) -> String {
    let has_values =
        || serde_json::from_str::<HashMap<String, IgnoredAny>>(&json).map(|all| all.contains_key("values"));
    match template.contains(".values") && matches!(has_values(), Ok(false)) {
        true => {
            let members = json.trim_start().trim_start_matches('{');
            let comma = if members.trim_start().starts_with('}') { "" } else { "," };
            format!("{{\"values\":{json}{comma}{members}")
        }
        false => json,
    }
}

/// Merges the objects of several blocks; later members replace earlier ones of the same name.
fn merged(mut all: Vec<String>) -> Result<String, String> {
    if all.len() == 1 {
        return Ok(all.remove(0));
    }
    let mut members = serde_json::Map::new();
    for text in all {
        match serde_json::from_str(&text) {
            Ok(Value::Object(object)) => members.extend(object),
            _ => return Err("of several blocks each is an object, so that they can be merged".to_owned()),
        }
    }
    Ok(Value::Object(members).to_string())
}

/// Extracts the data blocks of a script. In the remaining script, they are replaced by comments or blanks of the same
/// length.
fn blocks(script: &str) -> Result<(Vec<Data>, String), CliError> {
    let (mut all, mut body, mut at) = (Vec::new(), String::with_capacity(script.len()), 0);
    while at < script.len() {
        let Some(inside) = script[at..].strip_prefix(OPENS) else {
            let length = stackql_sql::length(&script[at..]);
            body.push_str(&script[at..at + length]);
            at += length;
            continue;
        };
        let Some(length) = inside.find(CLOSES) else {
            let line = script[..at].matches('\n').count() + 1;
            return Err(CliError::Message(format!(
                "the script has {OPENS} in line {line} and no {CLOSES} behind its data"
            )));
        };
        let named = inside.find(|c: char| !c.is_alphanumeric()).unwrap_or(length).min(length);
        let language = match &inside[..named] {
            "json" => Language::Json,
            // Jsonnet is a superset of JSON.
            "jsonnet" | "" => Language::Jsonnet,
            other => {
                let known = "json and jsonnet are known";
                return Err(CliError::Message(format!(
                    "the script's data is in '{other}', of which nothing is known; {known}"
                )));
            }
        };
        let (data_at, end) = (at + OPENS.len() + named, at + OPENS.len() + length);
        all.push(Data { language, text: blank(&script[..data_at]) + &script[data_at..end] });
        let block = blank(&script[at..end + CLOSES.len()]);
        match block.get(COMMENT.0.len()..block.len().saturating_sub(COMMENT.1.len())) {
            Some(between) => body.extend([COMMENT.0, between, COMMENT.1]),
            // The block is too short to become a comment; a block this short contains no data.
            None => body.push_str(&block),
        }
        at = end + CLOSES.len();
    }
    Ok((all, body))
}

/// Replaces each character by a blank; line breaks are kept.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { ' ' }).collect()
}

fn read(path: &Path) -> Result<Data, CliError> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|reason| CliError::Unreadable { path: path.display().to_string(), reason })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    Ok(Data { language: if is_json { Language::Json } else { Language::Jsonnet }, text })
}

fn json(text: &str) -> Result<String, TemplateError> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let reason = e.to_string();
        // The message omits the position, which is reported separately.
        let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
        TemplateError { place: Some((e.line(), e.column())), reason: format!("it is not JSON: {reason}") }
    })?;
    Ok(value.to_string())
}

#[cfg(test)]
mod tests;
