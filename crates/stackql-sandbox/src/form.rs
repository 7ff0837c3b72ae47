//! Parameters of a request, from its query string and body.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The parameters of a request by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Parses texts such as `a=b&c=d`; later values replace earlier ones.
    pub(crate) fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let pairs = texts.into_iter().flat_map(|t| t.split('&')).filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decoded(k), decoded(v)))
                .collect(),
        )
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The values of `name.1`, `name.2` and so on.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        (1..).map_while(|n| self.get(&format!("{name}.{n}")).map(str::to_owned)).collect()
    }

    /// Whether the value of a parameter is `true`, ignoring case.
    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Sets a parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Removes a parameter, and all parameters whose names extend it after a dot.
    pub(crate) fn without(mut self, name: &str) -> Self {
        let below = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.0.retain(|key, _| !below(key));
        self
    }

    /// Encodes the parameters as a query string, with `%20` for blanks.
    pub(crate) fn encoded(&self) -> String {
        let pairs = self.0.iter().map(|(k, v)| {
            format!("{}={}", utf8_percent_encode(k, NON_ALPHANUMERIC), utf8_percent_encode(v, NON_ALPHANUMERIC))
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_read_in_both_spellings() {
        let form = Form::read(["Action=X", "A.1=a+b&A.2=c%2Bd&A.4=no"]);
        assert_eq!([form.get("A.1"), form.get("A.2"), form.get("A.3")], [Some("a b"), Some("c+d"), None]);
        assert_eq!(form.list("A"), ["a b", "c+d"]);
        assert_eq!(form.encoded(), "A%2E1=a%20b&A%2E2=c%2Bd&A%2E4=no&Action=X");
        assert_eq!(Form::read([form.encoded().as_str()]), form);
    }

    #[test]
    fn a_parameter_goes_with_all_below_it() {
        let form = Form::read(["Filter.1.Name=a&Filter.1.Value.1=b&Filters=c&DryRun=TRUE"]);
        assert!(form.is_true("DryRun") && !form.is_true("Filters"));
        assert_eq!(form.without("Filter").with("X", "y"), Form::read(["Filters=c&DryRun=TRUE&X=y"]));
    }
}
