//! The progress line on standard error for long scans, waits and downloads. It is shown only on a terminal, after a
//! second.

use std::future::Future;
use std::io::IsTerminal;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};
use stackql_engine::Progress;
use tokio::time::{Instant, sleep_until};

use crate::output::value::for_terminal;

/// Delay before the progress of a statement is shown.
const PATIENCE: Duration = Duration::from_secs(1);
const REFRESH: Duration = Duration::from_millis(100);

/// Displays a session's progress while a future is awaited.
pub(crate) struct ProgressLine {
    progress: Arc<Progress>,
    next: Instant,
    shown: bool,
}

impl ProgressLine {
    /// The progress line of a statement that starts now.
    pub(crate) fn new(progress: &Arc<Progress>) -> Self {
        let shown = std::io::stderr().is_terminal();
        Self { progress: Arc::clone(progress), next: Instant::now() + PATIENCE, shown }
    }

    /// Awaits `work` and shows progress meanwhile; the line is cleared when the work is done.
    pub(crate) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        if !self.shown {
            return work.await;
        }
        let mut work = pin!(work);
        let mut bar: Option<ProgressBar> = None;
        loop {
            tokio::select! {
                biased;
                done = &mut work => {
                    if let Some(bar) = bar {
                        bar.finish_and_clear();
                    }
                    return done;
                }
                () = sleep_until(self.next) => {
                    self.next = Instant::now() + REFRESH;
                    let bar = bar.get_or_insert_with(spinner);
                    draw(bar, &self.progress);
                }
            }
        }
    }
}

fn spinner() -> ProgressBar {
    // The line is also cleared if the work is cancelled, because that drops the bar.
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_finish(ProgressFinish::AndClear);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar
}

fn draw(bar: &ProgressBar, progress: &Progress) {
    let transfer = &progress.transfer;
    let [received, total] = [&transfer.received, &transfer.total].map(|c| c.load(Ordering::Relaxed));
    if total > 0 && bar.length() != Some(total) {
        bar.set_length(total);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes} ({elapsed})") {
            bar.set_style(style);
        }
    }
    bar.set_position(received);
    bar.set_message(line(progress));
    bar.tick();
}

fn line(progress: &Progress) -> String {
    let received = progress.transfer.received.load(Ordering::Relaxed);
    if received > 0 {
        return HumanBytes(received).to_string();
    }
    if let Some(wait) = progress.waits.line() {
        return for_terminal(&wait).into_owned();
    }
    let [scopes, done, pages, rows] =
        [&progress.scopes, &progress.scopes_done, &progress.pages, &progress.rows].map(|c| c.load(Ordering::Relaxed));
    format!("{done}/{scopes} scopes, {pages} pages, {rows} rows")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_counts_scopes_pages_and_rows() {
        let progress = Progress::default();
        progress.scopes.store(17, Ordering::Relaxed);
        progress.scopes_done.store(3, Ordering::Relaxed);
        progress.pages.store(40, Ordering::Relaxed);
        progress.rows.store(39_120, Ordering::Relaxed);
        assert_eq!(line(&progress), "3/17 scopes, 40 pages, 39120 rows");
    }

    #[test]
    fn the_line_of_a_download_counts_bytes() {
        let progress = Progress::default();
        progress.transfer.received.store(3 << 20, Ordering::Relaxed);
        assert_eq!(line(&progress), "3.00 MiB");
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        draw(&bar, &progress);
        assert_eq!(bar.length(), None);
        progress.transfer.total.store(10 << 20, Ordering::Relaxed);
        draw(&bar, &progress);
        assert_eq!((bar.position(), bar.length()), (3 << 20, Some(10 << 20)));
    }
}
