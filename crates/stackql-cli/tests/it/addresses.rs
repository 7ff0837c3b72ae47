//! Values that would choose where a request goes, or end a line of it, wherever they come from: one clear message, and
//! nothing is sent. What stands in a host stays where a user's endpoint takes its place.

use std::fs;
use std::sync::{Arc, Mutex};

use crate::endpoint::{Endpoint, response};
use crate::stackql;

/// An endpoint that answers everything with an empty list, and the request lines that it saw.
struct Seen {
    endpoint: Endpoint,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    fn start() -> Self {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        let endpoint = Endpoint::start(move |request| {
            let line = request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1");
            seen.lock().unwrap().push(line.to_owned());
            response("200 OK", r#"{"items": [{"id": "one"}]}"#)
        });
        Self { endpoint, lines }
    }

    /// Runs a script with flags, variables and a profile file; tells what came of it and what was sent.
    fn tell(&self, script: &str, flags: &[&str], variables: &[(&str, &str)], profile: &str) -> String {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config");
        fs::write(&config, profile).unwrap();
        let registry =
            format!(r#"{{"url": "file://{}/tests/it", "srcPrefix": "documents"}}"#, env!("CARGO_MANIFEST_DIR"));
        let kept = home.path().join("kept");
        // Other definitions are those of the binary.
        let registry = if script.contains("depot.") { vec!["--registry", &registry] } else { Vec::new() };
        let run = stackql(&["exec", "-o", "csv", "--approot", kept.to_str().unwrap()])
            .args(registry)
            .args(flags)
            .arg(script)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_CONFIG_FILE", &config)
            .env("AWS_ENDPOINT_URL", &self.endpoint.url)
            .env("HOME", home.path())
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = run.status.code().unwrap();
        let sent: String = self.lines.lock().unwrap().drain(..).map(|line| format!("sent {line}\n")).collect();
        let port = self.endpoint.url.rsplit(':').next().unwrap();
        let told = format!("> {script}\n{}exit {code}\n{}{sent}\n", text(run.stdout), text(run.stderr));
        told.replace(port, "PORT")
    }

    fn script(&self, script: &str) -> String {
        self.tell(script, &[], &[], "")
    }
}

const UNFIT: &str = "' cannot stand for region in the address https://";
const VPCS: &str = "SELECT vpcId FROM aws.ec2.vpcs";

/// Nothing was sent, nothing panicked, and the message has these words.
fn refused(told: &str, words: &[&str]) {
    assert!(!told.contains("exit 0") && !told.contains("sent ") && !told.contains("panicked"), "{told}");
    words.iter().for_each(|word| assert!(told.contains(word), "no {word} in {told}"));
}

/// It went well, and this is all that was sent.
fn sent(told: &str, line: &str) {
    assert!(told.contains("exit 0"), "{told}");
    let lines: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("sent ")).collect();
    assert_eq!(lines, [line], "{told}");
}

#[test]
fn no_value_for_a_region_is_sent_that_is_no_name() {
    let seen = Seen::start();
    let hostile =
        ["evil.test/", "evil.test#", "evil.test?", "evil.test:8443/", "x@evil.test", "", ".", "a..b", " ", "%2e"];
    for value in hostile.into_iter().chain(["us-east-1\r", "us-east-1\nx: y", "é"]) {
        for script in [
            format!("{VPCS} WHERE region = '{value}'"),
            format!("SELECT id FROM depot.bins.bins WHERE region = '{value}'"),
            format!("DELETE FROM depot.bins.bins WHERE bin = 'b' AND region = '{value}'"),
            format!("INSERT INTO depot.bins.bins(bin, region) VALUES ('b', '{value}')"),
            format!("EXEC depot.bins.bins.delete @bin = 'b', @region = '{value}'"),
            format!("INSERT INTO aws.ec2.vpcs(CidrBlock, region) VALUES ('10.0.0.0/16', '{value}')"),
            format!("SELECT v.vpcId FROM (SELECT '{value}' AS r) t JOIN aws.ec2.vpcs v ON v.region = t.r"),
        ] {
            // Where definitions list all regions, one that they do not list is refused as such.
            let said = if script.contains("aws.") { "' is not a region of aws" } else { UNFIT };
            refused(&seen.script(&script), &[said]);
        }
    }
}

#[test]
fn a_region_is_looked_at_wherever_it_comes_from() {
    let seen = Seen::start();
    refused(&seen.tell(VPCS, &["--region", "evil.test/"], &[], ""), &["'evil.test/'"]);
    refused(&seen.tell(VPCS, &[], &[("AWS_REGION", "us-east-1\r")], ""), &["'us-east-1\\r'"]);
    refused(&seen.tell(VPCS, &[], &[], "[default]\nregion = evil.test:1\n"), &["'evil.test:1'"]);
    refused(&seen.script(&format!("SET \"aws.region\" = 'evil.test?'; {VPCS}")), &["'evil.test?'"]);
}

#[test]
fn other_parts_of_an_address_stay_in_their_places() {
    let seen = Seen::start();
    for (script, word) in [
        ("DELETE FROM depot.bins.bins WHERE bin = 'evil.test/' AND region = 'r'", "cannot stand for bin"),
        ("DELETE FROM depot.bins.bins WHERE bin = '' AND region = 'r'", "cannot stand for bin"),
        ("SELECT id FROM depot.halls.halls WHERE tenant = 'x@evil.test'", "cannot stand for tenant"),
        ("DELETE FROM depot.halls.halls WHERE hall = '' AND tenant = 't'", "stays in its place"),
        ("DELETE FROM depot.halls.halls WHERE hall = '..' AND tenant = 't'", "stays in its place"),
        ("DELETE FROM depot.halls.halls WHERE hall = 'a/../..' AND tenant = 't'", "stays in its place"),
        ("DELETE FROM depot.halls.halls WHERE hall = '//' AND tenant = 't'", "stays in its place"),
    ] {
        refused(&seen.script(script), &[word]);
    }
}

#[test]
fn an_endpoint_keeps_what_the_host_has() {
    let seen = Seen::start();
    let place = "WHERE bin = 'b.1' AND region = 'r'";
    sent(&seen.script(&format!("DELETE FROM depot.bins.bins {place}")), "DELETE /b.1");
    sent(&seen.script("INSERT INTO depot.bins.bins(bin, region) VALUES ('b.1', 'r')"), "PUT /b.1");
    sent(&seen.script(&format!("SELECT id FROM depot.bins.parts {place}")), "GET /b.1?list-type=2");
    sent(&seen.script("SELECT id FROM depot.bins.bins WHERE region = 'r'"), "GET /bins");
    let flag = ["--endpoint-url", seen.endpoint.url.as_str()];
    sent(&seen.tell(&format!("DELETE FROM depot.bins.bins {place}"), &flag, &[], ""), "DELETE /b.1");
}

#[test]
fn what_an_endpoint_would_lose_is_refused_unless_it_says_where_it_goes() {
    let seen = Seen::start();
    let flag = ["--endpoint-url", seen.endpoint.url.as_str()];
    let told = seen.tell("SELECT id FROM depot.halls.halls WHERE tenant = 't'", &flag, &[], "");
    refused(&told, &["tenant = 't' would be lost", "write {tenant} into the endpoint"]);
    let templated = format!("{}/of/{{tenant}}", seen.endpoint.url);
    let script = "DELETE FROM depot.halls.halls WHERE hall = 'h 1/?#' AND tenant = 't'";
    sent(&seen.tell(script, &["--endpoint-url", &templated], &[], ""), "DELETE /of/t/halls/h%201/%3F%23");
}

#[test]
fn no_header_is_split() {
    let seen = Seen::start();
    let place = "bin = 'b' AND region = 'r'";
    let label = |value: &str| format!("SELECT id FROM depot.bins.parts WHERE {place} AND \"X-Label\" = '{value}'");
    refused(&seen.script(&label("a\r\nX-Evil: 1")), &["X-Label takes a text that a header can carry"]);
    refused(&seen.script(&label("é")), &["x-label"]);
    let script = "INSERT INTO depot.bins.bins(bin, region, \"X-Label\") VALUES ('b', 'r', 'a\nb')";
    refused(&seen.script(script), &["X-Label takes a text that a header can carry"]);
    let joined = "SELECT p.id FROM (SELECT 'a' || char(10) AS l) t JOIN depot.bins.parts p ON p.\"X-Label\" = t.l";
    refused(&seen.script(&format!("{joined} WHERE p.bin = 'b' AND p.region = 'r'")), &["header can carry"]);
    let region = ["--region", "us-east-1"];
    let keys = "is there a line break in it?";
    refused(&seen.tell(VPCS, &region, &[("AWS_ACCESS_KEY_ID", "te\nst")], ""), &["access key id", keys]);
    refused(&seen.tell(VPCS, &region, &[("AWS_SESSION_TOKEN", "te\r\nx: st")], ""), &["session token", keys]);
    let auth = r#"{"aws": {"type": "aws_signing_v4", "keyID": "te\nst", "api_secret": "s"}}"#;
    refused(&seen.tell(VPCS, &["--region", "us-east-1", "--auth", auth], &[], ""), &["access key id", keys]);
}
