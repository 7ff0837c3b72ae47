//! What statements do and say with `--compat=stackql`, beside what they do without: scripts of the Go program compare
//! standard error as a whole.

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, response};
use crate::stackql;

/// Answers by the line of the request.
fn silo(request: &str) -> String {
    let crates = r#"{"items": [{"name": "a", "Size": 2, "zone": "n"}, {"name": "b", "Size": 1, "zone": "s"}]}"#;
    let is = |line: &str| request.starts_with(&format!("{line} HTTP/1.1"));
    match request {
        _ if is("GET /crates") => response("200 OK", crates),
        _ if is("GET /lids/a") => response("200 OK", r#"{"crate": "a", "colour": "red"}"#),
        _ if is("GET /lids/b") => response("403 Forbidden", r#"{"message": "not yours"}"#),
        _ if is("GET /lids/c") => response("501 Not Implemented", ""),
        _ if is("GET /lids/d") => response("200 OK", "<R/>"),
        _ if is("GET /odd") => response("200 OK", "{}"),
        _ if is("POST /crates") && request.contains("bad") => response("500 Internal Server Error", ""),
        _ if is("POST /crates") => response("200 OK", r#"{"name": "made"}"#),
        // A bucket, as the one that gives resources of all kinds describes it.
        _ if is("POST /") && request.contains("AWS::S3::Bucket") => response("200 OK", BUCKET),
        _ => response("404 Not Found", ""),
    }
}

const BUCKET: &str = r#"{"ResourceDescription": {"Identifier": "b", "Properties": "{\"Arn\": \"arn:b\", \"BucketName\": \"b\", \"OwnershipControls\": {\"Rules\": [{\"ObjectOwnership\": \"BucketOwnerEnforced\"}]}, \"PublicAccessBlockConfiguration\": {\"RestrictPublicBuckets\": true, \"BlockPublicPolicy\": false}, \"Tags\": [{\"Key\": \"k\", \"Value\": \"v\"}]}"}}"#;

/// What a script prints and says, without compatibility and with it.
fn output(script: &str, flags: &[&str]) -> String {
    let endpoint = Endpoint::start(silo);
    let registry = format!(r#"{{"url": "file://{}/tests/it", "srcPrefix": "documents"}}"#, env!("CARGO_MANIFEST_DIR"));
    let tell = |compat: &str| {
        let home = tempfile::tempdir().unwrap();
        let run = stackql(&["exec", "-o", "csv", "--endpoint-url", &endpoint.url, "--registry", &registry, script])
            .args(flags)
            .env("STACKQL_COMPAT", compat)
            .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
            .env("HOME", home.path())
            .current_dir(home.path())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        format!("exit {}\n{}--\n{}", run.status.code().unwrap(), text(run.stdout), text(run.stderr))
    };
    let told = format!("> {script}\n{}\nwith compatibility:\n{}", tell(""), tell("stackql"));
    told.replace(endpoint.url.rsplit(':').next().unwrap(), "PORT")
}

fn all(scripts: &[&str]) -> String {
    scripts.iter().map(|script| output(script, &[])).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_refusal_is_one_diagnostic_and_no_rows() {
    assert_snapshot!(all(&[
        "SELECT colour FROM silo.stock.lids WHERE crate = 'b'",
        "SELECT count(*) AS n FROM silo.stock.lids WHERE crate = 'c'",
        "SELECT c.name, l.colour FROM silo.stock.crates c LEFT JOIN silo.stock.lids l ON l.crate = c.name ORDER BY c.name",
        "CREATE MATERIALIZED VIEW m AS SELECT colour FROM silo.stock.lids WHERE crate IN ('a', 'b'); SELECT * FROM m",
        // What is changed by what was read is not changed by what was not.
        "DELETE FROM silo.stock.crates WHERE name IN (SELECT colour FROM silo.stock.lids WHERE crate = 'b')",
        "SET on_error = 'fail'; SELECT colour FROM silo.stock.lids WHERE crate = 'b'",
    ]));
}

#[test]
fn an_answer_that_cannot_be_read_is_told() {
    assert_snapshot!(all(&[
        "SELECT name FROM silo.stock.odd",
        "SELECT colour FROM silo.stock.lids WHERE crate = 'd'",
        "SELECT colour FROM silo.stock.lids WHERE crate IN ('a', 'd')",
    ]));
}

#[test]
fn messages_have_nothing_around_them() {
    assert_snapshot!(all(&[
        "SELECT a FROM nowhere",
        "DROP TABLE nowhere; REFRESH MATERIALIZED VIEW nowhere",
        "SELECT colour FROM silo.stock.lids",
        "INSERT INTO silo.stock.lids(crate) VALUES ('a')",
        "SHOW INSERT INTO silo.stock.lids",
        "SET on_error = 'fail'; SET SESSION \"$.auth.silo.type\" = 'null_auth'",
        "INSERT INTO silo.stock.crates(data__name) VALUES ('bad')",
        "DELETE /*+ AWAIT */ FROM silo.stock.crates WHERE name = 'a' RETURNING *",
        "EXPLAIN SELECT name FROM silo.stock.crates WHERE nosuch = 1",
    ]));
    let explained = |statement| output(statement, &["--outfile=/dev/null"]);
    assert_snapshot!(
        [explained("EXPLAIN SELECT name FROM silo.stock.crates"), explained("EXPLAIN SELECT 1 AS a")].join("\n")
    );
    let named = stackql(&["exec", "SELECT 1", "-o", "xml", "--compat=stackql"]).output().unwrap();
    assert_eq!(String::from_utf8(named.stderr).unwrap(), "unable to create output writer for output format = 'xml'\n");
}

#[test]
fn transactions_say_what_their_statements_would() {
    let insert = |name: &str| format!("INSERT INTO silo.stock.crates(data__name) SELECT '{name}'");
    let commit = format!("BEGIN; {}; {}; COMMIT", insert("a"), insert("b"));
    let stopped = format!("BEGIN; {}; {}; COMMIT", insert("a"), insert("bad"));
    let back = format!("BEGIN; {}; ROLLBACK", insert("a"));
    let eager = r#"--session={"rollback_type": "eager"}"#;
    let journal = |text: String| {
        let words = text.split_inclusive(' ').map(|word| match word.trim().starts_with("20") {
            true => word.replace(word.trim(), "ID"),
            false => word.to_owned(),
        });
        words.collect::<String>()
    };
    assert_snapshot!(journal([output(&commit, &[]), output(&stopped, &[]), output(&back, &[eager])].join("\n")));
}

#[test]
fn views_of_either_kind_are_dropped_by_either_word() {
    assert_snapshot!(all(&[
        "CREATE VIEW v AS SELECT 1 AS a; DROP MATERIALIZED VIEW v; SELECT * FROM v",
        "CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; DROP VIEW v; SELECT * FROM v",
        "CREATE TABLE v (a INTEGER); DROP VIEW v; SELECT * FROM v",
    ]));
}

#[test]
fn a_star_has_the_columns_of_resources_sorted_and_of_all_else_as_they_were_made() {
    assert_snapshot!(all(&[
        "SELECT * FROM silo.stock.crates ORDER BY name",
        "CREATE VIEW v AS SELECT zone, name, Size FROM silo.stock.crates; SELECT * FROM v ORDER BY name",
        "CREATE MATERIALIZED VIEW m AS SELECT zone, name FROM silo.stock.crates; SELECT * FROM m ORDER BY name",
        "CREATE TABLE t (z TEXT, a TEXT); INSERT INTO t VALUES ('1', '2'); SELECT * FROM t",
        "SELECT c.*, x.z FROM silo.stock.crates c JOIN (SELECT 'a' AS name, 1 AS z) x ON x.name = c.name",
        "SELECT * FROM (SELECT zone, name FROM silo.stock.crates) s ORDER BY name LIMIT 1",
    ]));
}

#[test]
fn built_in_views_are_described_wherever_their_providers_are() {
    assert_snapshot!(all(&[
        "DESCRIBE aws_ec2_all_volumes",
        "DESCRIBE aws_cc_bucket_detail",
        "DESCRIBE aws_cc_bucket_unfiltered"
    ]));
    assert_snapshot!(all(&[
        "SELECT * FROM aws_cc_bucket_detail WHERE data__Identifier = 'b'",
        "SELECT Arn, RestrictPublicBuckets, BlockPublicPolicy FROM aws_cc_bucket_unfiltered WHERE data__Identifier = 'b'",
    ]));
}
