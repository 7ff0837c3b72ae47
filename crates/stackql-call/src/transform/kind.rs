//! The template types by name. Owns which exist, and the input format and function version of each.

/// The format in which a template receives its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputFormat {
    /// XML, converted to a map.
    Xml,
    /// JSON.
    Json,
    /// Plain text.
    Text,
    /// JSON if the input is JSON, else plain text.
    JsonOrText,
}

/// The version of the function set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V0_1,
    V0_2,
    V0_3,
}

/// Parses the name of a template type.
pub(super) fn kind(name: &str) -> Option<(InputFormat, Version)> {
    let rest = name.strip_prefix("golang_template_")?;
    // The name without an input format is `golang_template_v0.1.0`.
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
