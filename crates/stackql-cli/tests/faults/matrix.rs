//! Each fault in each shape of a statement.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use crate::api::{Sent, listen, response};
use crate::fleet::Page;
use crate::run;

/// Where the fault is.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In one list, from its second page on.
    SecondPage,
    Region,
    Account,
}

impl Place {
    /// Whether the lists in which it is give rows before.
    fn is_behind_rows(self) -> bool {
        matches!(self, Self::SecondPage)
    }

    fn hits(self, page: &Page) -> bool {
        let (in_account, in_region) = (page.account == "a2", page.region == "r2");
        match self {
            Self::SecondPage => {
                in_account && in_region && page.number >= 2 && page.machine.is_none_or(|machine| machine == 2)
            }
            Self::Region => in_region,
            Self::Account => in_account,
        }
    }
}

/// What goes wrong.
struct Fault {
    place: Place,
    /// What is sent where a page should be, each time or only the first times that it is asked for.
    sent: fn(String) -> Sent,
    times: usize,
    flags: &'static [&'static str],
}

/// Some of the pages.
type Pages<'a> = &'a dyn Fn(&Page) -> bool;

/// A statement over the lists of both accounts and regions, or one of them.
struct Shape {
    name: &'static str,
    sql: &'static str,
    /// Whether it is the disks, rather than the machines, that cannot be read.
    of_disks: bool,
    /// It reads one list.
    is_one: bool,
    /// Its rows, as far as pages can be read.
    rows: fn(Pages<'_>) -> Vec<String>,
}

const SHAPES: [Shape; 6] = [
    Shape {
        name: "list",
        sql: "SELECT id FROM fleet.compute.machines WHERE account = 'a2' AND region = 'r2'",
        of_disks: false,
        is_one: true,
        rows: |read| of_list().filter(read).map(|page| page.machine_id()).collect(),
    },
    Shape {
        name: "aggregate of a list",
        sql: "SELECT count(*), sum(cores) FROM fleet.compute.machines WHERE account = 'a2' AND region = 'r2'",
        of_disks: false,
        is_one: true,
        rows: |read| sums(of_list().filter(read)),
    },
    Shape {
        name: "fan-out",
        sql: "SELECT id FROM fleet.compute.machines WHERE account IN ('a1', 'a2') AND region IN ('r1', 'r2')",
        of_disks: false,
        is_one: false,
        rows: |read| Page::machines().filter(read).map(|page| page.machine_id()).collect(),
    },
    Shape {
        name: "join, what feeds it",
        sql: "SELECT m.id, d.id FROM fleet.compute.machines m JOIN fleet.compute.disks d ON d.machine = m.id \
              WHERE m.account IN ('a1', 'a2') AND m.region IN ('r1', 'r2')",
        of_disks: false,
        is_one: false,
        rows: |read| Page::machines().filter(read).flat_map(Page::disks).map(|page| disk(&page)).collect(),
    },
    Shape {
        name: "join, what is fed",
        sql: "SELECT m.id, d.id FROM fleet.compute.machines m JOIN fleet.compute.disks d ON d.machine = m.id \
              WHERE m.account IN ('a1', 'a2') AND m.region IN ('r1', 'r2')",
        of_disks: true,
        is_one: false,
        rows: |read| Page::machines().flat_map(Page::disks).filter(read).map(|page| disk(&page)).collect(),
    },
    Shape {
        name: "aggregate",
        sql: "SELECT count(*), sum(cores) FROM fleet.compute.machines \
              WHERE account IN ('a1', 'a2') AND region IN ('r1', 'r2')",
        of_disks: false,
        is_one: false,
        rows: |read| sums(Page::machines().filter(read)),
    },
];

/// The list that a fault in one list is in.
fn of_list() -> impl Iterator<Item = Page> {
    Page::machines().filter(|page| page.account == "a2" && page.region == "r2")
}

fn sums(pages: impl Iterator<Item = Page>) -> Vec<String> {
    let cores: Vec<usize> = pages.map(|page| page.number).collect();
    vec![format!("{},{}", cores.len(), cores.iter().sum::<usize>())]
}

fn disk(page: &Page) -> String {
    format!("{},d{}", page.machine_id(), page.number)
}

/// Runs each shape against an API with the fault. `says`: the words for it, where it does not pass.
fn check(fault: &Fault, says: Option<&str>) {
    thread::scope(|scope| {
        for shape in &SHAPES {
            scope.spawn(move || cell(shape, fault, says));
        }
    });
}

fn cell(shape: &Shape, fault: &Fault, says: Option<&str>) {
    let &Fault { place, sent, times, flags } = fault;
    let of_disks = shape.of_disks;
    let hits = move |page: &Page| page.machine.is_some() == of_disks && place.hits(page);
    let asked: Mutex<HashMap<String, usize>> = Mutex::default();
    let port = listen(move |target| {
        let page = Page::from_target(target);
        let mut asked = asked.lock().unwrap();
        let before = asked.entry(target.to_owned()).or_default();
        *before += 1;
        if hits(&page) && *before <= times { sent(page.response()) } else { Sent::Whole(page.response()) }
    });
    let address = format!("--endpoint-url=http://127.0.0.1:{port}");
    let run = run(shape.sql, &[flags, &[&address]].concat());
    match says {
        None => run.assert(0, (shape.rows)(&|_| true), &[], shape.name),
        // A statement of which one call is all has failed where that gave no row.
        Some(says) if shape.is_one && !place.is_behind_rows() => {
            run.assert(1, Vec::new(), &[lost(shape, says)], shape.name);
        }
        Some(says) => {
            run.assert(3, (shape.rows)(&|page| !hits(page)), &mismatches(shape, place, &hits, says), shape.name)
        }
    }
}

fn lost(shape: &Shape, says: &str) -> String {
    let table = if shape.of_disks { "disks" } else { "machines" };
    format!("fleet.compute.{table}: {says}")
}

/// What is said where the pages that `hits` cannot be read: each list that has one, once, and how far it came.
fn mismatches(shape: &Shape, place: Place, hits: Pages<'_>, says: &str) -> Vec<String> {
    let mut lost = lost(shape, says);
    if place.is_behind_rows() {
        lost.push_str("; 1 page with 1 row came before");
    }
    if shape.is_one {
        return vec!["partial result, these failed:".to_owned(), format!("  {lost}")];
    }
    let pages = Page::machines().flat_map(|page| match shape.of_disks {
        true => page.disks().collect(),
        false => vec![page],
    });
    let mut lines: Vec<String> =
        pages.filter(hits).map(|page| format!("  {lost}; it was for {}", page.given())).collect();
    lines.dedup();
    lines.push("partial result, these failed:".to_owned());
    lines
}

fn answer(status: &str, message: &str) -> Sent {
    Sent::Whole(response(status, &format!(r#"{{"message": "{message}"}}"#)))
}

fn throttled(_: String) -> Sent {
    answer("429 Too Many Requests\r\nRetry-After: 0", "slow down")
}

/// For the second page, from then on, unless it says otherwise.
fn ever(sent: fn(String) -> Sent) -> Fault {
    Fault { place: Place::SecondPage, sent, times: usize::MAX, flags: &[] }
}

#[test]
fn throttled_twice() {
    check(&Fault { times: 2, ..ever(throttled) }, None);
}

#[test]
fn throttled_for_ever() {
    check(&ever(throttled), Some("TooManyRequests: slow down (HTTP 429)"));
}

#[test]
fn a_server_error_once() {
    check(&Fault { times: 1, ..ever(|_| answer("500 Internal Server Error", "sorry")) }, None);
}

#[test]
fn a_server_error_for_ever() {
    let sent = |_| answer("500 Internal Server Error\r\nRetry-After: 0", "sorry");
    check(&ever(sent), Some("InternalServerError: sorry (HTTP 500)"));
}

#[test]
fn a_reset_once() {
    check(&Fault { times: 1, ..ever(Sent::Reset) }, None);
}

#[test]
fn a_reset_for_ever() {
    check(&ever(Sent::Reset), Some("the connection to 127.0.0.1:… broke before the answer was complete: …"));
}

#[test]
fn an_end_in_the_middle() {
    check(&ever(Sent::Half), Some("the connection to 127.0.0.1:… broke before the answer was complete: …"));
}

#[test]
fn a_document_cut_off() {
    let sent = |page: String| {
        let (_, document) = page.split_once("\r\n\r\n").unwrap();
        Sent::Whole(response("200 OK", &document[..document.len() - 5]))
    };
    let says = "error processing response: it ends in the middle at byte … (HTTP 200, … bytes)";
    check(&ever(sent), Some(says));
}

#[test]
fn slower_than_is_waited() {
    let fault = Fault { flags: &["--apirequesttimeout=1"], ..ever(Sent::Slow) };
    let says = "no answer from 127.0.0.1:… within 1 s; try again or raise the request timeout";
    check(&fault, Some(says));
}

#[test]
fn an_expired_token() {
    let sent = |_| answer("401 Unauthorized", "the token has expired");
    check(&ever(sent), Some("Unauthorized: the token has expired (HTTP 401)"));
}

#[test]
fn no_service_for_ever() {
    let sent = |_| answer("503 Service Unavailable\r\nRetry-After: 0", "closed");
    check(&ever(sent), Some("ServiceUnavailable: closed (HTTP 503)"));
}

#[test]
fn a_dead_region() {
    let sent = |_| answer("502 Bad Gateway\r\nRetry-After: 0", "nobody there");
    check(&Fault { place: Place::Region, ..ever(sent) }, Some("BadGateway: nobody there (HTTP 502)"));
}

#[test]
fn a_forbidden_account() {
    let sent = |_| answer("403 Forbidden", "not yours");
    check(&Fault { place: Place::Account, ..ever(sent) }, Some("Forbidden: not yours (HTTP 403)"));
}
