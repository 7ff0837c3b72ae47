//! Runs the binary as a separate process and measures it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Interval between readings of the process's memory.
const WATCH_EVERY: Duration = Duration::from_millis(5);

/// The binary with an isolated environment: an empty home directory, and one endpoint.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    folder: PathBuf,
    endpoint: String,
}

/// The measurements of one run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) wall: Duration,
    /// Peak resident memory, where the platform reports it.
    pub(super) peak_kib: Option<u64>,
    /// User and system CPU time, where the platform reports it.
    pub(super) cpu: Option<Duration>,
    pub(super) output: String,
}

impl Program {
    pub(super) fn new(path: PathBuf, folder: &Path, endpoint: &str) -> Result<Self, String> {
        let home = folder.join("home");
        std::fs::create_dir_all(&home).map_err(|error| format!("cannot create {}: {error}", home.display()))?;
        let path = path.canonicalize().map_err(|error| format!("cannot find {}: {error}", path.display()))?;
        Ok(Self { path, folder: folder.to_owned(), endpoint: endpoint.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn size_in_megabytes(&self) -> Result<f64, String> {
        let metadata = self.path.metadata().map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(metadata.len() as f64 / 1e6)
    }

    /// Runs the binary without monitoring its memory.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Measured, String> {
        self.measure(&[0], arguments, |_| {})
    }

    /// Runs a command that may exit with code 1 to report problems.
    pub(super) fn report(&self, arguments: &[&str]) -> Result<Measured, String> {
        self.measure(&[0, 1], arguments, |_| {})
    }

    /// Runs the binary and monitors its memory.
    pub(super) fn run_watched(&self, arguments: &[&str]) -> Result<Measured, String> {
        let mut peak = None;
        let mut measured = self.measure(&[0], arguments, |pid| peak = Some(thread::spawn(move || watch(pid))))?;
        measured.peak_kib = peak.and_then(|watcher| watcher.join().ok().flatten());
        Ok(measured)
    }

    fn measure(&self, ends: &[i32], arguments: &[&str], started: impl FnOnce(u32)) -> Result<Measured, String> {
        let [output, errors] = ["output", "errors"].map(|name| self.folder.join(name));
        let create =
            |path: &Path| File::create(path).map_err(|error| format!("cannot write {}: {error}", path.display()));
        let mut command = Command::new(&self.path);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.join("home"))
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(create(&output)?)
            .stderr(create(&errors)?);
        let computed_before = computed_for_children();
        let start = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("cannot start {}: {error}", self.path.display()))?;
        started(child.id());
        let status = child.wait().map_err(|error| format!("{}: {error}", self.path.display()))?;
        let wall = start.elapsed();
        let read = |path: &Path| std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
        if !status.code().is_some_and(|code| ends.contains(&code)) {
            return Err(format!("stackql {}: {status}\n{}", arguments.join(" "), read(&errors)?.trim_end()));
        }
        let cpu = computed_for_children().zip(computed_before).map(|(after, before)| after - before);
        Ok(Measured { wall, peak_kib: None, cpu, output: read(&output)? })
    }
}

/// Monitors a process until it ends; returns the last reading of its peak memory.
fn watch(pid: u32) -> Option<u64> {
    let path = format!("/proc/{pid}/status");
    let mut peak = None;
    // The line disappears when the process has ended.
    while let Some(kib) = std::fs::read_to_string(&path).ok().as_deref().and_then(high_water_mark) {
        peak = Some(kib);
        thread::sleep(WATCH_EVERY);
    }
    peak
}

fn high_water_mark(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// CPU time of the child processes waited for so far; correct if they run one at a time.
fn computed_for_children() -> Option<Duration> {
    std::fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(children_time)
}

/// User and system time of waited-for children. Linux reports it in clock ticks of 10 ms.
fn children_time(stat: &str) -> Option<Duration> {
    // The second field is a name in parentheses and may contain any character.
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks: Vec<u64> = fields.split(' ').skip(13).take(2).map_while(|field| field.parse().ok()).collect();
    (ticks.len() == 2).then(|| Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{children_time, high_water_mark};

    #[test]
    fn the_time_of_children_is_read() {
        let stat = "42 (a) b) S 1 42 42 0 -1 4194560 100 200 0 0 7 8 150 25 20 0 1 0 5000 1000 100";
        assert_eq!(children_time(stat), Some(Duration::from_millis(1750)));
        assert_eq!(children_time("42 (a) S 1"), None);
    }

    #[test]
    fn the_high_water_mark_is_read() {
        assert_eq!(high_water_mark("Name:\tstackql\nVmHWM:\t  120404 kB\nVmRSS:\t   1 kB\n"), Some(120_404));
        assert_eq!(high_water_mark("Name:\tstackql\nState:\tZ (zombie)\n"), None);
    }
}
