//! What a session may say of faults beforehand: that the first ends a statement, or that some are none.

use crate::api::{Sent, listen, response};
use crate::fleet::Page;
use crate::{Run, run};

const ALL: &str = "account IN ('a1', 'a2') AND region IN ('r1', 'r2')";
const SAID: &str = "fleet.compute.machines: Forbidden: not yours (HTTP 403); it was for account = 'a2', region = '…'";

/// What SET says.
const SET: &str = "OK";

/// A run against an API that refuses one account.
fn refused(sql: &str, flags: &[&str]) -> Run {
    let port = listen(|target| match Page::from_target(target) {
        page if page.account == "a2" => Sent::Whole(response("403 Forbidden", r#"{"message": "not yours"}"#)),
        page => Sent::Whole(page.response()),
    });
    let address = format!("--endpoint-url=http://127.0.0.1:{port}");
    run(sql, &[flags, &[&address]].concat())
}

/// The machines of the account that is not refused.
fn others() -> Vec<String> {
    Page::machines().filter(|page| page.account == "a1").map(|page| page.machine_id()).collect()
}

#[test]
fn the_first_fault_ends_a_statement_that_wants_it() {
    let run = refused(&format!("SET on_error = 'fail'; SELECT id FROM fleet.compute.machines WHERE {ALL}"), &[]);
    let said = [SET.to_owned(), SAID.to_owned()];
    // Which rows came before it is not settled.
    assert!(run.rows.iter().all(|row| others().contains(row)), "{run:#?}");
    run.assert(1, run.rows.clone(), &said, "fan-out");
    let run = refused(&format!("SET on_error = 'fail'; SELECT count(*) FROM fleet.compute.machines WHERE {ALL}"), &[]);
    run.assert(1, Vec::new(), &said, "aggregate");
}

#[test]
fn faults_that_are_ignored_are_no_rows() {
    for codes in ["403", "Forbidden", "Forbid*, 404"] {
        let sql = |what: &str| {
            format!("SET ignore_errors = '{codes}'; SELECT {what} FROM fleet.compute.machines WHERE {ALL}")
        };
        refused(&sql("id"), &[]).assert(0, others(), &[SET.to_owned()], codes);
        refused(&sql("count(*)"), &[]).assert(0, vec![others().len().to_string()], &[SET.to_owned()], codes);
    }
}

#[test]
fn faults_of_other_codes_are_not_ignored() {
    let sql = format!("SET ignore_errors = '404, Unauthorized'; SELECT id FROM fleet.compute.machines WHERE {ALL}");
    let line = format!("  {SAID}");
    let said = [SET.to_owned(), "partial result, these failed:".to_owned(), line.clone(), line];
    refused(&sql, &[]).assert(3, others(), &said, "fan-out");
}

#[test]
fn a_cap_on_pages_is_told() {
    let sql = "SELECT id FROM fleet.compute.machines WHERE account = 'a1' AND region = 'r1'";
    let said = "truncated result: fleet.compute.machines: stopped after 2 pages, the limit".to_owned();
    let rows = vec!["a1-r1-1".to_owned(), "a1-r1-2".to_owned()];
    refused(sql, &["--http.response.pageLimit=2"]).assert(3, rows, &[said], "list");
}

#[test]
fn the_go_programs_exit_code_says_nothing_and_the_words_do() {
    let sql = format!("SELECT id FROM fleet.compute.machines WHERE {ALL}");
    // What was refused is told by who watches the calls, whose words are left out here.
    refused(&sql, &["--compat=stackql"]).assert(0, others(), &[], "fan-out");
}
