//! Small statements as separate processes: the cost of each statement that a script runs.

use std::time::Duration;

use super::bare::round_trip;
use super::mock::PAGE;
use super::start::{RUNS, sorted_walls};
use super::{Stand, expect_rows, milliseconds};

/// Number of rows of the list.
const ROWS: usize = 10_000;

/// Runs the benchmark and prints the results.
pub(super) fn whole(stand: &Stand) -> Result<(), String> {
    let title = format!("whole processes, {RUNS} runs");
    println!("\n{title:<28}{:>10}{:>10}{:>10}{:>8}", "min", "median", "max", "calls");
    stand.fleet.answer_after(Duration::ZERO);
    let (one, calls) = ("SELECT amount FROM fleet.run.invoices WHERE orderId = 'order-7'", 1);
    measure("one row by its key", calls, || {
        let (measured, requests) = stand.ask(one, &[])?;
        expect_rows("one row by its key", &measured, "amount\n7\n")?;
        Ok((measured, requests.len()))
    })?;
    stand.mock.serve(ROWS, PAGE, Duration::ZERO);
    measure("10,000 rows to csv", ROWS / PAGE, || {
        let (measured, requests) = stand.ask_mock("SELECT * FROM aws.ec2.volumes WHERE region = 'us-east-1'")?;
        match measured.output.lines().count() {
            lines if lines == ROWS + 1 => Ok((measured, requests.len())),
            lines => Err(format!("{lines} lines of output, not a header and {ROWS} rows")),
        }
    })?;
    let bare = milliseconds(round_trip(stand.fleet.url())?);
    println!("  a call of a bare client takes {bare:.1} ms");
    Ok(())
}

/// Runs a statement several times; `fewest` is the minimum number of calls that it needs.
fn measure(
    name: &str,
    fewest: usize,
    mut run: impl FnMut() -> Result<(super::Measured, usize), String>,
) -> Result<(), String> {
    let mut most = fewest;
    let walls = sorted_walls(|| {
        let (measured, calls) = run()?;
        most = most.max(calls);
        Ok(measured)
    })?;
    let shown = walls.map(|wall| format!("{:.1} ms", milliseconds(wall)));
    println!("  {name:<26}{:>10}{:>10}{:>10}{most:>8}", shown[0], shown[1], shown[2]);
    Ok(())
}
