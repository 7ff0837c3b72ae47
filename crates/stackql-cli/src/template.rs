//! Scripts that are templates: a preamble, or a file, gives data, and the rest of the script is a Go template over it.
//! Owns where the data is and what is said when something is wrong with it or with the template.

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

/// What data in a script stands between.
const OPENS: &str = "<<<";
const CLOSES: &str = ">>>";

/// What stands in place of data in the template: as long, and nothing is printed of it.
const COMMENT: (&str, &str) = ("{{/*", "*/}}");

/// Data, as text.
struct Data {
    language: Language,
    /// Of a script, with blanks for what stands before it, so that places in it are those in the script.
    text: String,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Language {
    Json,
    Jsonnet,
}

/// The script that a template makes of its data, without blanks around it. A script without data is no template.
pub(crate) fn render(script: &str, flags: &Templates) -> Result<String, CliError> {
    let (blocks, body) = blocks(script)?;
    let named = flags.iqldata.as_deref().filter(|path| !path.as_os_str().is_empty());
    // What is named on the command line wins.
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

/// The data of a template that looks below `values`: where the data has no such member, that is all of it.
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

/// The values of several blocks as one: of a name that several have, the last one's value counts.
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

/// The blocks of data in a script, wherever a statement or its part may stand, and the script without them.
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
            // Whatever is JSON is jsonnet.
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
            // It is too short for a comment, so that it has no data either.
            None => body.push_str(&block),
        }
        at = end + CLOSES.len();
    }
    Ok((all, body))
}

/// As many blanks as there are characters; lines stay lines.
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
        // The place is told by itself.
        let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
        TemplateError { place: Some((e.line(), e.column())), reason: format!("it is not JSON: {reason}") }
    })?;
    Ok(value.to_string())
}

#[cfg(test)]
mod tests;
