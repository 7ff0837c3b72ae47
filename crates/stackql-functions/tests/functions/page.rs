//! `docs/functions.md`: the table of functions, whose examples run here.

use std::fmt::Write as _;
use std::path::Path;

use crate::engine::Engine;

/// What stands in front of the tables, and is written by hand.
const BEGIN: &str = "<!-- From here on written by a test: UPDATE_DOCS=1 cargo test --workspace --test functions -->\n";

#[tokio::test]
async fn the_page_of_functions_has_all_with_results_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/functions.md");
    let written = std::fs::read_to_string(&path).unwrap();
    let (by_hand, _) = written.split_once(BEGIN).unwrap();
    let page = format!("{by_hand}{BEGIN}{}", tables(&Engine::new()).await);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == page,
        "docs/functions.md differs from the functions; UPDATE_DOCS=1 with this test writes it anew"
    );
}

async fn tables(engine: &Engine) -> String {
    let mut page = String::new();
    for (family, entries) in stackql_functions::reference() {
        write!(page, "\n## {family}\n\n| function | gives | example | result |\n|---|---|---|---|\n").unwrap();
        for (entry, other_names) in entries {
            let rows = engine.ask(entry.example).await.unwrap();
            let rows: Vec<String> = rows.iter().map(|row| code(&row.join(" "))).collect();
            let (usage, example) = (code(entry.usage), code(entry.example));
            let also: Vec<String> = other_names.iter().map(|name| format!("`{name}`")).collect();
            let also = if also.is_empty() { String::new() } else { format!("; also {}", also.join(", ")) };
            writeln!(page, "| {usage} | {}{also} | {example} | {} |", entry.says, rows.join("<br>")).unwrap();
        }
    }
    page
}

/// A text as code in a cell of a table.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|").replace('\n', "⏎"))
}
