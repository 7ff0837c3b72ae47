//! Start-up time: processes that make no calls.

use std::time::Duration;

use super::process::Measured;
use super::{Stand, milliseconds};

pub(super) const RUNS: usize = 10;

/// Runs the benchmark and prints the results.
pub(super) fn start_up(stand: &Stand) -> Result<(), String> {
    let program = &stand.program;
    let title = format!("start-up, {RUNS} runs");
    println!("\n{title:<28}{:>10}{:>10}{:>10}{:>10}", "min", "median", "max", "aim");
    let cases: [(&str, &[&str], &str); 3] = [
        ("--version", &["--version"], "5 ms"),
        ("SHOW PROVIDERS", &["exec", "SHOW PROVIDERS"], "15 ms"),
        ("DESCRIBE aws.ec2.volumes", &["exec", "DESCRIBE aws.ec2.volumes"], "20 ms"),
    ];
    for (name, arguments, aim) in cases {
        // An unmeasured first run loads the file into the page cache.
        program.run(arguments)?;
        let walls = sorted_walls(|| program.run(arguments))?;
        let shown = walls.map(|wall| format!("{:.1} ms", milliseconds(wall)));
        println!("  {name:<26}{:>10}{:>10}{:>10}{aim:>10}", shown[0], shown[1], shown[2]);
    }
    Ok(())
}

/// Minimum, median and maximum of several runs.
pub(super) fn sorted_walls(mut run: impl FnMut() -> Result<Measured, String>) -> Result<[Duration; 3], String> {
    let walls = (0..RUNS).map(|_| run().map(|measured| measured.wall));
    let mut walls = walls.collect::<Result<Vec<_>, _>>()?;
    walls.sort_unstable();
    let median = (walls[(RUNS - 1) / 2] + walls[RUNS / 2]) / 2;
    Ok([walls[0], median, walls[RUNS - 1]])
}
