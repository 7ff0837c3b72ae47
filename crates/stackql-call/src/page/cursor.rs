//! [`Cursor`]: the position of the next page. Owns the rules that end pagination, for every kind of paging.

use serde_json::Value as Json;
use stackql_provider::{NextPage, Paging, ResponseLocation};

use crate::Call;

/// The position of the next page (also called page token or continuation).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// The value that the next request sends: a token, a URL, the number of a page, or the number of rows before it.
    text: String,
    /// The same as a number, where pages or rows are counted; else 0.
    count: u64,
}

impl Cursor {
    /// The token, URL or number.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The cursor as JSON for a query: a position is a number.
    pub(crate) fn value(&self) -> Json {
        if self.count > 0 { self.count.into() } else { self.text.as_str().into() }
    }

    fn from_token(text: String) -> Self {
        Self { text, count: 0 }
    }

    fn from_position(count: u64) -> Self {
        Self { text: count.to_string(), count }
    }
}

/// The cursor of the page after the page with `rows` rows that was requested with `asked`; `None` for the first page.
/// `onward` is the token, the URL or the last page's number, as the response has it.
pub(super) fn next(call: &Call, asked: Option<&Cursor>, rows: usize, onward: Option<String>) -> Option<Cursor> {
    let paging = call.operation.method().paging.as_ref()?;
    let onward = onward.filter(|text| !text.is_empty());
    let goes_on = |parameter: &str| rows > 0 && call.argument(parameter).is_none();
    match &paging.next {
        NextPage::Token { .. } | NextPage::Address { .. } => onward.map(Cursor::from_token),
        NextPage::Number { parameter, first, .. } if goes_on(parameter) => {
            let page = asked.map_or(u64::from(*first), |cursor| cursor.count);
            let last = onward.and_then(|text| text.trim().parse::<u64>().ok());
            last.is_none_or(|last| page < last).then(|| Cursor::from_position(page.saturating_add(1)))
        }
        NextPage::Offset { parameter } if goes_on(parameter) => {
            Some(Cursor::from_position(asked.map_or(0, |cursor| cursor.count).saturating_add(rows as u64)))
        }
        NextPage::Number { .. } | NextPage::Offset { .. } => None,
        NextPage::Cursor { more: Some(_), .. } => onward.map(Cursor::from_token),
        NextPage::Cursor { more: None, full, .. } => {
            let is_last = rows == 0 || full.is_some_and(|full| rows < fewest(call, paging, full));
            onward.filter(|_| !is_last).map(Cursor::from_token)
        }
    }
}

/// Whether a page of `rows` rows has the full size, with no way to request another page.
pub(super) fn may_be_truncated(call: &Call, rows: usize) -> bool {
    let Some(Paging { next: NextPage::Cursor { answer: ResponseLocation::Body(path), full: Some(full), .. }, size }) =
        &call.operation.method().paging
    else {
        return false;
    };
    let is_given = size.as_ref().is_some_and(|size| call.argument(&size.parameter).is_some());
    path.is_empty() && !is_given && u64::from(*full) <= rows as u64
}

/// The least number of rows on a page that is not the last one: `full`, unless the call sets a smaller page size.
fn fewest(call: &Call, paging: &Paging, full: u32) -> usize {
    let bound = paging.size.as_ref().and_then(|size| call.argument(&size.parameter)?.as_u64());
    bound.map_or(u64::from(full), |bound| bound.min(u64::from(full))).try_into().unwrap_or(usize::MAX)
}
