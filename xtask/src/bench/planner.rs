//! Statements whose time is dominated by calls: the number of calls and their concurrency.

use std::time::Duration;

use super::bare::round_trip;
use super::bound::{Bound, Stage};
use super::fleet::lists::{EVENTS, NETWORKS, ORDERS, READINGS, SELDOM, ZONES};
use super::mock::REGIONS;
use super::{Stand, expect_rows};

/// The default concurrency limit.
const USUAL_LIMIT: usize = 32;
const ONE: Stage = Stage { chains: 1, pages: 1 };

/// A list of many pages, each of which requires the cursor of the page before.
pub(super) fn chain(stand: &Stand) -> Result<(), String> {
    let stages = [Stage { chains: 1, pages: EVENTS.pages }];
    let statement = "SELECT count(DISTINCT id) AS n FROM fleet.run.events";
    let expected = format!("n\n{}\n", EVENTS.all_rows());
    let case = Case { title: "chain: 100 pages, 20 ms each", statement, expected, most: 1.1, limit: USUAL_LIMIT };
    case.run(stand, 20, &stages)
}

/// All regions, each with several pages.
pub(super) fn regions(stand: &Stand) -> Result<(), String> {
    const PAGES: usize = 10;
    const ROWS: usize = 10;
    let latency = Duration::from_millis(200);
    stand.mock.serve(PAGES * ROWS, ROWS, latency);
    let latency = round_trip(stand.mock.url())?;
    let (measured, requests) = stand.ask_mock("SELECT count(*) AS n FROM aws.ec2.volumes WHERE region = '*'")?;
    expect_rows("regions", &measured, &format!("n\n{}\n", REGIONS.len() * PAGES * ROWS))?;
    let stages = [ONE, Stage { chains: REGIONS.len(), pages: PAGES }];
    let bound = Bound { stages: &stages, latency, limit: USUAL_LIMIT };
    bound.report("regions: 17 of 10 pages, 200 ms each", &measured, &requests, 1.1);
    Ok(())
}

/// A bind join: each row of a list requires one call.
pub(super) fn join(stand: &Stand) -> Result<(), String> {
    let statement = "SELECT count(*) AS n, sum(i.amount) AS paid FROM fleet.run.orders o \
                     JOIN fleet.run.invoices i ON i.orderId = o.id AND i.amount = o.amount";
    let expected = format!("n,paid\n{ORDERS},{}\n", ORDERS * (ORDERS - 1) / 2);
    let title = "join: 1,000 keys, 100 in flight, 150 ms each";
    let case = Case { title, statement, expected, most: 1.15, limit: 100 };
    case.run(stand, 150, &[ONE, Stage { chains: ORDERS, pages: 1 }])
}

/// A bind join of three tables, each called with values of the one before; the last with an expression over them.
pub(super) fn three_way(stand: &Stand) -> Result<(), String> {
    let statement = "SELECT count(DISTINCT a.ip) AS n, sum(a.hosts) AS hosts FROM fleet.run.zones z \
                     JOIN fleet.run.networks n ON n.zone = z.name \
                     JOIN fleet.run.addresses a ON a.network = split_part(n.name, '/', -1)";
    let keys = ZONES * NETWORKS;
    let expected = format!("n,hosts\n{keys},{}\n", 3 * keys);
    let stages = [ONE, Stage { chains: ZONES, pages: 1 }, Stage { chains: keys, pages: 1 }];
    let title = "three-way: 20 keys, and 20 of each, 100 ms each";
    let case = Case { title, statement, expected, most: 1.15, limit: USUAL_LIMIT };
    case.run(stand, 100, &stages)
}

/// A LIMIT over a selective filter: the list is read only up to the last matching row.
pub(super) fn selective(stand: &Stand) -> Result<(), String> {
    const WANTED: usize = 10;
    let statement = format!("SELECT id FROM fleet.run.readings WHERE level = 7 LIMIT {WANTED}");
    let ids: Vec<usize> = (0..WANTED).map(|found| found * SELDOM).collect();
    let lines: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let pages = ids[WANTED - 1] / READINGS.rows + 1;
    let expected = format!("id\n{}\n", lines.join("\n"));
    let title = "selective: LIMIT 10 of 100,000 rows, 20 ms each page";
    let case = Case { title, statement: &statement, expected, most: 1.1, limit: USUAL_LIMIT };
    case.run(stand, 20, &[Stage { chains: 1, pages }])
}

/// A statement that runs against the fleet.
struct Case<'a> {
    title: &'a str,
    statement: &'a str,
    expected: String,
    /// Allowed factor over the lower bound.
    most: f64,
    /// Concurrency limit.
    limit: usize,
}

impl Case<'_> {
    fn run(&self, stand: &Stand, milliseconds: u64, stages: &[Stage]) -> Result<(), String> {
        stand.fleet.answer_after(Duration::from_millis(milliseconds));
        let latency = round_trip(stand.fleet.url())?;
        let limit = format!("--execution.concurrency.limit={}", self.limit);
        let flags: &[&str] = if self.limit == USUAL_LIMIT { &[] } else { &[&limit] };
        let (measured, requests) = stand.ask(self.statement, flags)?;
        expect_rows(self.title, &measured, &self.expected)?;
        Bound { stages, latency, limit: self.limit }.report(self.title, &measured, &requests, self.most);
        Ok(())
    }
}
