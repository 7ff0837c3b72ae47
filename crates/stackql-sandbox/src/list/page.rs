//! Pagination. A token holds the sort key of the last row returned, so that deletions between two pages skip no rows.

use super::own_id;
use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::resource_kind;

/// Maximum number of rows per page.
const LARGEST: usize = 1000;

/// The page that a request asks for.
#[derive(Debug)]
pub(super) struct PageRequest<'a> {
    action: &'a str,
    after: Option<String>,
    size: usize,
}

impl<'a> PageRequest<'a> {
    pub(super) fn from_form(action: &'a str, form: &Form) -> Result<Self, ApiError> {
        let after = match form.get("NextToken").map(|token| place_of(action, token)) {
            Some(None) => {
                let message =
                    "The specified NextToken is not valid; send the one of the last answer to the same action";
                return Err(ApiError::new("InvalidNextToken", message));
            }
            after => after.flatten(),
        };
        // The minimum page size is five for these kinds; for others it may be one.
        let smallest = if resource_kind::listed_by(action).is_some() { 5 } else { 1 };
        let size = match form.get("MaxResults").map(|n| (n, n.parse())) {
            None => LARGEST,
            Some((_, Ok(size))) if (smallest..=LARGEST).contains(&size) => size,
            Some((text, _)) => {
                let expected = format!("Expecting a value from {smallest} to {LARGEST}.");
                return Err(ApiError::value("MaxResults", text, &expected));
            }
        };
        Ok(Self { action, after, size })
    }

    /// Sorts the rows, keeps those of the page, and returns the token of the next page.
    pub(super) fn cut(&self, list: &mut Element) -> Option<String> {
        let container = list.name.clone();
        list.children.sort_by_cached_key(|row| place(&container, row));
        if let Some(after) = &self.after {
            list.children.retain(|row| place(&container, row) > *after);
        }
        if list.children.len() <= self.size {
            return None;
        }
        list.children.truncate(self.size);
        list.children.last().map(|row| token(self.action, &place(&container, row)))
    }
}

/// The sort key of a row. Ids are ascending, so rows are sorted by creation.
pub(super) fn place(container: &str, row: &Element) -> String {
    own_id(container, row).map_or_else(|| row.xml(), str::to_owned)
}

/// The token for the page after a sort key; its format is opaque to callers.
pub(super) fn token(action: &str, place: &str) -> String {
    let hex: String = place.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{:08x}{hex}", sum(action, place))
}

fn place_of(action: &str, token: &str) -> Option<String> {
    let (check, hex) = token.split_at_checked(8)?;
    let byte = |n: usize| u8::from_str_radix(hex.get(n..n + 2)?, 16).ok();
    let place = String::from_utf8((0..hex.len()).step_by(2).map(byte).collect::<Option<_>>()?).ok()?;
    (u32::from_str_radix(check, 16).ok()? == sum(action, &place)).then_some(place)
}

/// A checksum that binds a token to its action and detects invalid tokens.
fn sum(action: &str, place: &str) -> u32 {
    action
        .bytes()
        .chain(place.bytes())
        .fold(0x811c_9dc5, |sum: u32, byte| (sum ^ u32::from(byte)).wrapping_mul(16_777_619))
}
