//! The long-running operations that the running statement is waiting for, as a progress line for the user.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::Progress;

/// The current waits of the running statement, the oldest first.
#[derive(Debug, Default)]
pub struct PendingWaits(Mutex<Vec<Arc<Wait>>>);

#[derive(Debug)]
struct Wait {
    label: Mutex<String>,
    since: Instant,
}

/// One wait (an RAII guard): the wait ends when this is dropped.
#[derive(Debug)]
pub(crate) struct WaitGuard {
    progress: Arc<Progress>,
    wait: Arc<Wait>,
}

impl PendingWaits {
    /// A progress line for the longest wait, such as `compute#operation: insert in progress, 10 seconds elapsed`, with the
    /// number of other waits; `None` where there is no wait.
    pub fn line(&self) -> Option<String> {
        let waits = self.all();
        let wait = waits.first()?;
        let (label, seconds) =
            (wait.label.lock().unwrap_or_else(PoisonError::into_inner), wait.since.elapsed().as_secs());
        let line = format!("{label} in progress, {seconds} seconds elapsed");
        Some(match waits.len() - 1 {
            0 => line,
            others => format!("{line}, and {others} more"),
        })
    }

    pub(crate) fn begin(progress: &Arc<Progress>, label: &str) -> WaitGuard {
        let wait = Arc::new(Wait { label: Mutex::new(label.to_owned()), since: Instant::now() });
        progress.waits.all().push(Arc::clone(&wait));
        WaitGuard { progress: Arc::clone(progress), wait }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Arc<Wait>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaitGuard {
    /// Changes the label of the wait.
    pub(crate) fn is_now(&self, label: &str) {
        label.clone_into(&mut self.wait.label.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for WaitGuard {
    fn drop(&mut self) {
        self.progress.waits.all().retain(|wait| !Arc::ptr_eq(wait, &self.wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_is_told_until_it_is_over() {
        let progress = Arc::<Progress>::default();
        assert_eq!(progress.waits.line(), None);
        let first = PendingWaits::begin(&progress, "a: insert");
        let second = PendingWaits::begin(&progress, "b: insert");
        assert_eq!(progress.waits.line().as_deref(), Some("a: insert in progress, 0 seconds elapsed, and 1 more"));
        drop(first);
        second.is_now("b: wait");
        assert_eq!(progress.waits.line().as_deref(), Some("b: wait in progress, 0 seconds elapsed"));
        drop(second);
        assert_eq!(progress.waits.line(), None);
    }
}
