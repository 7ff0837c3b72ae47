//! `cargo xtask bench`: end-to-end benchmarks of the binary against endpoints on loopback that the task starts itself.
//!
//! Owns the list of benchmarks and their setup; [`mock`] and [`fleet`] are the endpoints, [`process`] runs and measures
//! the binary. A benchmark fails if it returns wrong rows or sends a request twice.

mod asked;
mod bare;
mod bound;
mod cached;
mod connections;
mod documents;
mod endpoint;
mod fleet;
mod million;
mod mock;
mod planner;
mod process;
mod quotas;
mod rows;
mod secure;
mod start;
mod whole;

use std::path::PathBuf;
use std::time::Duration;

use self::asked::{Asked, Request, each_once};
use self::fleet::Fleet;
use self::mock::Mock;
use self::process::{Measured, Program};
use crate::workspace::{Workspace, cargo, run};

type Bench = fn(&Stand) -> Result<(), String>;

const BENCHES: [(&str, Bench); 14] = [
    ("start-up", start::start_up),
    ("whole", whole::whole),
    ("throughput", rows::throughput),
    ("first-rows", rows::first_rows),
    ("connections", connections::connections),
    ("documents", documents::documents),
    ("chain", planner::chain),
    ("regions", planner::regions),
    ("join", planner::join),
    ("three-way", planner::three_way),
    ("selective", planner::selective),
    ("million", million::million),
    ("quotas", quotas::quotas),
    ("kept", cached::cached),
];

/// Registry documents for the API that [`fleet`] serves.
const DOCUMENTS: &str = "xtask/documents";

/// Which binary and benchmarks to run.
#[derive(Debug, Default)]
pub(crate) struct BenchOptions {
    /// The binary to measure; `None` builds the release binary.
    binary: Option<PathBuf>,
    /// The only benchmark to run; `None` runs all.
    only: Option<Bench>,
}

/// The environment that benchmarks run in.
#[derive(Debug)]
struct Stand {
    workspace: Workspace,
    program: Program,
    mock: Mock,
    fleet: Fleet,
}

impl BenchOptions {
    /// Parses `--bin PATH` and `--only NAME`.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        for pair in words.chunks(2) {
            match *pair {
                ["--bin", path] => options.binary = Some(path.into()),
                ["--only", name] => {
                    let names = BENCHES.map(|(name, _)| name).join(", ");
                    let bench = BENCHES.iter().find(|(known, _)| *known == name);
                    let unknown = || format!("there is no bench '{name}'; there are {names}");
                    options.only = Some(bench.ok_or_else(unknown)?.1);
                }
                _ => return Err(format!("bench takes --bin PATH and --only NAME, not '{}'", pair.join(" "))),
            }
        }
        Ok(options)
    }
}

/// Runs the benchmarks and prints their results.
pub(crate) fn bench(options: &BenchOptions) -> Result<(), String> {
    let workspace = Workspace::read()?;
    let binary = match &options.binary {
        Some(path) => path.clone(),
        None => {
            run(cargo().args(["build", "--release", "--package", "stackql-cli"]))?;
            workspace.release_binary()
        }
    };
    let (mock, fleet) = (Mock::start()?, Fleet::start()?);
    let program = Program::new(binary, &workspace.target.join("bench"), mock.url())?;
    println!("{} ({:.1} MB)", program.path().display(), program.size_in_megabytes()?);
    let stand = Stand { workspace, program, mock, fleet };
    match options.only {
        Some(bench) => bench(&stand),
        None => BENCHES.iter().try_for_each(|(_, bench)| bench(&stand)),
    }
}

impl Stand {
    /// Runs a statement against the fleet, after a first run has compiled its documents.
    fn ask(&self, statement: &str, flags: &[&str]) -> Result<(Measured, Vec<Request>), String> {
        let documents = self.workspace.root.join(DOCUMENTS);
        let registry = format!("--registry={{url: 'file://{}'}}", documents.display());
        let of_fleet = [&[&registry, "--endpoint-url", self.fleet.url(), "-o", "csv"], flags].concat();
        self.program.run(&[&["exec", "DESCRIBE fleet.run.items"], &*of_fleet].concat())?;
        self.watched(self.fleet.request_log(), statement, &of_fleet)
    }

    /// Runs a statement against the mock.
    fn ask_mock(&self, statement: &str) -> Result<(Measured, Vec<Request>), String> {
        self.ask_mock_for(statement, "csv")
    }

    /// Runs a statement against the mock, with rows in the given format.
    fn ask_mock_for(&self, statement: &str, format: &str) -> Result<(Measured, Vec<Request>), String> {
        self.watched(self.mock.request_log(), statement, &["-o", format])
    }

    fn watched(&self, asked: &Asked, statement: &str, flags: &[&str]) -> Result<(Measured, Vec<Request>), String> {
        asked.take();
        let measured = self.program.run_watched(&[&["exec", statement], flags].concat())?;
        let requests = asked.take();
        each_once(&requests)?;
        Ok((measured, requests))
    }
}

/// Fails if the output is wrong, so that no time is reported for it.
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
