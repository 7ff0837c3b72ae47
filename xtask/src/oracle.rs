//! `cargo xtask oracle`: compares random queries with SQLite, more of them than a test run has time for.
//!
//! Owns the arguments; the queries are in `crates/stackql-slt/tests/oracle`.

use crate::workspace::{cargo, run};

/// The range of queries to run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OracleOptions {
    /// The number of the first query.
    seed: u64,
    count: u64,
}

impl OracleOptions {
    /// Parses `--seed N` and `--count N`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self { seed: 0, count: 5000 };
        for pair in words.chunks(2) {
            let number = |text: &str| text.parse().map_err(|_| format!("not a number: {text}"));
            match *pair {
                ["--seed", text] => options.seed = number(text)?,
                ["--count", text] => options.count = number(text)?,
                _ => return Err(format!("oracle takes --seed N and --count N, not: {}", words.join(" "))),
            }
        }
        Ok(options)
    }
}

/// Runs the queries; the test prints those with different rows.
pub(crate) fn oracle(options: &OracleOptions) -> Result<(), String> {
    let OracleOptions { seed, count } = options;
    run(cargo()
        .args(["test", "--workspace", "--test", "oracle"])
        .env("ORACLE_SEED", seed.to_string())
        .env("ORACLE_COUNT", count.to_string()))
}

#[cfg(test)]
mod tests;
