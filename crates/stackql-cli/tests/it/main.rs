//! The binary as a user meets it: what it prints where, and how it exits.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]
#![expect(clippy::disallowed_methods, reason = "tests make the files that the binary reads")]

mod addresses;
mod bad_input;
mod command_line;
mod compat;
mod credentials;
mod demo;
mod endpoint;
mod flags;
mod formats;
mod installed;
mod interrupted;
#[cfg(unix)]
mod local_objects;
mod messages;
mod of_documents;
mod registry;
mod secrets;
mod templating;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use insta::assert_snapshot;
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
    let folder = tempfile::tempdir().unwrap();
    let script = "SELECT 1\n  AS a;\nnosuch;\nexit\nSELECT 'never';\n";
    assert_cmd_snapshot!(stackql(&["shell"]).current_dir(folder.path()).pass_stdin(script));
}

#[test]
fn comments_that_open_in_a_pipe_go_on_over_lines() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = stackql(&["shell", "-o", "csv", "-H"]);
    run.current_dir(folder.path());
    let script = "/* one\n two; */ SELECT 1;\n-- three;\nSELECT\n 2; SELECT 'a;\nb';\nSELECT 4";
    let output = with_input(run, script);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1\n2\n\"a;\nb\"\n4\n");
    assert!(output.status.success());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut run = stackql(&["exec", "-o", "csv", "SELECT * FROM generate_series(1, 200000)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(run.stdout.take());
    let output = run.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn nothing_is_left_behind_where_the_program_runs() {
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    for arguments in [&["exec", "SELECT 1"][..], &["completions", "bash"], &["--version"]] {
        let mut run = stackql(arguments);
        run.current_dir(folder.path());
        assert!(with_input(run, "SELECT 1;").status.success(), "{arguments:?}");
        assert_eq!(files(), 0, "{arguments:?}");
    }
}

#[test]
fn statements_of_a_shell_are_kept_as_they_were_typed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || std::fs::read_to_string(folder.path().join("root/readline/readline.tmp")).unwrap();
    let run = |script: &str| {
        let output =
            with_input(stackql(&["shell", "--approot", &folder.path().join("root").display().to_string()]), script);
        assert!(output.status.success(), "{output:?}");
    };
    run("SELECT 1 AS a; SELECT 2 AS b;\nSELECT\n  3;\nhelp\nnosuch;");
    assert_eq!(kept(), "SELECT 1 AS a;\nSELECT 2 AS b;\nSELECT<\\n>  3;\nnosuch;\n");
    run("SELECT 4");
    assert!(kept().ends_with("nosuch;\nSELECT 4;\n"), "{}", kept());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(folder.path().join("root/readline/readline.tmp")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    // Without a place for it, the shell goes on.
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("readline"), "").unwrap();
    let shell = stackql(&["shell", "-o", "csv", "--approot", &other.display().to_string()]);
    let output = with_input(shell, "SELECT 1 AS a;");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "a\n1\n");
    assert!(String::from_utf8(output.stderr).unwrap().contains("no history is kept, "));
}

#[test]
fn completions_of_bash_complete() {
    let script = r#"
        source <("$0" completions bash)
        COMP_WORDS=(stackql exec --output j) COMP_CWORD=3
        _stackql stackql j --output
        echo "${COMPREPLY[@]}"
    "#;
    let bash = Command::new("bash").args(["--norc", "-c", script]).arg(get_cargo_bin("stackql")).output();
    // Not every machine has it.
    let Ok(output) = bash else { return };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "json jsonl\n", "{output:?}");
}

#[test]
fn models_that_cannot_be_built_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display().to_string();
    let build = |more: &[&str]| {
        let run = stackql(&["provider", "build", "aws", "--models", &place]).args(more).output().unwrap();
        assert_eq!(run.status.code(), Some(1));
        String::from_utf8(run.stderr).unwrap().replace(&place, "DIR")
    };
    let out = folder.path().join("out.bin").display().to_string();
    assert_snapshot!(build(&["--out", &out]));
    assert_snapshot!(build(&["--out", &out, "--service", "nosuch"]));
    let version = folder.path().join("ec2/2016-11-15");
    std::fs::create_dir_all(&version).unwrap();
    std::fs::write(version.join("service-2.json"), "{\"metadata\":").unwrap();
    assert_snapshot!(build(&["--out", &out, "--service", "ec2"]));
    assert!(!folder.path().join("out.bin").exists());
}

fn with_input(mut command: Command, input: &str) -> Output {
    let mut run = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who reads nothing may be gone already.
    let _ = run.stdin.take().unwrap().write_all(input.as_bytes());
    run.wait_with_output().unwrap()
}
