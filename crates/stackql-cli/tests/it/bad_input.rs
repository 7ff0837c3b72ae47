//! What the binary says to input that it cannot use, and to answers that it cannot use: one clear message, the rows
//! there are, and the exit code.

use std::fs;

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, response, xml};
use crate::stackql;

/// Runs a script and shows its last argument, what it printed, how it ended and what it said.
fn tell(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let run = stackql(&["exec", "-o", "csv"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("HOME", home.path())
        .current_dir(home.path())
        .output()
        .unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "the working folder stays as it was");
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let shown: String = arguments.last().unwrap().chars().take(100).collect();
    let code = run.status.code().unwrap();
    format!("> {shown}\n{}exit {code}\n{}\n", text(run.stdout), text(run.stderr))
}

/// Runs a script against an endpoint; its port is not told.
fn tell_of(endpoint: &Endpoint, script: &str) -> String {
    let port = endpoint.url.rsplit(':').next().unwrap();
    tell(&["--endpoint-url", &endpoint.url, script]).replace(port, "PORT")
}

const VPCS: &str = "SELECT vpcId FROM aws.ec2.vpcs";

fn page(id: &str, token: &str) -> String {
    xml(&format!(
        "<DescribeVpcsResponse><vpcSet><item><vpcId>{id}</vpcId></item></vpcSet>{token}</DescribeVpcsResponse>"
    ))
}

fn refusal(code: &str, message: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
         <RequestID>id-1</RequestID></Response>"
    )
}

#[test]
fn unknown_names_come_with_the_nearest() {
    assert_snapshot!(
        [
            tell(&["SELECT * FROM awz.ec2.vpcs"]),
            tell(&["SELECT * FROM aws.ec3.vpcs"]),
            tell(&["SELECT * FROM aws.ec2.vpc"]),
            tell(&["EXEC aws.ec2.vpcs.vpc_Creat @CidrBlock='10.0.0.0/16'"]),
            tell(&["SELECT vpcIdd FROM aws.ec2.vpcs"]),
            tell(&["SELECT vpcId FROM aws.ec2.vpcs WHERE stat = 'available'"]),
            tell(&["INSERT INTO aws.ec2.vpcs(CidrBlok) VALUES ('10.0.0.0/16')"]),
            tell(&["DELETE FROM aws.ec2.vpcs WHERE VpcIdd = 'vpc-1'"]),
            tell(&["DESCRIBE aws.ec2.volume"]),
            tell(&["SHOW METHODS IN aws.ec2.volume"]),
            tell(&["SHOW SERVICES IN awss"]),
        ]
        .concat()
    );
}

#[test]
fn values_that_do_not_fit_are_told_with_what_would() {
    let volume = "INSERT INTO aws.ec2.volumes(AvailabilityZone, Size) VALUES";
    assert_snapshot!(
        [
            tell(&[&format!("{volume} ('us-east-1a', 'big')")]),
            tell(&[&format!("{volume} ('us-east-1a', 99999999999999999999)")]),
            tell(&["EXEC aws.ec2.volumes.volume_Create @AvailabilityZone='a', @Encrypted='maybe'"]),
            tell(&["INSERT INTO aws.ec2.vpcs(TagSpecification) VALUES ('{broken')"]),
            tell(&["SELECT 1 / 0"]),
            tell(&["SELECT CAST('x' AS INT)"]),
        ]
        .concat()
    );
}

#[test]
fn missing_parameters_are_named() {
    assert_snapshot!(
        [
            tell(&["INSERT INTO aws.ec2.traffic_mirror_sessions(SessionNumber) VALUES (1)"]),
            tell(&["EXEC aws.ec2.traffic_mirror_sessions.traffic_mirror_session_Delete"]),
            tell(&["DELETE FROM aws.ec2.traffic_mirror_sessions"]),
        ]
        .concat()
    );
}

#[test]
fn missing_credentials_are_told_with_the_sources_tried() {
    let home = tempfile::tempdir().unwrap();
    let run = stackql(&["exec", VPCS, "--endpoint-url", "http://127.0.0.1:9"])
        .env("HOME", home.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert_snapshot!(String::from_utf8(run.stderr).unwrap());
}

#[test]
fn an_address_without_an_endpoint_is_named() {
    assert_snapshot!(
        [
            tell(&[VPCS, "--endpoint-url", "http://127.0.0.1:9"]),
            tell(&[VPCS, "--endpoint-url", "nonsense"]),
            tell(&[VPCS, "--endpoint-url", "ftp://127.0.0.1"]),
        ]
        .concat()
    );
}

#[test]
fn an_endpoint_that_speaks_no_tls_is_named() {
    let plain = Endpoint::of_xml("<DescribeVpcsResponse/>");
    let secure = Endpoint { url: plain.url.replace("http:", "https:") };
    assert_snapshot!(tell_of(&secure, VPCS));
}

#[test]
fn refusals_are_told_in_the_providers_words() {
    let of = |status: &str, body: String| {
        let answer = response(status, &body);
        tell_of(&Endpoint::start(move |_| answer.clone()), VPCS)
    };
    assert_snapshot!(
        [
            of("400 Bad Request", refusal("InvalidParameterValue", "The value is not valid.")),
            of("403 Forbidden", refusal("UnauthorizedOperation", "You are not authorized.")),
            of("404 Not Found", "nothing here".to_owned()),
            of("500 Internal Server Error", refusal("InternalError", "It broke.")),
            of("503 Service Unavailable", "<html>busy</html>".to_owned()),
            of("302 Found", String::new()),
        ]
        .concat()
    );
}

#[test]
fn answers_that_cannot_be_read_are_named() {
    assert_snapshot!(
        [
            tell_of(&Endpoint::of_xml("<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vp"), VPCS),
            tell_of(&Endpoint::of_xml("{\"vpcs\": []}"), VPCS),
            tell_of(&Endpoint::of_xml(""), VPCS),
        ]
        .concat()
    );
}

#[test]
fn a_connection_that_breaks_is_told() {
    let half = Endpoint::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<DescribeVpcs".to_owned());
    assert_snapshot!(tell_of(&half, VPCS));
}

#[test]
fn rows_of_good_pages_are_kept_when_a_later_one_fails() {
    let endpoint = Endpoint::start(|request| match request.contains("NextToken") {
        false => page("vpc-1", "<nextToken>2</nextToken>"),
        true => response("400 Bad Request", &refusal("InvalidNextToken", "The token is not valid.")),
    });
    assert_snapshot!(tell_of(&endpoint, VPCS));
}

#[test]
fn a_token_that_repeats_ends_the_list() {
    let endpoint = Endpoint::start(|_| page("vpc-1", "<nextToken>again</nextToken>"));
    assert_snapshot!(tell_of(&endpoint, VPCS));
}

#[test]
fn a_region_that_is_none_is_refused_before_a_request() {
    let endpoint = Endpoint::start(|_| page("vpc-1", ""));
    let script = "SELECT region, vpcId FROM aws.ec2.vpcs WHERE region IN ('us-east-1', 'nowhere-1') ORDER BY 1";
    assert_snapshot!(tell_of(&endpoint, script));
}

#[test]
fn a_page_limit_makes_the_result_truncated() {
    let number = std::sync::atomic::AtomicU32::new(0);
    let endpoint = Endpoint::start(move |_| {
        let n = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        page(&format!("vpc-{n}"), &format!("<nextToken>{n}</nextToken>"))
    });
    let limit = ["--endpoint-url", &endpoint.url, "--http.response.pageLimit", "2", VPCS];
    assert_snapshot!(tell(&limit));
}

#[test]
fn input_files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let bare = |text: String| text.replace(&folder.path().display().to_string(), "DIR");
    assert_snapshot!(
        [
            tell(&["-i", "/nonexistent/script.sql"]),
            bare(tell(&["-i", &folder.path().display().to_string()])),
            bare(tell(&["-i", &file("latin1.sql", b"SELECT '\xe9'")])),
            bare(tell(&["-i", &file("marked.sql", "\u{feff}SELECT 1 AS a".as_bytes())])),
            bare(tell(&["-i", &file("empty.sql", b"")])),
            bare(tell(&["SELECT 1", "-i", &file("other.sql", b"SELECT 2")])),
        ]
        .concat()
    );
}

#[test]
fn a_script_without_a_statement_does_nothing() {
    assert_snapshot!([tell(&["-- nothing\n/* at all */ ;;"]), tell(&[""]),].concat());
}

#[test]
fn statements_behind_a_failed_one_run() {
    assert_snapshot!(tell(&["SELECT 1 AS a; SELECT * FROM nosuch.x.y; SELECT 3 AS c"]));
}

#[test]
fn long_and_deep_statements_end_in_rows_or_in_words() {
    let long = format!("SELECT {} AS many", vec!["1"; 20_000].join(" + "));
    let text = format!("SELECT length('{}') AS many", "x".repeat(100_000));
    let deep = format!("SELECT {}1{} AS deep", "(".repeat(10_000), ")".repeat(10_000));
    let list =
        format!("SELECT 1 AS a WHERE 5 IN ({})", (0..5000).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    assert_snapshot!([tell(&[&long]), tell(&[&text]), tell(&[&deep]), tell(&[&list]),].concat());
}

#[test]
fn flags_with_wrong_values_are_told() {
    assert_snapshot!(
        [
            tell(&["SELECT 1", "--auth", "nonsense: ["]),
            tell(&["SELECT 1", "--definitions", "/nonexistent/x.bin"]),
            tell(&["SELECT 1", "--tls.CABundle", "/nonexistent/ca.pem"]),
            tell(&["SELECT 1", "--apirequesttimeout", "0"]),
            tell(&["SELECT 1", "--compat", "nosuch"]),
        ]
        .concat()
    );
}
