//! Random queries over an API whose methods ask for random parameters give the rows that the same SQL gives over plain
//! tables. A case is named by its seed: `ORACLE_SEED=n` runs that one and says what it asks.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the seed and the plain tables come from outside")]
#![expect(clippy::print_stdout, reason = "the seeds are said")]

mod api;
mod plain;
mod statement;
mod tables;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use stackql_engine::{Outcome, Session, SessionOptions};

use api::Api;
use tables::Table;

/// Cases a test; there are three of them, to use all cores.
const CASES: u64 = 700;

async fn check(seed: u64, is_told: bool) -> Result<(), String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let tables = Table::some(&mut random);
    let sql = statement::statement(&tables, &mut random);
    if is_told {
        println!("{sql}\n{tables:#?}");
    }
    let told = |what: &str| format!("seed {seed}: {what}\n{sql}");
    let wanted = plain::rows(&tables, &sql).await.map_err(|e| told(&format!("the plain tables say: {e}")))?;
    let api = Arc::new(Api::new(tables.clone()));
    let session = Session::new(Arc::new(api.definitions()), Arc::clone(&api) as _, SessionOptions::default());
    let answer = session.run(&sql).await.map_err(|f| told(&format!("refused: {f}")))?;
    let rows: Vec<RecordBatch> = match answer.rows {
        Some(rows) => rows.try_collect().await.map_err(|e| told(&format!("failed: {e}")))?,
        None => Vec::new(),
    };
    if !matches!((answer.outcome)(), Outcome::Complete) {
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
    if let Some(seed) = std::env::var("ORACLE_SEED").ok().and_then(|s| s.parse().ok()) {
        return check(seed, true).await.unwrap_or_else(|told| panic!("{told}"));
    }
    let first = part * CASES;
    println!("seeds {first} to {}", first + CASES - 1);
    let mut failures = Vec::new();
    for seed in first..first + CASES {
        failures.extend(check(seed, false).await.err());
    }
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures[..failures.len().min(5)].join("\n\n"));
}

#[tokio::test]
async fn joins_are_those_of_plain_tables_1() {
    check_all(0).await;
}

#[tokio::test]
async fn joins_are_those_of_plain_tables_2() {
    check_all(1).await;
}

#[tokio::test]
async fn joins_are_those_of_plain_tables_3() {
    check_all(2).await;
}
