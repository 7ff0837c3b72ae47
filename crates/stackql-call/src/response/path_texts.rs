//! Texts at paths of a body of either format.

use crate::response::sniff::{SniffedFormat, sniff};
use crate::response::{path_search, xml};

/// The texts at `paths`, each a path of names below the outermost value; the first occurrence of each. A body that
/// cannot be read has none.
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
