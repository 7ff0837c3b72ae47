//! `cargo xtask bench`: what the whole program costs, against an endpoint on loopback that it starts itself.
//!
//! Owns which statements are measured and how the figures are printed; [`mock`] serves, [`process`] measures.

mod connections;
mod documents;
mod mock;
mod process;
mod secure;

use std::path::PathBuf;
use std::time::Duration;

use self::mock::{Mock, REGIONS};
use self::process::{Measured, Program};
use crate::workspace::{Workspace, cargo, run};

const START_UP_RUNS: usize = 10;
const ROWS: usize = 100_000;
const ROWS_OF_A_REGION: usize = 100;

/// What to measure.
#[derive(Debug)]
pub(crate) struct BenchOptions {
    /// The program; `None` builds the release binary.
    binary: Option<PathBuf>,
    /// How long the endpoint waits before each answer where latency matters.
    latency: Duration,
}

impl BenchOptions {
    /// Reads `--bin PATH` and `--latency MILLISECONDS`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self { binary: None, latency: Duration::from_millis(50) };
        for pair in words.chunks(2) {
            match *pair {
                ["--bin", path] => options.binary = Some(path.into()),
                ["--latency", milliseconds] => {
                    let parsed = milliseconds.parse();
                    options.latency = parsed
                        .map(Duration::from_millis)
                        .map_err(|_| format!("--latency takes whole milliseconds, not '{milliseconds}'"))?;
                }
                _ => {
                    return Err(format!("bench takes --bin PATH and --latency MILLISECONDS, not '{}'", pair.join(" ")));
                }
            }
        }
        Ok(options)
    }
}

/// Measures and prints.
pub(crate) fn bench(options: &BenchOptions) -> Result<(), String> {
    let workspace = Workspace::read()?;
    let binary = match &options.binary {
        Some(path) => path.clone(),
        None => {
            run(cargo().args(["build", "--release", "--package", "stackql-cli"]))?;
            workspace.release_binary()
        }
    };
    let mock = Mock::start()?;
    let program = Program::new(binary, &workspace.target.join("bench"), mock.url())?;
    println!("{} ({:.1} MB)", program.path().display(), program.size_in_megabytes()?);
    start_up(&program)?;
    throughput(&program, &mock)?;
    first_rows(&program, &mock)?;
    regions(&program, &mock, options.latency)?;
    connections::connections(&workspace, &program, &mock)?;
    documents::documents(&workspace, &program)
}

fn start_up(program: &Program) -> Result<(), String> {
    let title = format!("start-up, {START_UP_RUNS} runs");
    println!("\n{title:<28}{:>10}{:>10}{:>10}{:>10}", "min", "median", "max", "aim");
    let cases: [(&str, &[&str], &str); 3] = [
        ("--version", &["--version"], "5 ms"),
        ("SHOW PROVIDERS", &["exec", "SHOW PROVIDERS"], "15 ms"),
        ("DESCRIBE aws.ec2.volumes", &["exec", "DESCRIBE aws.ec2.volumes"], "20 ms"),
    ];
    for (name, arguments, aim) in cases {
        // Once unmeasured, so that the file is in the page cache.
        program.run(arguments)?;
        let walls = sorted_walls(|| program.run(arguments))?;
        let shown = walls.map(|wall| format!("{:.1} ms", milliseconds(wall)));
        println!("  {name:<26}{:>10}{:>10}{:>10}{aim:>10}", shown[0], shown[1], shown[2]);
    }
    Ok(())
}

/// The shortest, the median and the longest of several runs.
fn sorted_walls(mut run: impl FnMut() -> Result<Measured, String>) -> Result<[Duration; 3], String> {
    let walls = (0..START_UP_RUNS).map(|_| run().map(|measured| measured.wall));
    let mut walls = walls.collect::<Result<Vec<_>, _>>()?;
    walls.sort_unstable();
    let median = (walls[(START_UP_RUNS - 1) / 2] + walls[START_UP_RUNS / 2]) / 2;
    Ok([walls[0], median, walls[START_UP_RUNS - 1]])
}

fn throughput(program: &Program, mock: &Mock) -> Result<(), String> {
    let title = format!("{ROWS} rows, pages of {}", mock::PAGE);
    println!("\n{title:<28}{:>12}{:>14}{:>12}{:>8}", "wall", "rows/s", "peak RSS", "calls");
    let cases = [
        ("SELECT count(*)", "SELECT count(*) AS n FROM aws.ec2.volumes WHERE region = 'us-east-1'"),
        ("SELECT * to csv", "SELECT * FROM aws.ec2.volumes WHERE region = 'us-east-1'"),
    ];
    mock.serve(ROWS, Duration::ZERO);
    for (name, statement) in cases {
        let calls_before = mock.calls();
        let measured = program.run_watched(&["exec", statement, "-o", "csv"])?;
        let calls = mock.calls() - calls_before;
        match measured.output.lines().count() {
            2 => expect_rows(name, &measured, &format!("n\n{ROWS}\n"))?,
            lines if lines == ROWS + 1 => {}
            lines => return Err(format!("{name}: {lines} lines of output, not a header and {ROWS} rows")),
        }
        let rate = ROWS as f64 / measured.wall.as_secs_f64();
        let wall = format!("{:.2} s", measured.wall.as_secs_f64());
        println!("  {name:<26}{wall:>12}{rate:>14.0}{:>12}{calls:>8}", peak(&measured));
    }
    println!("  {:<26}{:>12}{:>14}{:>12}{:>8}", "aim", "0.25 s", ROWS * 4, "120 MiB", ROWS / mock::PAGE);
    Ok(())
}

fn first_rows(program: &Program, mock: &Mock) -> Result<(), String> {
    mock.serve(ROWS, Duration::ZERO);
    let calls_before = mock.calls();
    let statement = "SELECT volumeId FROM aws.ec2.volumes WHERE region = 'us-east-1' LIMIT 5";
    let measured = program.run(&["exec", statement, "-o", "csv"])?;
    let rows = measured.output.lines().count().saturating_sub(1);
    println!("\nLIMIT 5: {} calls, {rows} rows (aim: 1 call)", mock.calls() - calls_before);
    Ok(())
}

fn regions(program: &Program, mock: &Mock, latency: Duration) -> Result<(), String> {
    mock.serve(ROWS_OF_A_REGION, latency);
    let calls_before = mock.calls();
    let statement = "SELECT count(*) AS n FROM aws.ec2.volumes WHERE region = '*'";
    let measured = program.run(&["exec", statement, "-o", "csv"])?;
    expect_rows("all regions", &measured, &format!("n\n{}\n", REGIONS.len() * ROWS_OF_A_REGION))?;
    let calls = mock.calls() - calls_before;
    println!(
        "\n{} regions at {} ms: {:.0} ms, {calls} calls (one after the other: {} ms)",
        REGIONS.len(),
        latency.as_millis(),
        milliseconds(measured.wall),
        latency.as_millis() * u128::from(calls),
    );
    Ok(())
}

/// A fast wrong answer is no result.
fn expect_rows(name: &str, measured: &Measured, expected: &str) -> Result<(), String> {
    if measured.output.replace('\r', "") == expected {
        return Ok(());
    }
    Err(format!("{name}: expected\n{expected}but the program printed\n{}", measured.output))
}

fn peak(measured: &Measured) -> String {
    measured.peak_kib.map_or_else(|| "unknown".into(), |kib| format!("{:.0} MiB", kib as f64 / 1024.0))
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
