//! The functions beside SQLite itself, through DataFusion's whole road from text to rows.
#![expect(clippy::unwrap_used, reason = "what does not work fails the test")]
#![expect(
    clippy::disallowed_methods,
    reason = "the page is a file, and whether to write it is asked of the environment"
)]

mod differs;
mod engine;
mod order;
mod page;
mod sqlite;

use engine::Engine;

/// Every line of the data file gives the same in both, but for those that are known to differ.
#[tokio::test]
async fn results_are_those_of_sqlite() {
    agree(include_str!("../../testdata/expressions.txt"), 300).await;
}

/// So does every line about numbers, texts that hold them, and the order of JSON.
#[tokio::test]
async fn numbers_are_those_of_sqlite() {
    agree(include_str!("../../testdata/numbers.txt"), 100).await;
}

/// Every line of a data file, which has so many at least, gives the same in both.
async fn agree(file: &str, fewest: usize) {
    let (engine, sqlite) = (Engine::new(), sqlite::open());
    let known = |line: &str| differs::ALL.iter().any(|(expression, ..)| *expression == line);
    let lines: Vec<&str> =
        file.lines().filter(|line| !line.is_empty() && !line.starts_with('#') && !known(line)).collect();
    assert!(lines.len() >= fewest, "there are {} expressions", lines.len());
    let mut wrong = Vec::new();
    for line in lines {
        let (ours, theirs) = (engine.ask(line).await, sqlite::ask(&sqlite, line));
        if !sqlite::same(&ours, &theirs) {
            wrong.push(format!("{line}\n   ours: {ours:?}\n SQLite: {theirs:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What differs does so as it is written down.
#[tokio::test]
async fn differences_are_the_chosen_ones() {
    let (engine, sqlite) = (Engine::new(), sqlite::open());
    for (line, result, reason) in differs::ALL {
        let (ours, theirs) = (engine.ask(line).await, sqlite::ask(&sqlite, line));
        assert!(!sqlite::same(&ours, &theirs), "{line} does not differ ({reason})");
        let ours = match ours {
            Ok(rows) => rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("; "),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(ours, *result, "{line} ({reason})");
    }
}

/// What this SQLite does not have: mathematics, which it may be built with, StackQL's own functions, and PostgreSQL's.
#[tokio::test]
async fn results_are_those_of_others() {
    let engine = Engine::new();
    let files = [include_str!("../../testdata/math.txt"), include_str!("../../testdata/others.txt")];
    for line in files.iter().flat_map(|file| file.lines()).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (expression, result) = line.rsplit_once(" = ").unwrap();
        let theirs = Ok(vec![vec![result.to_owned()]]);
        let ours = engine.ask(expression).await;
        assert!(sqlite::same(&ours, &theirs), "{line}, not {ours:?}");
    }
}
