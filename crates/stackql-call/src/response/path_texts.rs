//! Searches a JSON or XML body for the texts at given paths.

use crate::response::sniff::{SniffedFormat, sniff};
use crate::response::{path_search, xml};

/// The first text at each of `paths`, which are paths of names below the outermost value. A body that cannot be parsed has
/// none.
pub(crate) fn find_texts(body: &[u8], paths: &[&[String]]) -> Vec<Option<String>> {
    let found = match sniff(body) {
        SniffedFormat::Json => path_search::texts(body, paths),
        SniffedFormat::Xml => xml::texts(body, paths),
        SniffedFormat::Other => Ok(Vec::new()),
    };
    let mut found = found.unwrap_or_default();
    found.resize(paths.len(), None);
    found
}
