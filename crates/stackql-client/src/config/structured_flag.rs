//! Structured flag values: JSON, or YAML, which also accepts JSON with loose quoting.

use serde::de::DeserializeOwned;

/// Parses the value of a flag as JSON or YAML. One surplus closing brace, which existing scripts have, is ignored.
///
/// # Errors
///
/// The value is neither JSON nor YAML, or does not have the form of `T`; the error may quote the value.
pub fn structured<T: DeserializeOwned>(text: &str) -> Result<T, yaml_serde::Error> {
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    yaml_serde::from_str(text).or_else(|error| {
        let shorter = text.trim_end().strip_suffix('}').filter(|rest| rest.trim_end().ends_with('}'));
        shorter.and_then(|rest| yaml_serde::from_str(rest).ok()).ok_or(error)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::structured;

    #[test]
    fn json_yaml_and_a_brace_too_many_are_read() {
        for text in [
            r#"{"dsn": "file:x"}"#,
            "{dsn: 'file:x'}",
            "dsn: file:x",
            r#"{ "dsn": "file:x" } }"#,
            "{\"dsn\": \"file:x\"}}\n",
        ] {
            assert_eq!(structured::<Value>(text).unwrap(), json!({ "dsn": "file:x" }), "{text}");
        }
        for text in ["{\"a\": 1", "}", "{a: 1}}}", "{a: 1} x"] {
            assert!(structured::<Value>(text).is_err(), "{text}");
        }
    }
}
