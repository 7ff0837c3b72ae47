//! Lower bounds of the time that a statement takes, and their comparison with measurements.

use std::fmt;
use std::time::Duration;

use super::asked::Request;
use super::process::Measured;

/// Calls that depend on the results of the stage before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    /// Number of independent chains.
    pub(super) chains: usize,
    /// Pages per chain, which are read sequentially.
    pub(super) pages: usize,
}

/// Parameters of the lower bound for the calls of a statement.
#[derive(Debug)]
pub(super) struct Bound<'a> {
    pub(super) stages: &'a [Stage],
    /// Time per response.
    pub(super) latency: Duration,
    /// Concurrency limit.
    pub(super) limit: usize,
}

impl Bound<'_> {
    pub(super) fn calls(&self) -> usize {
        self.stages.iter().map(|stage| stage.chains * stage.pages).sum()
    }

    pub(super) fn wall(&self) -> Duration {
        let rounds = |stage: &Stage| stage.pages.max((stage.chains * stage.pages).div_ceil(self.limit));
        self.latency * self.stages.iter().map(rounds).sum::<usize>() as u32
    }

    /// Prints the result of a run; `most` is the factor by which it may exceed the bound.
    pub(super) fn report(&self, title: impl fmt::Display, measured: &Measured, requests: &[Request], most: f64) {
        let cpu = measured.cpu.map_or_else(|| "unknown".into(), |cpu| format!("{:.2} s", cpu.as_secs_f64()));
        let (ratio, calls) = (ratio(self.wall(), measured), requests.len());
        println!("\n{title}");
        println!("  {ratio}, aim {:.2}; {calls} calls, fewest {}; CPU {cpu}", 1.0 / most, self.calls());
    }
}

/// Formats a run relative to its bound.
pub(super) fn ratio(bound: Duration, measured: &Measured) -> String {
    let [wall, bound] = [measured.wall, bound].map(|time| time.as_secs_f64());
    format!("{wall:.2} s, bound {bound:.2} s, ratio {:.2}", bound / wall)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Bound, Stage};

    #[test]
    fn a_stage_takes_its_longest_chain_or_as_many_rounds_as_the_limit_makes() {
        let bound = |stages: &[Stage], limit| {
            let bound = Bound { stages, latency: Duration::from_secs(1), limit };
            (bound.calls(), bound.wall().as_secs())
        };
        let [one, wide, long] = [(1, 1), (65, 1), (3, 10)].map(|(chains, pages)| Stage { chains, pages });
        assert_eq!(bound(&[one, wide], 32), (66, 4));
        assert_eq!(bound(&[one, long], 32), (31, 11));
        assert_eq!(bound(&[long], 2), (30, 15));
    }
}
