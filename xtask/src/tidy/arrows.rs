//! Allowed dependencies between the crates of the workspace. Dependencies point in one direction; a type that would
//! need the opposite direction belongs in another crate.

use std::path::Path;

use super::Finding;
use crate::workspace::{Dependency, Package};

/// A crate and the members of the workspace that it may use.
struct Arrows {
    package: &'static str,
    uses: &'static [&'static str],
    /// Additional members that only its tests may use.
    tests_use: &'static [&'static str],
}

const fn arrows(package: &'static str, uses: &'static [&'static str]) -> Arrows {
    Arrows { package, uses, tests_use: &[] }
}

const ALLOWED: &[Arrows] = &[
    arrows("stackql-provider", &[]),
    arrows("stackql-sql", &[]),
    arrows("stackql-functions", &[]),
    arrows("stackql-sandbox", &[]),
    Arrows { package: "stackql-compile", uses: &["stackql-provider"], tests_use: &["stackql-call"] },
    arrows("stackql-call", &["stackql-provider"]),
    arrows("stackql-postgres", &[]),
    arrows("stackql-postgres-server", &[]),
    Arrows {
        package: "stackql-client",
        uses: &["stackql-provider", "stackql-call", "stackql-postgres"],
        tests_use: &["stackql-postgres-server"],
    },
    arrows("stackql-engine", &["stackql-provider", "stackql-sql", "stackql-call", "stackql-functions"]),
    Arrows {
        package: "stackql-store",
        uses: &["stackql-engine", "stackql-postgres"],
        tests_use: &["stackql-postgres-server"],
    },
    Arrows { package: "stackql-docs", uses: &["stackql-provider"], tests_use: &["stackql-compile", "stackql-sql"] },
    Arrows {
        package: "stackql-slt",
        uses: &["stackql-provider", "stackql-compile", "stackql-sql", "stackql-call", "stackql-engine"],
        tests_use: &["stackql-client", "stackql-store"],
    },
    Arrows {
        package: "stackql-cli",
        uses: &[
            "stackql-provider",
            "stackql-compile",
            "stackql-sql",
            "stackql-call",
            "stackql-client",
            "stackql-engine",
            "stackql-store",
            "stackql-docs",
            "stackql-sandbox",
        ],
        tests_use: &["stackql-postgres-server"],
    },
    arrows("xtask", &["stackql-provider", "stackql-compile"]),
];

/// Checks one member of the workspace; `text` is its manifest.
pub(super) fn check(package: &Package, manifest: &Path, text: &str) -> Vec<Finding> {
    let Some(allowed) = ALLOWED.iter().find(|arrows| arrows.package == package.name) else {
        return vec![Finding {
            file: manifest.to_owned(),
            line: 1,
            advice: format!("say in xtask/src/tidy/arrows.rs what {} may use", package.name),
        }];
    };
    let may_use = |dependency: &Dependency| {
        let name = dependency.name.as_str();
        let in_tests = dependency.kind.as_deref() == Some("dev");
        allowed.uses.contains(&name) || (in_tests && allowed.tests_use.contains(&name))
    };
    let members = package.dependencies.iter().filter(|dependency| dependency.path.is_some());
    members
        .filter(|dependency| !may_use(dependency))
        .map(|dependency| Finding {
            file: manifest.to_owned(),
            line: text.lines().position(|line| names(line, &dependency.name)).map_or(1, |index| index + 1),
            advice: format!(
                "{} must not depend on {}: move what both need into a crate below them",
                package.name, dependency.name
            ),
        })
        .collect()
}

/// Whether a line of a manifest declares this dependency, in either TOML syntax.
pub(super) fn names(line: &str, dependency: &str) -> bool {
    let declared =
        line.trim_start_matches('[').trim_start_matches("dependencies.").trim_start_matches("dev-dependencies.");
    declared.strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=', ']']))
}
