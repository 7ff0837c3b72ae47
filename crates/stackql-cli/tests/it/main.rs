//! The binary as a user meets it: what it prints where, and how it exits.

mod demo;
mod bad_input;
mod command_line;
mod endpoint;

use std::process::{Command, Output};

use insta_cmd::{assert_cmd_snapshot, get_cargo_bin};

fn stackql(arguments: &[&str]) -> Command {
    let mut command = Command::new(get_cargo_bin("stackql"));
    // Nothing of the environment of whoever runs the tests.
    command.args(arguments).env_clear().env("COLUMNS", "100");
    command
}

fn run(arguments: &[&str]) -> Output {
    stackql(arguments).output().expect("the binary that was just built starts")
}

#[test]
fn the_version_has_three_lines() {
    let text = String::from_utf8(run(&["--version"]).stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [version, date, home] = lines.as_slice() else { panic!("{text}") };
    let words: Vec<&str> = version.split(' ').collect();
    let [name, number, _platform, commit] = words.as_slice() else { panic!("{version}") };
    assert_eq!(*name, "stackql");
    assert!(number.strip_prefix('v').is_some_and(|n| n.split('.').count() == 3), "{number}");
    assert!(commit.starts_with('(') && commit.ends_with(')'), "{commit}");
    assert!(date.starts_with("BuildDate: "), "{date}");
    assert_eq!(*home, "https://stackql.io");
}

#[test]
fn an_unknown_format_is_refused() {
    assert_cmd_snapshot!(stackql(&["exec", "SELECT 1", "-o", "xml"]));
}

#[test]
fn a_syntax_error_fails_but_later_statements_run() {
    assert_cmd_snapshot!(stackql(&["exec", "SELEC 1; SELECT 2 AS two"]));
}

#[test]
fn the_go_programs_exit_code_is_kept_on_request() {
    let code = |arguments: &[&str]| run(arguments).status.code();
    assert_eq!(code(&["exec", "SELEC 1"]), Some(1));
    assert_eq!(code(&["exec", "SELEC 1", "--compat=stackql"]), Some(0));
    assert_eq!(code(&["exec", "SELECT 1", "-o", "xml", "--compat=stackql"]), Some(0));
}

#[test]
fn flags_stand_on_either_side_of_the_query() {
    let before = run(&["--output=csv", "exec", "-H", "SELECT 1 AS a, 'x' AS b"]);
    let after = run(&["exec", "SELECT 1 AS a, 'x' AS b", "--output=csv", "-H"]);
    assert_eq!(String::from_utf8(before.stdout).unwrap(), "1,x\n");
    assert_eq!(String::from_utf8(after.stdout).unwrap(), "1,x\n");
}

#[test]
fn results_of_several_statements_abut_as_json() {
    assert_cmd_snapshot!(stackql(&["exec", "SELECT 1 AS a, NULL AS n; SELECT true AS b", "-o", "json"]));
}

#[test]
fn a_dry_run_shows_the_script_and_runs_nothing() {
    assert_cmd_snapshot!(stackql(&["exec", "SELEC 1", "--dryrun"]));
}

#[test]
fn errors_can_be_results() {
    let run = run(&["exec", "SELEC 1", "--errorpresentation=record", "-o", "csv", "-H"]);
    assert!(run.stderr.is_empty());
    assert!(String::from_utf8(run.stdout).unwrap().contains("syntax error"));
}

#[test]
fn an_output_file_that_cannot_be_written_is_named() {
    assert_cmd_snapshot!(stackql(&["exec", "SELECT 1", "-f", "/nonexistent/result.csv"]));
}

#[test]
fn an_unknown_flag_is_told_as_scripts_expect() {
    let run = run(&["exec", "--nosuch", "SELECT 1"]);
    assert_eq!(run.status.code(), Some(1));
    assert_eq!(String::from_utf8(run.stdout).unwrap(), "unknown flag: --nosuch\n");
    assert!(String::from_utf8(run.stderr).unwrap().starts_with("Error: unknown flag: --nosuch\n"));
}

#[test]
fn a_shell_fed_by_a_pipe_prints_only_results() {
    let script = "SELECT 1\n  AS a;\nnosuch;\nexit\nSELECT 'never';\n";
    assert_cmd_snapshot!(stackql(&["shell"]).pass_stdin(script));
}
