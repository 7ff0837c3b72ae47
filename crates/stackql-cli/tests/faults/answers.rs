//! Answers with a good status that contradict their definition: never quietly no rows, nor a row of NULL.

use std::thread;

use crate::api::{Sent, listen, response};
use crate::run;

/// A list, whose rows stand in `items`.
const LIST: &str = "SELECT id, cores FROM fleet.compute.machines WHERE account = 'a1' AND region = 'r1'";
/// A row that is the whole answer.
const ONE: &str = "SELECT id, cores FROM fleet.compute.machine WHERE machine = 'a1-r1-1'";
/// A list that is the whole answer.
const BARE: &str = "SELECT id, cores FROM fleet.compute.models";

/// What a statement comes to over this answer: its rows, else what it says.
fn messages(sql: &str, document: &'static str) -> Result<Vec<String>, String> {
    let port = listen(move |_| Sent::Whole(response("200 OK", document)));
    let run = run(sql, &[&format!("--endpoint-url=http://127.0.0.1:{port}")]);
    if run.code == 0 {
        run.assert(0, run.rows.clone(), &[], document);
        return Ok(run.rows);
    }
    run.assert(1, Vec::new(), &["…".to_owned()], document);
    Err(run.said.concat())
}

/// Fails unless each answer to the statement is refused in these words.
fn refused(sql: &str, answers: &[(&'static str, &str)]) {
    thread::scope(|scope| {
        for &(document, says) in answers {
            scope.spawn(move || {
                let said = messages(sql, document).expect_err(document);
                // How long the answer was is nobody's question here.
                let said =
                    said.strip_suffix(" bytes)").and_then(|s| s.rsplit_once(" (HTTP 200, ")).map_or(&*said, |s| s.0);
                assert!(said.starts_with("fleet.compute.") && said.ends_with(says), "{document}: {said}");
            });
        }
    });
}

/// Fails unless each answer to the statement gives these rows.
fn read(sql: &str, answers: &[(&'static str, &[&str])]) {
    thread::scope(|scope| {
        for &(document, rows) in answers {
            scope.spawn(move || assert_eq!(messages(sql, document).expect(document), rows, "{document}"));
        }
    });
}

#[test]
fn an_answer_without_the_place_of_rows() {
    refused(
        LIST,
        &[
            (r#"{"data": []}"#, "error processing response: unknown key items; there is 'data' at byte 11"),
            ("[]", "error processing response: it is a list, not an object with 'items' at byte 1"),
            (r#"{"items": "none"}"#, "error processing response: 'items' is a text, not a list or object at byte 15"),
            (
                r#"{"items": ["a"]}"#,
                "error processing response: 'items' is a list that holds a text, not a list of objects at byte 13",
            ),
            (r#""ok""#, "error processing response: it is a text, not an object with 'items' at byte 3"),
            ("", "error processing response: it is empty"),
            (
                "<html>Sign in</html>",
                "error processing response: it is a web page of a proxy or a wrong endpoint: invalid character '<' looking for beginning of value at byte 0",
            ),
        ],
    );
    for sql in [ONE, BARE] {
        refused(
            sql,
            &[
                (r#"{"data": {"id": "m"}}"#, "error processing response: it has no member of a row, but 'data'"),
                (r#""ok""#, "error processing response: it is a text, not a list or object at byte 3"),
            ],
        );
    }
}

#[test]
fn an_error_under_a_good_status() {
    for sql in [LIST, ONE, BARE] {
        refused(
            sql,
            &[
                (r#"{"error": {"code": 403, "message": "not yours"}}"#, ": 403: not yours (HTTP 200)"),
                (r#"{"error": "not yours"}"#, ": Error: not yours (HTTP 200)"),
                (r#"{"errors": [{"code": "Denied", "message": "not yours"}]}"#, ": Denied: not yours (HTTP 200)"),
            ],
        );
    }
    // What the definition knows of is there, too.
    refused(LIST, &[(r#"{"nextPageToken": null, "error": {"message": "busy"}}"#, ": Error: busy (HTTP 200)")]);
    refused(LIST, &[(r#"{"items": null, "errors": [{"message": "busy"}]}"#, ": Error: busy (HTTP 200)")]);
    // A count of what cannot be read is none, either.
    refused(
        "SELECT count(*) FROM fleet.compute.machine WHERE machine = 'a1-r1-1'",
        &[(r#"{"error": {"message": "busy"}}"#, ": Error: busy (HTTP 200)")],
    );
}

#[test]
fn lists_that_are_left_out_are_empty() {
    read(
        LIST,
        &[
            ("{}", &[]),
            (r#"{"items": null}"#, &[]),
            (r#"{"items": []}"#, &[]),
            (r#"{"items": [], "error": null}"#, &[]),
        ],
    );
    read(BARE, &[("[]", &[])]);
    // An object in the place of a list is its one row, also one without members.
    read(LIST, &[(r#"{"items": {"id": "m"}}"#, &["m,null"]), (r#"{"items": {}}"#, &["null,null"])]);
}

#[test]
fn integers_are_exact() {
    const ID: &str = r#"{"items": [{"id": 9007199254740993, "cores": 9007199254740993, "price": 9007199254740993,
        "tags": {"n": 9007199254740993}}]}"#;
    let of = |columns: &str| LIST.replace("id, cores", columns);
    read(&of("id, cores, cores + 1"), &[(ID, &["9007199254740993,9007199254740993,9007199254740994"])]);
    read(&of("sum(cores), max(cores)"), &[(ID, &["9007199254740993,9007199254740993"])]);
    read(&of("tags"), &[(ID, &[r#""{""n"":9007199254740993}""#])]);
    // What is declared a number, not an integer, is a floating one and has 53 bits; nothing is rounded in silence.
    let rounded = "row 1 of the page has '9007199254740993' in price, which takes numbers of 53 bits";
    refused(&of("price"), &[(ID, rounded)]);
}

#[test]
fn values_that_do_not_fit_their_column() {
    refused(
        &LIST.replace("id, cores", "*"),
        &[
            (r#"{"items": [{"cores": "many"}]}"#, "row 1 of the page has 'many' in cores, which takes an integer"),
            (
                r#"{"items": [{"cores": 1}, {"cores": 1.5}]}"#,
                "row 2 of the page has '1.5' in cores, which takes an integer",
            ),
            (r#"{"items": [{"cores": true}]}"#, "row 1 of the page has 'true' in cores, which takes an integer"),
            (r#"{"items": [{"cores": []}]}"#, "row 1 of the page has '[]' in cores, which takes an integer"),
            (
                r#"{"items": [{"cores": 9223372036854775808}]}"#,
                "row 1 of the page has '9223372036854775808' in cores, which takes an integer",
            ),
            (r#"{"items": [{"price": "free"}]}"#, "row 1 of the page has 'free' in price, which takes a number"),
            (r#"{"items": [{"running": "yes"}]}"#, "row 1 of the page has 'yes' in running, which takes true or false"),
        ],
    );
    // What says the same in another way is kept, and what nobody asked for is not looked at.
    read(LIST, &[(r#"{"items": [{"id": 7, "cores": "8", "running": "yes"}]}"#, &["7,8"])]);
}
