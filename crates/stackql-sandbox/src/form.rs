//! The parameters of a request, as its query and its body carry them.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The parameters of a request by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads `a=b&c=d` texts; later ones win.
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

    /// The parameters as one text, `%20` for a blank.
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
        assert_eq!(form.encoded(), "A%2E1=a%20b&A%2E2=c%2Bd&A%2E4=no&Action=X");
        assert_eq!(Form::read([form.encoded().as_str()]), form);
    }
}
