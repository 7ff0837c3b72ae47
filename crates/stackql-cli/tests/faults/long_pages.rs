//! Pages so long that the next ones are asked for before they are decoded: what comes of it is the same.

use std::sync::{Arc, Mutex};

use crate::api::{Sent, listen, response};
use crate::fleet::{PAGES, Page};
use crate::{Run, run};

const LIST: &str = "SELECT id FROM fleet.compute.machines WHERE account = 'a1' AND region = 'r1'";

/// A page of one machine that is longer than what is decoded at once; `next` leads on.
fn long(page: &Page, next: Option<usize>) -> Sent {
    let next = next.map(|next| format!(r#", "nextPageToken": "{next}""#)).unwrap_or_default();
    let row = format!(r#"{{"id": "{}", "cores": 1, "note": "{}"}}"#, page.machine_id(), "long ".repeat(10_000));
    Sent::Whole(response("200 OK", &format!(r#"{{"items": [{row}]{next}}}"#)))
}

/// A run over an API that answers so, and how many pages it was asked for.
fn run_with_count(sql: &str, flags: &[&str], answer: fn(&Page) -> Sent) -> (Run, usize) {
    let count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&count);
    let port = listen(move |target| {
        *counted.lock().unwrap() += 1;
        answer(&Page::from_target(target))
    });
    let run = run(sql, &[flags, &[&format!("--endpoint-url=http://127.0.0.1:{port}")]].concat());
    let count = *count.lock().unwrap();
    (run, count)
}

fn all(page: &Page) -> Sent {
    long(page, (page.number < PAGES).then(|| page.number + 1))
}

/// The machines of the first pages.
fn ids(pages: usize) -> Vec<String> {
    (1..=pages).map(|page| format!("a1-r1-{page}")).collect()
}

#[test]
fn all_pages_are_read_once_and_logged_in_order() {
    let (run, count) = run_with_count(&format!("{LIST}; SELECT seq || ': ' || rows FROM system.calls"), &[], all);
    let calls = (1..=PAGES).map(|page| format!("{page}: 1"));
    run.assert(0, ids(PAGES).into_iter().chain(calls).collect(), &[], "list");
    assert_eq!(count, PAGES);
}

#[test]
fn no_page_is_asked_for_beyond_a_cap_or_a_limit() {
    let said = "truncated result: fleet.compute.machines: stopped after 2 pages, the limit".to_owned();
    let (run, count) = run_with_count(LIST, &["--http.response.pageLimit=2"], all);
    run.assert(3, ids(2), &[said], "cap");
    assert_eq!(count, 2);
    let (run, count) = run_with_count(&format!("{LIST} LIMIT 1"), &[], all);
    run.assert(0, ids(1), &[], "limit");
    assert_eq!(count, 1);
}

#[test]
fn a_token_that_repeats_ends_the_list() {
    let (run, count) = run_with_count(LIST, &[], |page| long(page, Some(2)));
    let said = "  fleet.compute.machines: the provider sent the same page token twice after 2 pages; the rows so far are \
                not all; 2 pages with 2 rows came before";
    run.assert(3, ids(2), &["partial result, these failed:".to_owned(), said.to_owned()], "list");
    assert_eq!(count, 2);
}

#[test]
fn a_page_that_fails_ends_the_list() {
    let (run, _) = run_with_count(LIST, &[], |page| match page.number {
        3 => Sent::Whole(response("403 Forbidden", r#"{"message": "not yours"}"#)),
        _ => all(page),
    });
    let said = "  fleet.compute.machines: Forbidden: not yours (HTTP 403); 2 pages with 2 rows came before".to_owned();
    run.assert(3, ids(2), &["partial result, these failed:".to_owned(), said], "list");
    let (run, _) = run_with_count(LIST, &[], |page| match page.number {
        2 => Sent::Whole(response("200 OK", &format!(r#"{{"nextPageToken": "3", "items": [{}"#, "1, ".repeat(20_000)))),
        _ => all(page),
    });
    assert_eq!((run.code, run.rows), (3, ids(1)), "{:?}", run.said);
    assert!(run.said.iter().any(|line| line.ends_with("; 1 page with 1 row came before")), "{:?}", run.said);
}
