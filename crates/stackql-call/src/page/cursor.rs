//! Where the next page starts. Owns what ends the pages, whatever leads from one to the next.

use stackql_provider::NextPage;

use crate::Call;

/// Where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// What the next request says: a token, an address, a page's number or how many rows are before it.
    text: String,
    /// The number, where pages or rows are counted.
    count: u64,
}

impl Cursor {
    /// The token, address or number, for messages.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn said(text: String) -> Self {
        Self { text, count: 0 }
    }

    fn counted(count: u64) -> Self {
        Self { text: count.to_string(), count }
    }
}

/// The cursor after the page of `rows` rows that `asked` led to; `None` for the first one. `onward` is what the answer
/// says about it.
pub(super) fn after(call: &Call, asked: Option<&Cursor>, rows: usize, onward: Option<String>) -> Option<Cursor> {
    let paging = call.operation.method().paging.as_ref()?;
    let onward = onward.filter(|text| !text.is_empty());
    let goes_on = |parameter: &str| rows > 0 && call.argument(parameter).is_none();
    match &paging.next {
        NextPage::Token { .. } | NextPage::Address { .. } => onward.map(Cursor::said),
        NextPage::Number { parameter, first, .. } if goes_on(parameter) => {
            let page = asked.map_or(u64::from(*first), |cursor| cursor.count);
            let last = onward.and_then(|text| text.trim().parse::<u64>().ok());
            last.is_none_or(|last| page < last).then(|| Cursor::counted(page.saturating_add(1)))
        }
        NextPage::Offset { parameter } if goes_on(parameter) => {
            Some(Cursor::counted(asked.map_or(0, |cursor| cursor.count).saturating_add(rows as u64)))
        }
        NextPage::Number { .. } | NextPage::Offset { .. } => None,
    }
}
