use std::path::Path;

use super::{arrows, names, sources, unused};
use crate::workspace::{Dependency, Package};

fn check(path: &str, text: &str) -> Vec<String> {
    sources::check(path, text).iter().map(ToString::to_string).collect()
}

#[test]
fn a_clean_file_has_no_findings() {
    let text = "//! Owns nothing.\n\n// See https://example.com for why.\nfn laws() -> u8 {\n    1\n}\n";
    assert_eq!(check("crates/stackql-sql/src/lib.rs", text), Vec::<String>::new());
}

#[test]
fn a_module_says_what_it_owns() {
    let found = check("crates/stackql-sql/src/lib.rs", "fn parse() {}\n");
    assert_eq!(
        found,
        ["crates/stackql-sql/src/lib.rs:1: open with //! and say what this module owns and what it does not"]
    );
    assert!(check("crates/stackql-sql/src/parse/tests.rs", "fn parse() {}\n").is_empty());
    assert!(check("crates/stackql-sql/tests/it/main.rs", "fn parse() {}\n").is_empty());
}

#[test]
fn long_files_are_found_outside_tests() {
    let text = format!("//! Long.\n{}", "\n".repeat(600));
    let found = check("crates/stackql-sql/src/parse.rs", &text);
    assert_eq!(found, ["crates/stackql-sql/src/parse.rs:601: find the seam: 601 lines, 600 is the ceiling"]);
    assert!(check("crates/stackql-sql/src/parse/tests.rs", &text).is_empty());
    assert!(check("crates/stackql-sql/src/parse.rs", text.trim_end_matches('\n')).is_empty());
}

#[test]
fn provider_names_are_found_in_every_spelling() {
    for line in ["let aws_key = 1;", "struct AwsKey;", "struct Ec2Key;", "let url = \"https://x.amazonaws.com\";"] {
        let found = check("crates/stackql-engine/src/scan.rs", &format!("//! Scans.\n{line}\n"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].starts_with("crates/stackql-engine/src/scan.rs:2: move what is special"), "{found:?}");
    }
}

#[test]
fn provider_names_are_free_where_they_belong() {
    let text = "//! Signs.\nlet aws_key = 1;\n";
    assert!(check("crates/stackql-client/src/sign.rs", text).is_empty());
    assert!(check("crates/stackql-engine/tests/it/ec2.rs", text).is_empty());
    let comment = "//! Scans.\n// The name aws.ec2 stands here as an example.\n";
    assert!(check("crates/stackql-engine/src/scan.rs", comment).is_empty());
    let inline_tests = "//! Scans.\n#[cfg(test)]\nmod tests {\n    const NAME: &str = \"aws\";\n}\n";
    assert!(check("crates/stackql-engine/src/scan.rs", inline_tests).is_empty());
    let tests_elsewhere = "//! Scans.\n#[cfg(test)]\nmod tests;\nconst NAME: &str = \"aws\";\n";
    assert_eq!(check("crates/stackql-engine/src/scan.rs", tests_elsewhere).len(), 1);
}

#[test]
fn open_work_names_its_issue() {
    for word in ["TODO", "FIXME"] {
        let bare = format!("//! Scans.\nlet x = 1; // {word}: later\n");
        assert_eq!(
            check("crates/stackql-engine/src/scan.rs", &bare),
            [format!("crates/stackql-engine/src/scan.rs:2: do it, or name the issue after {word} as #123")]
        );
        let named = format!("//! Scans.\n// {word}(#12): later\n");
        assert!(check("crates/stackql-engine/src/scan.rs", &named).is_empty());
    }
}

#[test]
fn switched_off_tests_and_lints_are_found() {
    let text = "#[ignore]\n#[ignore = \"slow\"]\n    #[allow(dead_code)]\n#[expect(dead_code, reason = \"x\")]\n";
    let lines: Vec<usize> =
        sources::check("crates/stackql-sql/src/parse/tests.rs", text).iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [1, 2, 3]);
    assert_eq!(check("crates/stackql-sql/src/lib.rs", "//! Parses.\n#![allow(missing_docs)]\n").len(), 1);
}

fn dependency(name: &str, kind: Option<&str>) -> Dependency {
    Dependency { name: name.into(), kind: kind.map(Into::into), path: Some("somewhere".into()) }
}

fn arrows_of(name: &str, dependencies: Vec<Dependency>, manifest: &str) -> Vec<String> {
    let package = Package { name: name.into(), manifest_path: "Cargo.toml".into(), dependencies };
    arrows::check(&package, Path::new("Cargo.toml"), manifest).iter().map(ToString::to_string).collect()
}

#[test]
fn an_arrow_backwards_is_found_at_its_line() {
    let advice = "stackql-call must not depend on stackql-client: move what both need into a crate below them";
    let manifest = "[dependencies]\nstackql-provider.workspace = true\nstackql-client.workspace = true\n";
    let both = || vec![dependency("stackql-provider", None), dependency("stackql-client", None)];
    assert_eq!(arrows_of("stackql-call", both(), manifest), [format!("Cargo.toml:3: {advice}")]);
    let table = "[dependencies.stackql-provider]\n\n[dependencies.stackql-client]\nworkspace = true\n";
    assert_eq!(arrows_of("stackql-call", both(), table), [format!("Cargo.toml:3: {advice}")]);
}

#[test]
fn tests_may_use_more_than_the_crate() {
    assert!(arrows_of("stackql-docs", vec![dependency("stackql-compile", Some("dev"))], "").is_empty());
    assert_eq!(arrows_of("stackql-docs", vec![dependency("stackql-compile", None)], "").len(), 1);
}

#[test]
fn other_peoples_crates_are_free() {
    let serde = Dependency { name: "serde".into(), kind: None, path: None };
    assert!(arrows_of("stackql-sql", vec![serde], "").is_empty());
}

#[test]
fn a_new_crate_needs_its_arrows() {
    let found = arrows_of("stackql-new", Vec::new(), "");
    assert_eq!(found, ["Cargo.toml:1: say in xtask/src/tidy/arrows.rs what stackql-new may use"]);
}

#[test]
fn dependencies_that_nothing_names_are_found() {
    let dependency = |name: &str| Dependency { name: name.to_owned(), kind: None, path: None };
    let package = Package {
        name: "x".to_owned(),
        manifest_path: "crates/x/Cargo.toml".into(),
        dependencies: vec![dependency("serde-json"), dependency("serde"), dependency("chrono")],
    };
    let text = "[dependencies]\nserde-json = \"1\"\nserde = \"1\"\nchrono = \"0\"\n";
    let found = unused::check(&package, Path::new("crates/x/Cargo.toml"), text, &["use serde_json::json;", "chrono()"]);
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, ["crates/x/Cargo.toml:3: remove serde: no file of x names it"]);
}

#[test]
fn everyday_words_are_no_names() {
    let found = |line: &str| names::check("a.rs", line).len();
    for line in
        ["mod told;", "pub(crate) mod beside {", "struct Kept {", "pub fn of(x: u8) {", "    async fn asked<'a>() {}"]
    {
        assert_eq!(found(line), 1, "{line}");
    }
    for line in [
        "mod page;",
        "fn keep() {}",
        "use crate::kept;",
        "// fn of()",
        "let made = 1;",
        "struct Own2;",
        "fn told_of() {}",
    ] {
        assert_eq!(found(line), 0, "{line}");
    }
}
