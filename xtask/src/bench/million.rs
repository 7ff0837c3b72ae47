//! A million large rows of which few fields are used: the cost per row, and that rows are not held in memory.

use std::time::Duration;

use super::bare::bandwidth;
use super::bound::ratio;
use super::fleet::lists::{ITEMS, page, size};
use super::{Stand, expect_rows, peak};

/// Number of pages that the bare client reads.
const SAMPLE: usize = 100;

/// Runs the benchmark and prints the results.
pub(super) fn million(stand: &Stand) -> Result<(), String> {
    stand.fleet.answer_after(Duration::ZERO);
    let bytes = page("/items", Some("1")).map_or(0, |page| page.len()) * ITEMS.pages;
    let bare = bandwidth(stand.fleet.url(), "/items?pageToken=1", SAMPLE)?;
    let statement = "SELECT count(*) AS teams, sum(n) AS items, sum(total) AS size FROM \
                     (SELECT team, count(*) AS n, sum(size) AS total FROM fleet.run.items GROUP BY team)";
    let (measured, requests) = stand.ask(statement, &[])?;
    let (rows, sizes) = (ITEMS.all_rows(), (0..ITEMS.rows).map(size).sum::<usize>() * ITEMS.pages);
    expect_rows("million", &measured, &format!("teams,items,size\n{},{rows},{sizes}\n", ITEMS.rows))?;
    println!("\nmillion: {rows} rows of {} bytes, a sum by {} groups", bytes / rows, ITEMS.rows);
    let bound = Duration::from_secs_f64(bytes as f64 / bare);
    println!("  {}, {} calls, fewest {}", ratio(bound, &measured), requests.len(), ITEMS.pages);
    let rate = |bytes_a_second: f64| bytes_a_second / 1e6;
    println!("  {:.0} MB/s, a bare client {:.0} MB/s", rate(bytes as f64 / measured.wall.as_secs_f64()), rate(bare));
    let cpu = measured.cpu.map(|cpu| format!("{:.1} µs", cpu.as_secs_f64() * 1e6 / rows as f64));
    let cpu = cpu.unwrap_or_else(|| "unknown".into());
    println!("  CPU a row {cpu}, aim 10 µs; peak RSS {}, aim 256 MiB", peak(&measured));
    Ok(())
}
