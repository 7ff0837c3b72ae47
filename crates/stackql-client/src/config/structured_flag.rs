//! The values of flags that hold structure: JSON, or YAML, which also takes JSON in other people's spelling.

use serde::de::DeserializeOwned;

/// Reads the value of a flag. One closing brace too many, which existing scripts have, is passed over.
///
/// # Errors
///
/// It is neither JSON nor YAML, or not of this form; the error may quote it.
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
