//! Flags: where they may stand, how their values are written, and the files that set them.

use std::fs;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, response, xml};
use crate::{run, stackql};

fn stdout(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn stderr(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// In a folder, with one statement and csv.
fn within(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = stackql(&["exec", "SELECT 1 AS a"]);
    command.args(arguments).current_dir(folder);
    command
}

/// The flags of the list that `stackql flags` prints, with values for each.
fn listed() -> Vec<String> {
    let list = stdout(stackql(&["flags"]));
    let flags = list.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let given = flags.map(|line| {
        let (name, rest) = line.split_once(' ').unwrap();
        let name = name.trim_end_matches("[=<BOOLEAN>]");
        match rest.trim_start().split('>').next().unwrap() {
            "<OBJECT" => format!("--{name}={{a: {{b: 1}}}}"),
            "<N" => format!("--{name}=8080"),
            "<SCHEME" => format!("--{name}=http"),
            "<TEXT" | "<NAME" | "<HOST" => format!("--{name}=x"),
            _ => format!("--{name}"),
        }
    });
    given.collect()
}

#[test]
fn flags_of_the_go_program_are_taken_on_either_side() {
    let flags = listed();
    assert!(flags.len() > 30, "{flags:?}");
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let query = ["exec", "SELECT 1 AS a", "-o", "csv"];
    assert_eq!(stdout(stackql(&[flags.as_slice(), &query].concat())), "a\n1\n");
    assert_eq!(stdout(stackql(&[query.as_slice(), &flags].concat())), "a\n1\n");
}

#[test]
fn a_call_as_scripts_make_it() {
    let call = [
        "exec",
        "--session={ \"rollback_type\": \"lazy\" }",
        "--output=text",
        "-H",
        "--dataflow.dependency.max=50",
        "--dataflow.components.max=50",
        "--sqlBackend={ \"dsn\": \"file:x\" } }",
        "--tls.allowInsecure=true",
        "--tls.CABundle=",
        "--execution.concurrency.limit=1",
        "--http.log.enabled=false",
        "--http.response.maxResults",
        "-1",
        "SELECT 1 AS a, 'x' AS b",
        "--auth={}",
        "--env.file=",
        "-v",
    ];
    assert_eq!(stdout(stackql(&call)), "1,x\n");
}

#[test]
fn truth_is_written_as_in_go() {
    let hidden = |flag: &str| stdout(stackql(&["exec", "SELECT 1 AS a", "-o", "csv", flag])) == "1\n";
    for yes in ["-H", "--hideheaders", "-H=true", "--hideheaders=1", "--hideheaders=T"] {
        assert!(hidden(yes), "{yes}");
    }
    for no in ["-H=false", "--hideheaders=0", "--hideheaders=FALSE"] {
        assert!(!hidden(no), "{no}");
    }
}

#[test]
fn the_last_of_a_flag_counts() {
    let csv = ["-o", "json", "-o", "csv", "-H", "-H=false", "--session={}", "--session={a: 1}"];
    assert_eq!(stdout(stackql(&[&["exec", "SELECT 1 AS a"], csv.as_slice()].concat())), "a\n1\n");
    assert_eq!(stdout(stackql(&["-o", "json", "exec", "SELECT 1 AS a", "-o", "csv"])), "a\n1\n");
}

#[test]
fn values_that_cannot_be_read_are_named_and_not_shown() {
    let told = |flag: &str| format!("{flag}\n{}\n", stderr(&["exec", "SELECT 1", flag]));
    assert_snapshot!(
        [
            told("--sqlBackend={dsn: 'postgres://u:secret@h'"),
            told("--session=lazy"),
            told("--gc=[true]"),
            told("--indirect.depth.max=deep"),
            told("--offline=perhaps"),
            told("--var=nothing"),
            told("--http.proxy.host=a b"),
            told("--http.proxy.port=x"),
        ]
        .concat()
    );
    let port = stderr(&["exec", "SELECT 1", "--http.proxy.host=h", "--http.proxy.port=70000"]);
    assert_eq!(port, "error: --http.proxy.port is not fit for the address of a proxy\n");
}

#[test]
fn a_flag_may_give_several_variables() {
    let script = "<<<jsonnet {a: std.extVar('A'), b: std.extVar('B')} >>> SELECT '{{ .a }} {{ .b }}' AS v";
    let told = |flags: &[&str]| {
        let output = stackql(&["exec", "-o", "csv", "-H", script]).args(flags).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert_eq!(told(&["--var", "A=1,B=2"]), "1 2\n");
    assert_eq!(told(&["--var", r#""A=1,5",B=a=b"#]), "\"1,5 a=b\"\n");
    assert_eq!(told(&["--var", "A=1", "--var", "B=2,A=3"]), "3 2\n");
    assert!(told(&["--var", "A=1,B"]).contains("a variable is NAME=VALUE"));
}

#[test]
fn objects_that_a_shell_took_apart_are_read() {
    let output =
        stackql(&["exec", "SHOW PROVIDERS; SELECT 1 AS a", "--registry", "{url:", "file:///nosuch}", "-o", "csv"])
            .output()
            .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "name,version\na\n1\n");
    let output = stackql(&["exec", "SELECT 1", "--registry", "{url:", "file:///nosuch"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn commands_and_words_that_are_unknown_are_told_as_scripts_expect() {
    let run = run(&["nosuch"]);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(String::from_utf8(run.stdout).unwrap(), "unknown command \"nosuch\" for \"stackql\"\n");
    assert!(String::from_utf8(run.stderr).unwrap().starts_with("Error: unknown command \"nosuch\" for \"stackql\"\n"));
    assert!(stderr(&["exec", "SELECT 1", "more"]).starts_with("error: unexpected argument 'more' found"));
}

#[test]
fn standard_streams_go_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(stdout(within(folder.path(), &["-o", "csv", "-f", "stdout", "-i", "stdin"])), "a\n1\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let help = stdout(stackql(&["exec", "--infile=stdin"]));
    assert!(help.starts_with("Run the statements of a script"), "{help}");
    let script = folder.path().join("s.sql");
    fs::write(&script, "SELECT 2 AS b").unwrap();
    // Scripts that name a file may leave the query empty.
    assert_eq!(stdout(stackql(&["exec", "", "-o", "csv", "-i", script.to_str().unwrap()])), "b\n2\n");
}

#[test]
fn files_set_flags_that_were_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let json = "[{\"a\":1}]";
    file(".stackqlrc", "# How results look.\noutput = json\nHideHeaders: true\nregistry=\n");
    assert_eq!(stdout(within(folder.path(), &[])), json);
    // A flag wins, before and after the statement.
    assert_eq!(stdout(within(folder.path(), &["-o", "csv"])), "1\n");
    assert_eq!(stdout(within(folder.path(), &["-o", "csv", "-H=false"])), "a\n1\n");
    file("other.properties", "output=csv\ndelimiter=\\u00a7\n");
    assert_eq!(stdout(within(folder.path(), &["--configfile", "other.properties"])), "a\n1\n");
    // The environment wins over the file, a flag over both.
    file("compat.properties", "output=json\ncompat=stackql\n");
    let compat = ["--configfile", "compat.properties"];
    assert_eq!(stdout(within(folder.path(), &compat)), "[{\"a\":\"1\"}]");
    let mut within_environment = within(folder.path(), &compat);
    within_environment.env("STACKQL_COMPAT", "");
    assert_eq!(stdout(within_environment), json);
    assert_eq!(stdout(within(folder.path(), &["--configfile", "compat.properties", "--compat="])), json);
}

#[test]
fn files_of_variables_stand_behind_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vars.env");
    let flags = ["-o", "json", "--env.file", "vars.env"];
    let made = within(folder.path(), &flags).output().unwrap();
    assert_eq!(String::from_utf8(made.stderr).unwrap(), "created default env file 'vars.env'\n");
    assert!(fs::read_to_string(&path).unwrap().starts_with("# StackQL credential store\n"));
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    fs::write(&path, "# Here.\nexport STACKQL_COMPAT='stackql'\n").unwrap();
    assert_eq!(stdout(within(folder.path(), &flags)), "[{\"a\":\"1\"}]");
    let mut with_environment = within(folder.path(), &flags);
    with_environment.env("STACKQL_COMPAT", "");
    assert_eq!(stdout(with_environment), "[{\"a\":1}]");
    // The file wins over the other file.
    fs::write(folder.path().join(".stackqlrc"), "compat=\nenv.file=vars.env\n").unwrap();
    assert_eq!(stdout(within(folder.path(), &["-o", "json"])), "[{\"a\":\"1\"}]");
    assert_eq!(fs::read_to_string(&path).unwrap(), "# Here.\nexport STACKQL_COMPAT='stackql'\n");
}

#[test]
fn credentials_may_stand_in_the_file_of_variables() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("keys.env"), "AWS_ACCESS_KEY_ID=from-file\nAWS_SECRET_ACCESS_KEY=test\n").unwrap();
    let endpoint = Endpoint::start(|request| {
        let key = if request.contains("Credential=from-file/") { "file" } else { "elsewhere" };
        xml(&format!("<DescribeVpcsResponse><vpcSet><item><vpcId>{key}</vpcId></item></vpcSet></DescribeVpcsResponse>"))
    });
    let mut query = stackql(&["exec", "SELECT vpcId FROM aws.ec2.vpcs", "-o", "csv", "--env.file", "keys.env"]);
    query.args(["--endpoint-url", &endpoint.url]).env("HOME", folder.path()).current_dir(folder.path());
    assert_eq!(stdout(query), "vpcId\nfile\n");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, text: &[u8], flags: &[&str]| {
        fs::write(folder.path().join(name), text).unwrap();
        let output = within(folder.path(), flags).output().unwrap();
        fs::remove_file(folder.path().join(name)).unwrap();
        let code = output.status.code().unwrap();
        format!("{name}: exit {code}\n{}\n", String::from_utf8(output.stderr).unwrap())
    };
    assert_snapshot!(
        [
            told(".stackqlrc", b"nosuch=1\noutput=csv\n", &[]),
            told(".stackqlrc", b"allow-local-exec=true\n", &[]),
            told(".stackqlrc", b"apirequesttimeout=soon\n", &[]),
            told(".stackqlrc", b"sqlBackend={dsn\n", &[]),
            told(".stackqlrc", b"output=\\uxyz\n", &[]),
            told(".stackqlrc", b"output=\xff\n", &[]),
            told("x", b"", &["--configfile", "nosuch.properties"]),
            told("x.env", b"A=1\nB is 'secret\n", &["--env.file", "x.env"]),
            told("x.env", b"A=\xff", &["--env.file", "x.env"]),
            told("x", b"", &["--env.file", "nosuch/x.env"]),
            told("x", b"", &["--env.file", "."]),
        ]
        .concat()
    );
}

#[test]
fn requests_go_through_the_proxy_that_flags_name() {
    let home = tempfile::tempdir().unwrap();
    // Base64 of `me:it's a secret`.
    let proof = "Proxy-Authorization: Basic bWU6aXQncyBhIHNlY3JldA==";
    let proxy = Endpoint::start(move |request| match request.to_lowercase().contains(&proof.to_lowercase()) {
        true if request.starts_with("POST http://nowhere.invalid/") => {
            xml("<DescribeVpcsResponse><vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>")
        }
        _ => response("407 Proxy Authentication Required", "no"),
    });
    let port = proxy.url.rsplit(':').next().unwrap();
    let mut query = stackql(&["exec", "SELECT vpcId FROM aws.ec2.vpcs", "-o", "csv"]);
    query.args(["--endpoint-url", "http://nowhere.invalid", "--http.proxy.host", "127.0.0.1"]);
    query.args(["--http.proxy.port", port, "--http.proxy.user=me", "--http.proxy.password=it's a secret"]);
    query.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("HOME", home.path());
    assert_eq!(stdout(query), "vpcId\nvpc-1\n");
}

#[test]
fn tables_whose_answers_are_kept_are_named_by_a_pattern() {
    let told = |value: &str| stderr(&["exec", "SELECT 1", &format!("--namespaces={value}")]);
    let rule =
        |regex: &str, template: &str| format!("{{analytics: {{ttl: 60, regex: '{regex}', template: '{template}'}}}}");
    assert_eq!(
        told(&rule("(", "{{.objectName}}")),
        "error: --namespaces, analytics: the regex cannot be read: unclosed group\n"
    );
    assert_eq!(
        told(&rule(".*", "kept")),
        "error: --namespaces, analytics: the template 'kept' does not say where the name goes; write {{.objectName}} there, once\n"
    );
    assert_eq!(
        told("{analytics: {regex: x}}"),
        "error: --namespaces takes analytics and views, each with ttl, regex and template: missing field `ttl`\n"
    );
    let kept = format!("--namespaces={}", rule("^(?P<objectName>.*)$", "stackql_analytics_{{.objectName}}"));
    let explained = stdout(stackql(&["exec", "EXPLAIN SELECT vpcId FROM stackql_analytics_aws.ec2.vpcs", &kept]));
    assert!(explained.contains("DescribeVpcs"), "{explained}");
}

#[test]
fn some_views_and_tables_are_there_from_the_start() {
    assert_eq!(stdout(stackql(&["exec", "SELECT count(*) FROM stackql_notes", "-o", "csv", "-H"])), "2\n");
    let explained = stdout(stackql(&["exec", "EXPLAIN SELECT * FROM aws_ec2_all_volumes", "-o", "csv"]));
    assert!(explained.contains("DescribeVolumes"), "{explained}");
    assert!(stderr(&["exec", "SELECT * FROM stackql_repositories"]).contains("cannot find provider = 'github'"));
}
