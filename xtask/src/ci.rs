//! `cargo xtask ci`: all checks that a change must pass, fastest to fail first.
//!
//! Owns the order only.

use std::process::Command;

use crate::workspace::{cargo, run};
use crate::{coverage, providers, suite, tidy};

/// Formatting, lints, tidy, committed facts, tests, documentation, and an unchanged tree at the end.
pub(crate) fn ci() -> Result<(), String> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    tidy::tidy()?;
    providers::check()?;
    coverage::check()?;
    suite::test()?;
    run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    run(Command::new("git").args(["diff", "--exit-code"]))
}
