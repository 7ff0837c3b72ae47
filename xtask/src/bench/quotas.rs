//! More calls than an API's rate limit allows at once: how much of the limit is used, and how many calls are rejected.

use std::time::Duration;

use super::bound::ratio;
use super::fleet::bucket::Bucket;
use super::fleet::lists::{ACCOUNTS, MACHINES};
use super::mock::REGIONS;
use super::{Stand, expect_rows};

/// Burst size of the rate limit.
const CAPACITY: f64 = 100.0;
/// Requests per second of the rate limit.
const RATE: f64 = 20.0;
/// Initial period in which rejections are expected, because the client learns the rate from them.
const WARM_UP: Duration = Duration::from_secs(10);

/// Runs the benchmark and prints the results.
pub(super) fn quotas(stand: &Stand) -> Result<(), String> {
    stand.fleet.allow(Duration::from_millis(50), Bucket::new(CAPACITY, RATE));
    let regions = REGIONS.map(|region| format!("'{region}'")).join(", ");
    let statement = format!(
        "SELECT count(DISTINCT m.id) AS n FROM fleet.run.accounts a \
         JOIN fleet.run.machines m ON m.account = a.id WHERE m.region IN ({regions})"
    );
    let (measured, requests) = stand.ask(&statement, &[])?;
    let scopes = ACCOUNTS * REGIONS.len();
    expect_rows("quotas", &measured, &format!("n\n{}\n", scopes * MACHINES.all_rows()))?;
    let fewest = 1 + scopes * MACHINES.pages;
    println!(
        "\nquotas: {scopes} scopes of {} pages, where {CAPACITY} calls and {RATE} a second are allowed",
        MACHINES.pages
    );
    let bound = Duration::from_secs_f64((fewest as f64 - CAPACITY).max(0.0) / RATE);
    println!("  {}, {} calls, fewest {fewest}", ratio(bound, &measured), requests.len());
    let accepted: Vec<_> = requests.iter().filter(|request| !request.is_refused).collect();
    let (Some(first), Some(last)) = (accepted.first(), accepted.last()) else {
        return Err("quotas: nothing was asked".into());
    };
    let share = accepted.len() as f64 / (CAPACITY + RATE * (last.came - first.came).as_secs_f64());
    let refused: Vec<_> = requests.iter().filter(|request| request.is_refused).collect();
    let late = refused.iter().filter(|request| request.came - first.came > WARM_UP).count();
    println!("  {:.1} % of what is allowed, aim 95 %", share * 100.0);
    println!("  refused {}, of them {late} after the first {} s, aim 0", refused.len(), WARM_UP.as_secs());
    Ok(())
}
