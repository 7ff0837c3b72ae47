//! What is said on standard error, and in which order.

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, response, xml};
use crate::{stackql, with_input};

/// What a script prints and says against an endpoint that answers by the action asked for.
fn tell(command: &str, script: &str, flags: &[&str], answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let endpoint = Endpoint::start(move |request| answer(request));
    let home = tempfile::tempdir().unwrap();
    let mut run = stackql(&[command, "-o", "csv", "--endpoint-url", &endpoint.url]);
    run.args(flags).env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    run.env("HOME", home.path()).current_dir(home.path());
    let output = match command {
        "shell" => with_input(run, script),
        _ => run.arg(script).output().unwrap(),
    };
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let told = format!(
        "exit {}\n-- stdout\n{}-- stderr\n{}",
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr)
    );
    told.replace(endpoint.url.rsplit(':').next().unwrap(), "PORT")
}

fn vpcs(request: &str) -> String {
    match request {
        r if r.contains("Action=DescribeVpcs") => {
            xml("<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>")
        }
        r if r.contains("Action=DeleteVpc") => xml("<DeleteVpcResponse><return>true</return></DeleteVpcResponse>"),
        r if r.contains("Action=CreateVpc") => response("404 Not Found", ""),
        _ => response(
            "400 Bad Request",
            "<Response><Errors><Error><Code>Bad</Code><Message>It is bad.</Message></Error></Errors></Response>\n",
        ),
    }
}

const SCRIPT: &str = "\
SELECT vpcId FROM aws.ec2.vpcs; DELETE FROM aws.ec2.vpcs WHERE VpcId = 'vpc-1';
INSERT INTO aws.ec2.vpcs(CidrBlock) VALUES ('10.0.0.0/16'); SELECT volumeId FROM aws.ec2.volumes;
EXPLAIN SELECT 1; SET on_error = 'fail'; USE aws; SLEEP 1;
";

#[test]
fn statements_say_how_they_ended() {
    assert_snapshot!(tell("exec", SCRIPT, &[], vpcs));
}

#[test]
fn statements_of_a_shell_say_the_same() {
    assert_snapshot!(tell("shell", SCRIPT, &[], vpcs));
}

/// Where all statements run before the first of them says anything.
#[test]
fn calls_of_all_statements_are_told_before_what_the_statements_say() {
    assert_snapshot!(tell("exec", SCRIPT, &["--compat=stackql"], vpcs));
}

#[test]
fn requests_and_answers_are_told_on_request() {
    let told = tell("exec", "SELECT vpcId FROM aws.ec2.vpcs", &["--http.log.enabled"], vpcs);
    assert_snapshot!(told);
    assert!(!told.contains("AWS4"), "no signature is told");
}

/// Whatever becomes of the statement, and also where answers are told because nobody is at a terminal.
#[test]
fn secrets_of_requests_and_answers_are_not_told() {
    let make = "INSERT INTO aws.ec2.key_pairs(KeyName) VALUES ('mine')";
    let key = "<keyMaterial>-----BEGIN RSA PRIVATE KEY-----\nhush\n-----END RSA PRIVATE KEY-----</keyMaterial>";
    for (status, flags) in
        [("200 OK", vec!["--http.log.enabled"]), ("409 Conflict", vec![]), ("502 Bad Gateway", vec![])]
    {
        let body = format!("<CreateKeyPairResponse><keyName>mine</keyName>{key}</CreateKeyPairResponse>");
        let told = tell("exec", make, &flags, move |_| response(status, &body));
        assert!(told.contains("keyMaterial>****<") && !told.contains("hush"), "{status}: {told}");
    }
    let document = "{\"AccessKeyId\": \"AKIA\", \"SecretAccessKey\": \"hush\", \"SessionToken\": \"hush\"}";
    let told = tell("exec", "SELECT vpcId FROM aws.ec2.vpcs", &[], move |_| response("400 Bad Request", document));
    assert!(told.contains("\"SecretAccessKey\": \"****\"") && !told.contains("hush"), "{told}");
}

#[test]
fn a_time_that_is_refused_has_a_hint_about_the_clock() {
    for code in ["RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"] {
        let body =
            format!("<Response><Errors><Error><Code>{code}</Code><Message>Late.</Message></Error></Errors></Response>");
        let told = tell("exec", "SELECT vpcId FROM aws.ec2.vpcs", &[], move |_| response("400 Bad Request", &body));
        assert!(told.contains("the clock of this machine and that of the provider differ"), "{told}");
    }
}

#[test]
fn a_failed_statement_can_be_a_result() {
    let flags = ["--errorpresentation=record"];
    assert_snapshot!(tell("exec", "SELECT volumeId FROM aws.ec2.volumes; SELECT 1 AS a", &flags, vpcs));
}
