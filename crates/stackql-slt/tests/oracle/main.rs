//! Random queries over an API whose methods ask for random parameters give the rows that the same SQL gives over plain
//! tables in SQLite. A case is named by its seed: `ORACLE_SEED=n` runs that one and says what it asks, `ORACLE_COUNT` more
//! from there, and `ORACLE_WITHOUT` leaves features out. `cargo xtask oracle` runs many.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the seed comes from outside")]
#![expect(clippy::print_stdout, reason = "the seeds are said")]

mod api;
mod dialects;
mod features;
mod judge;
mod predicates;
mod relations;
mod statement;
mod tables;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{FutureExt, TryStreamExt};
use stackql_engine::{Completeness, Session, SessionOptions};

use api::Api;
use features::Features;
use tables::Table;

/// Cases a test; there are three of them, to use all cores.
const CASES: u64 = 170;

/// Of so many queries one may be refused: a rare answer, and no wrong one.
const REFUSED: usize = 50;
/// What such a refusal begins with: a subquery that is no join, or parameters whose values come from relations that cannot
/// be read before. Any other is a failure.
const REFUSALS: [&str; 3] = [
    "refused: a subquery cannot be evaluated",
    "refused: none of the joined tables can be read first",
    "refused: cannot find matching operation",
];

async fn check(seed: u64, features: &Features, is_told: bool) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let tables = Table::some(features, &mut random);
    let statement = statement::statement(&tables, features, &mut random);
    let (sql, judged) = (dialects::ours(&statement), dialects::judged(&statement));
    if is_told {
        println!("{sql}\n\n{judged}\n{tables:#?}");
    }
    let told = |what: &str| format!("seed {seed}: {what}\n{sql}\n  which is\n{judged}");
    let wanted = judge::rows(&tables, &judged).map_err(|e| told(&format!("the judge says: {e}")))?;
    let api = Arc::new(Api::new(tables.clone()));
    let session = Session::new(Arc::new(api.definitions()), Arc::clone(&api) as _, SessionOptions::default());
    let answer = session.run(&sql).await.map_err(|f| told(&format!("refused: {f}")))?;
    let rows: Vec<RecordBatch> = match answer.rows {
        Some(rows) => rows.try_collect().await.map_err(|e| told(&format!("failed: {e}")))?,
        None => Vec::new(),
    };
    if !matches!((answer.completeness)(), Completeness::Complete) {
        return Err(told("the answer is not complete"));
    }
    let got = texts(&rows);
    if got != wanted {
        return Err(told(&format!("gives\n{}\nand should give\n{}", got.join("\n"), wanted.join("\n"))));
    }
    Ok(())
}

/// The rows in an order of their own.
fn texts(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut out = Vec::new();
    for batch in batches {
        let columns: Vec<_> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            out.push(columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join(" | "));
        }
    }
    out.sort();
    out
}

async fn check_all(part: u64) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let features = Features::without(&std::env::var("ORACLE_WITHOUT").unwrap_or_default());
    let (seeds, step) = match (number("ORACLE_SEED"), number("ORACLE_COUNT")) {
        (Some(seed), None) => {
            return check(seed, &features, true).await.unwrap_or_else(|told| panic!("{told}"));
        }
        (first, Some(count)) => (first.unwrap_or_default() + part..first.unwrap_or_default() + count, 3),
        (None, None) => (part * CASES..(part + 1) * CASES, 1),
    };
    println!("seeds {} to {}", seeds.start, seeds.end - 1);
    let (mut failures, mut refused, mut count) = (Vec::new(), Vec::new(), 0);
    for seed in seeds.step_by(step) {
        let checked = AssertUnwindSafe(check(seed, &features, false)).catch_unwind().await;
        let told = checked.unwrap_or_else(|_| Err(format!("seed {seed}: panics")));
        count += 1;
        match told.err() {
            Some(told) if REFUSALS.iter().any(|r| told.starts_with(&format!("seed {seed}: {r}"))) => refused.push(seed),
            told => failures.extend(told.map(|told| (seed, told))),
        }
    }
    println!("{} of {count} refused: {refused:?}", refused.len());
    assert!(refused.len() * REFUSED <= count, "{} of {count} queries are refused: {refused:?}", refused.len());
    let (seeds, told): (Vec<u64>, Vec<String>) = failures.into_iter().unzip();
    assert!(seeds.is_empty(), "seeds {seeds:?} fail\n\n{}", told[..told.len().min(5)].join("\n\n"));
}

#[tokio::test]
async fn rows_are_those_of_plain_tables_1() {
    check_all(0).await;
}

#[tokio::test]
async fn rows_are_those_of_plain_tables_2() {
    check_all(1).await;
}

#[tokio::test]
async fn rows_are_those_of_plain_tables_3() {
    check_all(2).await;
}
