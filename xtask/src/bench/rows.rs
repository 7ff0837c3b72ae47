//! Many rows of one list: how fast, in how much memory, by how few calls.

use std::time::Duration;

use super::mock::PAGE;
use super::{Stand, expect_rows, peak};

const ROWS: usize = 100_000;

/// Measures and prints.
pub(super) fn throughput(stand: &Stand) -> Result<(), String> {
    let title = format!("{ROWS} rows, pages of {PAGE}");
    println!("\n{title:<28}{:>12}{:>14}{:>12}{:>8}", "wall", "rows/s", "peak RSS", "calls");
    let cases = [
        ("SELECT count(*)", "SELECT count(*) AS n FROM aws.ec2.volumes WHERE region = 'us-east-1'"),
        ("SELECT * to csv", "SELECT * FROM aws.ec2.volumes WHERE region = 'us-east-1'"),
    ];
    stand.mock.serve(ROWS, PAGE, Duration::ZERO);
    for (name, statement) in cases {
        let (measured, requests) = stand.ask_mock(statement)?;
        match measured.output.lines().count() {
            2 => expect_rows(name, &measured, &format!("n\n{ROWS}\n"))?,
            lines if lines == ROWS + 1 => {}
            lines => return Err(format!("{name}: {lines} lines of output, not a header and {ROWS} rows")),
        }
        let rate = ROWS as f64 / measured.wall.as_secs_f64();
        let wall = format!("{:.2} s", measured.wall.as_secs_f64());
        println!("  {name:<26}{wall:>12}{rate:>14.0}{:>12}{:>8}", peak(&measured), requests.len());
    }
    println!("  {:<26}{:>12}{:>14}{:>12}{:>8}", "aim", "0.25 s", ROWS * 4, "120 MiB", ROWS / PAGE);
    Ok(())
}

/// Measures and prints.
pub(super) fn first_rows(stand: &Stand) -> Result<(), String> {
    stand.mock.serve(ROWS, PAGE, Duration::ZERO);
    let (measured, requests) =
        stand.ask_mock("SELECT volumeId FROM aws.ec2.volumes WHERE region = 'us-east-1' LIMIT 5")?;
    let rows: Vec<String> = (0..5).map(|number| format!("vol-{number:017x}\n")).collect();
    expect_rows("first rows", &measured, &format!("volumeId\n{}", rows.concat()))?;
    println!("\nLIMIT 5: {} calls (aim: 1 call)", requests.len());
    Ok(())
}
