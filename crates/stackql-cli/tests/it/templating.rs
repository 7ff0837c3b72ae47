//! Scripts that are templates, from their data to the statements that run.

use std::fs;
use std::process::Output;

use insta::assert_snapshot;

use crate::endpoint::{Endpoint, xml};
use crate::{run, stackql};

fn text(output: Output) -> String {
    assert!(output.stderr.is_empty() && output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

const SCRIPT: &str = "\
<<<jsonnet
local project = std.extVar('project');
{ values: { zones: [project + '-' + z for z in ['a', 'b']] } }
>>>
{{ range .values.zones }}SELECT '{{ . }}' AS zone;
{{ end }}";

#[test]
fn a_preamble_fills_the_script_that_runs() {
    let shown = |flags: &[&str]| text(run(&[&["exec", SCRIPT, "--var", "project=p"], flags].concat()));
    assert_eq!(shown(&["-o", "csv"]), "zone\np-a\nzone\np-b\n");
    assert_snapshot!(shown(&["--dryrun"]));
    assert_eq!(shown(&["--dryrun", "-o", "json"]), r#"[{"query":"SELECT 'p-a' AS zone;\nSELECT 'p-b' AS zone;"}]"#);
}

#[test]
fn data_comes_from_a_file_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let script = file("script.sql", "SELECT {{ .values.x }} AS x");
    let with = |data: &str, flags: &[&str]| {
        text(run(&[&["exec", "-i", &script, "-o", "csv", "-H", "--iqldata", data], flags].concat()))
    };
    assert_eq!(with(&file("data.json", r#"{"values": {"x": 1}}"#), &[]), "1\n");
    assert_eq!(with(&file("data.jsonnet", "{ values: { x: 1 + 1 } }"), &[]), "2\n");
    let external = file("vars.jsonnet", "{ values: { x: std.parseInt(std.extVar('n')) } }");
    assert_eq!(with(&external, &["--var", "n=3"]), "3\n");
    assert_eq!(with(&external, &["--var=n=4", "--var=m=5"]), "4\n");
    // The file that is named wins over the script's own data.
    let own = "<<<json {\"values\": {\"x\": 9}} >>> SELECT {{ .values.x }}";
    let data = file("data.json", r#"{"values": {"x": 6}}"#);
    assert_eq!(text(run(&["exec", own, "-o", "csv", "-H", "-q", &data])), "6\n");
}

#[test]
fn what_is_wrong_with_a_template_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.json");
    fs::write(&broken, "{\n  \"a\": 1,\n}").unwrap();
    let told = |arguments: &[&str]| {
        let output = run(&[&["exec"], arguments].concat());
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{output:?}");
        String::from_utf8(output.stderr).unwrap().replace(&folder.path().display().to_string(), "DIR")
    };
    assert_snapshot!(
        [
            told(&["<<<json {\"a\": } >>> SELECT 1"]),
            told(&["<<<jsonnet\n{ a: std.extVar('x') }\n>>>\nSELECT 1"]),
            told(&["<<<jsonnet { a: importstr '/etc/hostname' } >>> SELECT 1"]),
            told(&["<<<json {} >>>\nSELECT {{ .a | nosuch }}"]),
            told(&["<<<json {} >>>\nSELECT {{ if .a }}1"]),
            told(&["<<<json {} SELECT 1"]),
            told(&["SELECT 1", "-q", broken.to_str().unwrap()]),
            told(&["SELECT 1", "-q", "/nonexistent/data.json"]),
            told(&["SELECT 1", "--dryrun", "-q", folder.path().to_str().unwrap()]),
        ]
        .concat()
    );
}

#[test]
fn a_shell_takes_statements_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = stackql(&["shell", "-o", "csv", "-H"]);
    shell.current_dir(folder.path());
    let output = crate::with_input(shell, "SELECT '{{ .x }}';\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "{{ .x }}\n");
}

#[test]
fn what_show_insert_prints_runs_when_it_is_filled_in() {
    let shown = text(run(&["exec", "SHOW INSERT INTO aws.ec2.subnets", "-o", "json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let template = shown[0]["insert_statement"].as_str().unwrap();
    let filled = template.replace("<< VpcId >>", "'vpc-1'");
    assert_ne!(filled, template);
    let endpoint = Endpoint::start(|request| {
        assert!(request.contains("Action=CreateSubnet") && request.contains("VpcId=vpc-1"), "{request}");
        xml("<CreateSubnetResponse><subnet><subnetId>s-1</subnetId></subnet></CreateSubnetResponse>")
    });
    let home = tempfile::tempdir().unwrap();
    let mut insert = stackql(&["exec", &filled, "--endpoint-url", &endpoint.url]);
    insert.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    let output = insert.env("HOME", home.path()).current_dir(home.path()).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "The operation was despatched successfully\n", "{filled}");
    assert!(output.status.success() && output.stdout.is_empty());
}
