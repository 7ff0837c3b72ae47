//! The command line as its help tells it, and the page of the documentation that repeats the help.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::stackql;

/// Every command that has a help of its own.
const COMMANDS: [&[&str]; 17] = [
    &[],
    &["exec"],
    &["shell"],
    &["registry"],
    &["registry", "list"],
    &["registry", "pull"],
    &["txn"],
    &["txn", "list"],
    &["txn", "resume"],
    &["txn", "undo"],
    &["docs"],
    &["provider"],
    &["provider", "build"],
    &["sandbox"],
    &["demo"],
    &["completions"],
    &["flags"],
];
/// The lines of a screen.
const SCREEN: usize = 50;

fn help(command: &[&str]) -> String {
    printed(&[command, &["--help"]].concat())
}

fn printed(command: &[&str]) -> String {
    let run = stackql(command).output().unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{command:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn the_help_of_each_command_fits_a_screen() {
    for help in COMMANDS.map(help).into_iter().chain([printed(&["flags"])]) {
        assert!(help.lines().count() <= SCREEN, "{help}");
        assert!(help.lines().all(|line| line.len() <= 100 && !line.ends_with('.')), "{help}");
    }
}

#[test]
fn the_page_of_the_command_line_says_what_the_help_says() {
    let mut page = "# Command line\n\nWhat `--help` prints, command by command. Exit codes and environment \
                    variables: [environment-and-exit-codes.md](environment-and-exit-codes.md).\n"
        .to_owned();
    for command in COMMANDS {
        let name = ["stackql"].iter().chain(command).copied().collect::<Vec<_>>().join(" ");
        write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help(command).trim_end()).unwrap();
    }
    writeln!(
        page,
        "\n## Further flags\n\nNo help shows these; `stackql flags` does. They stand before or after any command, as all flags \
         do that are\nnot one command's own.\n\n```text\n{}\n```",
        printed(&["flags"]).trim_end()
    )
    .unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/command-line.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/command-line.md differs from the help; UPDATE_DOCS=1 with this test writes it anew");
}
