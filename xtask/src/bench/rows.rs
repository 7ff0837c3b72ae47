//! Many rows of one list: throughput, memory, and number of calls.

use std::time::Duration;

use super::bare::forms;
use super::fleet::lists::{WHOLE, level};
use super::mock::PAGE;
use super::{Stand, expect_rows, peak};

const ROWS: usize = 100_000;

/// Number of rounds; the fastest counts, because other processes only slow rounds down.
const ROUNDS: usize = 3;
/// Aim for a single response with [`WHOLE`] rows.
const ONE_ANSWER: &str = "0.25 s";

/// Statements with their output formats and the allowed factor over the bare client.
const CASES: [Case; 4] = [
    Case { name: "SELECT count(*)", columns: "count(*) AS n", format: "csv", most: 2.5 },
    Case { name: "three columns to csv", columns: "volumeId, size, status", format: "csv", most: 3.0 },
    Case { name: "SELECT * to csv", columns: "*", format: "csv", most: 6.0 },
    Case { name: "SELECT * to json", columns: "*", format: "json", most: 6.0 },
];

struct Case {
    name: &'static str,
    columns: &'static str,
    format: &'static str,
    most: f64,
}

/// Runs the benchmark and prints the results.
pub(super) fn throughput(stand: &Stand) -> Result<(), String> {
    let title = format!("{ROWS} rows, pages of {PAGE}");
    println!("\n{title:<28}{:>12}{:>14}{:>12}{:>8}{:>8}{:>8}", "wall", "rows/s", "peak RSS", "calls", "x bare", "aim");
    stand.mock.serve(ROWS, PAGE, Duration::ZERO);
    let pages = || (0..ROWS).step_by(PAGE).map(|first| format!("Action=DescribeVolumes&NextToken={first}"));
    let (bare, bytes) = fastest(|| forms(stand.mock.url(), pages()), |(wall, _)| *wall)?;
    let megabytes = format!("{:.0} MB", bytes as f64 / 1e6);
    println!("  {:<26}{:>12}{:>14.0}{:>12}{:>8}", "a bare client", seconds(bare), rate(bare), megabytes, ROWS / PAGE);
    for Case { name, columns, format, most } in CASES {
        let statement = format!("SELECT {columns} FROM aws.ec2.volumes WHERE region = 'us-east-1'");
        let run = || {
            let (measured, requests) = stand.ask_mock_for(&statement, format)?;
            let rows = match format {
                "json" => serde_json::from_str::<Vec<serde_json::Value>>(&measured.output).map_or(0, |rows| rows.len()),
                _ => measured.output.lines().count() - 1,
            };
            match rows {
                1 => expect_rows(name, &measured, &format!("n\n{ROWS}\n"))?,
                ROWS => {}
                rows => return Err(format!("{name}: {rows} rows of output, not {ROWS}")),
            }
            Ok((measured, requests.len()))
        };
        let (measured, calls) = fastest(run, |(measured, _)| measured.wall)?;
        let ratio = measured.wall.as_secs_f64() / bare.as_secs_f64();
        let (wall, peak) = (seconds(measured.wall), peak(&measured));
        println!("  {name:<26}{wall:>12}{:>14.0}{peak:>12}{calls:>8}{ratio:>8.1}{most:>8.1}", rate(measured.wall));
    }
    let whole = || {
        let (measured, requests) = stand.ask("SELECT count(*) AS n, sum(level) AS s FROM fleet.run.counters", &[])?;
        let levels = (0..WHOLE).map(level).sum::<usize>();
        expect_rows("one answer", &measured, &format!("n,s\n{WHOLE},{levels}\n"))?;
        Ok((measured, requests.len()))
    };
    stand.fleet.answer_after(Duration::ZERO);
    let (measured, calls) = fastest(whole, |(measured, _)| measured.wall)?;
    let (wall, peak) = (seconds(measured.wall), peak(&measured));
    println!(
        "  {:<26}{wall:>12}{:>14.0}{peak:>12}{calls:>8}{:>16}",
        "one answer of JSON",
        rate(measured.wall),
        ONE_ANSWER
    );
    Ok(())
}

/// The fastest of several rounds.
fn fastest<T>(mut round: impl FnMut() -> Result<T, String>, wall: impl Fn(&T) -> Duration) -> Result<T, String> {
    let mut best = round()?;
    for _ in 1..ROUNDS {
        let next = round()?;
        if wall(&next) < wall(&best) {
            best = next;
        }
    }
    Ok(best)
}

fn seconds(wall: Duration) -> String {
    format!("{:.2} s", wall.as_secs_f64())
}

fn rate(wall: Duration) -> f64 {
    ROWS as f64 / wall.as_secs_f64()
}

/// Measures the calls needed for the first rows of a list.
pub(super) fn first_rows(stand: &Stand) -> Result<(), String> {
    stand.mock.serve(ROWS, PAGE, Duration::ZERO);
    let (measured, requests) =
        stand.ask_mock("SELECT volumeId FROM aws.ec2.volumes WHERE region = 'us-east-1' LIMIT 5")?;
    let rows: Vec<String> = (0..5).map(|number| format!("vol-{number:017x}\n")).collect();
    expect_rows("first rows", &measured, &format!("volumeId\n{}", rows.concat()))?;
    println!("\nLIMIT 5: {} calls (aim: 1 call)", requests.len());
    Ok(())
}
