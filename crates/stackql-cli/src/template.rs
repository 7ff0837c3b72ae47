//! Scripts that are templates: a preamble, or a file, gives data, and the rest of the script is a Go template over it.
//! Owns where the data is and what is said when something is wrong with it or with the template.

mod jsonnet;
mod problem;

use std::path::Path;

use serde_json::Value;
use stackql_call::{Transform, TransformError};

use crate::arguments::Templates;
use crate::ending::Stop;
use problem::Problem;

/// The Go templates that see JSON.
const TEMPLATE: &str = "golang_template_json_v0.3.0";

/// What a preamble stands between.
const OPENS: &str = "<<<";
const CLOSES: &str = ">>>";

/// Data, as text.
struct Data {
    language: Language,
    /// Of a preamble, with blanks for what stands before it, so that places in it are those in the script.
    text: String,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Language {
    Json,
    Jsonnet,
}

/// The script that a template makes of its data. A script without data is no template and stays as it is.
pub(crate) fn filled(script: String, flags: &Templates) -> Result<String, Stop> {
    let preamble = preamble(&script)?;
    let (data, whose, body) = match (flags.iqldata.as_deref().filter(|path| !path.as_os_str().is_empty()), preamble) {
        (None, None) => return Ok(script),
        (None, Some((data, body))) => (data, "the script's data".to_owned(), body),
        // What is named on the command line wins.
        (Some(path), preamble) => (read(path)?, path.display().to_string(), preamble.map_or(script, |(_, body)| body)),
    };
    let told = |problem: Problem| Stop::Told(format!("{whose}: {problem}"));
    let json = match data.language {
        Language::Json => json(&data.text).map_err(told)?,
        Language::Jsonnet => {
            let variables: Vec<_> = flags.variables.iter().flat_map(|list| list.0.clone()).collect();
            jsonnet::evaluated(&data.text, &variables).map_err(told)?
        }
    };
    let filled = Transform::compile(TEMPLATE, &body).and_then(|template| template.render(json.as_bytes()));
    filled.map(|text| text.trim_start().to_owned()).map_err(|e| match e {
        TransformError::Answer { reason, .. } => Stop::Told(format!("{whose}: {reason}")),
        other => Stop::Told(other.to_string()),
    })
}

/// The data in front of a script, and the script with blanks for it; `None` where there is none.
fn preamble(script: &str) -> Result<Option<(Data, String)>, Stop> {
    let start = script.len() - script.trim_start().len();
    let Some(inside) = script[start..].strip_prefix(OPENS) else { return Ok(None) };
    let Some(length) = inside.find(CLOSES) else {
        return Err(Stop::Told(format!("the script begins with {OPENS} and has no {CLOSES} behind its data")));
    };
    let named = inside.find(|c: char| !c.is_alphanumeric()).unwrap_or(length).min(length);
    let language = match &inside[..named] {
        "json" => Language::Json,
        // Whatever is JSON is jsonnet.
        "jsonnet" | "" => Language::Jsonnet,
        other => {
            let known = "json and jsonnet are known";
            return Err(Stop::Told(format!("the script's data is in '{other}', of which nothing is known; {known}")));
        }
    };
    let data_at = start + OPENS.len() + named;
    let end = start + OPENS.len() + length;
    let text = blank(&script[..data_at]) + &script[data_at..end];
    let body = blank(&script[..end + CLOSES.len()]) + &script[end + CLOSES.len()..];
    Ok(Some((Data { language, text }, body)))
}

/// As many blanks as there are characters; lines stay lines.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { ' ' }).collect()
}

fn read(path: &Path) -> Result<Data, Stop> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|reason| Stop::Unreadable { path: path.display().to_string(), reason })?;
    let is_json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    Ok(Data { language: if is_json { Language::Json } else { Language::Jsonnet }, text })
}

fn json(text: &str) -> Result<String, Problem> {
    let value: Value = serde_json::from_str(text).map_err(|e| {
        let reason = e.to_string();
        // The place is told by itself.
        let reason = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(reason, _)| reason);
        Problem { place: Some((e.line(), e.column())), reason: format!("it is not JSON: {reason}") }
    })?;
    Ok(value.to_string())
}

#[cfg(test)]
mod tests;
