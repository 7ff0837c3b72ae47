//! The names of template types. Owns which there are, and what each hands its template.

/// What a template sees of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputFormat {
    /// XML, as a map.
    Xml,
    /// JSON.
    Json,
    /// The text as it is.
    Text,
    /// JSON if it is JSON, else the text.
    JsonOrText,
}

/// The version of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V0_1,
    V0_2,
    V0_3,
}

/// Reads the name of a template type.
pub(super) fn kind(name: &str) -> Option<(InputFormat, Version)> {
    let rest = name.strip_prefix("golang_template_")?;
    // The name without a reading is `golang_template_v0.1.0`.
    let (reading, version) = rest.rsplit_once("_v").or_else(|| Some(("", rest.strip_prefix('v')?)))?;
    let reading = match reading {
        "mxj" => InputFormat::Xml,
        "json" => InputFormat::Json,
        "text" => InputFormat::Text,
        "" if !rest.starts_with('_') => InputFormat::JsonOrText,
        _ => return None,
    };
    let version = match version {
        "0.1.0" => Version::V0_1,
        "0.2.0" => Version::V0_2,
        "0.3.0" => Version::V0_3,
        _ => return None,
    };
    Some((reading, version))
}
