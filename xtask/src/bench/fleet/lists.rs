//! Content of the API's lists. Rows are computed from their numbers; only the page of the large list and the whole list
//! of counters are stored.

use std::sync::LazyLock;

/// A list with pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paged {
    pub(crate) pages: usize,
    /// Rows per page.
    pub(crate) rows: usize,
}

pub(crate) const EVENTS: Paged = Paged { pages: 100, rows: 10 };
pub(crate) const READINGS: Paged = Paged { pages: 100, rows: 1000 };
pub(crate) const ITEMS: Paged = Paged { pages: 1000, rows: 1000 };
/// Machines of each account in each region.
pub(crate) const MACHINES: Paged = Paged { pages: 2, rows: 5 };
pub(crate) const ORDERS: usize = 1000;
pub(crate) const ZONES: usize = 20;
/// Networks of each zone.
pub(crate) const NETWORKS: usize = 20;
pub(crate) const ACCOUNTS: usize = 30;
/// Rows of the list that is returned in one response.
pub(crate) const WHOLE: usize = 100_000;
/// One of this many readings has level 7 by this rule.
pub(crate) const SELDOM: usize = 3700;

/// Rows of 1.5 KB, each with a different team; the same on every page.
static ITEM_ROWS: LazyLock<String> = LazyLock::new(|| rows(0..ITEMS.rows, item));

static COUNTERS: LazyLock<Option<String>> = LazyLock::new(|| whole(WHOLE, counter));

/// The response with a page of a list; `None` if there is no such list or page.
pub(crate) fn page(path: &str, token: Option<&str>) -> Option<String> {
    let number = match token {
        Some(token) => token.parse().ok()?,
        None => 0,
    };
    match path.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        ["events"] => EVENTS.page(number, |id| format!(r#"{{"id":{id},"kind":"start"}}"#)),
        ["readings"] => READINGS.page(number, reading),
        ["counters"] => COUNTERS.clone(),
        ["items"] => ITEMS.answer(number, &ITEM_ROWS),
        ["accounts", account, "regions", region, "machines"] => {
            MACHINES.page(number, |id| format!(r#"{{"id":"{account}-{region}-{id}","cores":{}}}"#, 1 + id))
        }
        ["accounts"] => whole(ACCOUNTS, |id| format!(r#"{{"id":"{id:012}"}}"#)),
        ["orders"] => whole(ORDERS, |id| format!(r#"{{"id":"order-{id}","amount":{id}}}"#)),
        ["orders", order, "invoices"] => {
            let amount = order.strip_prefix("order-")?;
            whole(1, |_| format!(r#"{{"number":"{order}/1","amount":{amount}}}"#))
        }
        ["zones"] => whole(ZONES, |zone| format!(r#"{{"name":"zone-{zone}"}}"#)),
        ["zones", zone, "networks"] => {
            whole(NETWORKS, |id| format!(r#"{{"name":"zones/{zone}/networks/{zone}-{id}"}}"#))
        }
        ["networks", network, "addresses"] => whole(1, |_| format!(r#"{{"ip":"{network}","hosts":3}}"#)),
        _ => None,
    }
}

impl Paged {
    pub(crate) fn all_rows(self) -> usize {
        self.pages * self.rows
    }

    fn page(self, number: usize, row: impl Fn(usize) -> String) -> Option<String> {
        let first = number * self.rows;
        self.answer(number, &rows(first..first + self.rows, row))
    }

    fn answer(self, number: usize, rows: &str) -> Option<String> {
        match number + 1 {
            next if next < self.pages => Some(format!(r#"{{"rows":[{rows}],"nextPageToken":"{next}"}}"#)),
            next if next == self.pages => Some(format!(r#"{{"rows":[{rows}]}}"#)),
            _ => None,
        }
    }
}

fn whole(count: usize, row: impl Fn(usize) -> String) -> Option<String> {
    Paged { pages: 1, rows: count }.page(0, row)
}

fn rows(numbers: std::ops::Range<usize>, row: impl Fn(usize) -> String) -> String {
    numbers.map(row).collect::<Vec<_>>().join(",")
}

fn reading(id: usize) -> String {
    let level = if id.is_multiple_of(SELDOM) { 7 } else { id % 7 };
    format!(r#"{{"id":{id},"level":{level}}}"#)
}

fn counter(id: usize) -> String {
    let (level, team) = (level(id), id % 100);
    format!(r#"{{"id":"counter-{id:06}","level":{level},"labels":{{"team":"team-{team}"}},"note":"as it was"}}"#)
}

/// The level of the counter with this number.
pub(crate) fn level(id: usize) -> usize {
    id % 7
}

/// A typical record of a cloud API: few of its many fields are used.
fn item(id: usize) -> String {
    let checks: Vec<String> = (0..12)
        .map(|check| {
            format!(r#"{{"name":"check-{check}","passed":{},"seconds":{}.5}}"#, !id.is_multiple_of(3), check * id % 97)
        })
        .collect();
    let labels: Vec<String> =
        (0..8).map(|label| format!(r#""label-{label}":"value {label} of \"item\" {id}""#)).collect();
    let description = "Serves the orders of one market, and was set up by hand before there were rules for it. ";
    format!(
        r#"{{"id":"item-{id:06}","team":"team-{id:04}","size":{},"created":"2024-05-01T10:20:30.{:03}Z","description":"{}","owner":{{"name":"Ann Ödön","mail":"ann@example.com"}},"labels":{{{}}},"checks":[{}]}}"#,
        size(id),
        id % 1000,
        description.repeat(5),
        labels.join(","),
        checks.join(","),
    )
}

/// The size of the item with this number on its page.
pub(crate) fn size(id: usize) -> usize {
    8 + id % 97
}
