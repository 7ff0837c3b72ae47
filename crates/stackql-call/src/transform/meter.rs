//! Limits the work of one template run, and records the position that is evaluated, for error messages.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use gotmpl::{TemplateError, Value};
use thiserror::Error;

/// The maximum length of a template in bytes.
pub(super) const MAX_TEMPLATE: usize = 256 * 1024;
/// The maximum length of a template's input in bytes.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;
/// The cost of one step, in bytes that could be copied in the same time.
const STEP: usize = 16;

/// The limits of a template run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransformLimit {
    /// It takes too many steps or processes too much text.
    #[error("it does more work than an answer of this size may cost")]
    Work,
    /// It writes too much output.
    #[error("it writes more than 128 MiB")]
    Output,
    /// Its calls or its values are nested too deeply.
    #[error("it is nested too deeply")]
    Depth,
}

/// The work and output that one run may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Steps and processed bytes.
    pub(super) work: usize,
    /// Bytes of output.
    pub(super) output: usize,
}

impl Budget {
    /// The budget for an input of this many bytes: enough for any template that reads each part of it a few dozen times.
    pub(super) fn for_body(bytes: usize) -> Self {
        Self { work: 64 * 1024 * 1024 + bytes.saturating_mul(32), output: 128 * 1024 * 1024 }
    }
}

/// Counts the work of one run.
#[derive(Debug)]
pub(super) struct Meter {
    work: AtomicI64,
    /// The offset in the template that is evaluated.
    at: AtomicUsize,
    stopped: OnceLock<TransformLimit>,
}

impl Meter {
    pub(super) fn new(allowance: Budget) -> Self {
        let work = AtomicI64::new(i64::try_from(allowance.work).unwrap_or(i64::MAX));
        Self { work, at: AtomicUsize::new(0), stopped: OnceLock::new() }
    }

    /// Records that evaluation reaches `offset`, and spends `steps`.
    pub(super) fn arrive(&self, offset: usize, steps: usize) -> Result<(), TemplateError> {
        self.at.store(offset, Ordering::Relaxed);
        self.spend(steps.saturating_mul(STEP))
    }

    /// Spends the cost of a function call that processes `bytes`.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), TemplateError> {
        let cost = i64::try_from(bytes.saturating_add(STEP)).unwrap_or(i64::MAX);
        // The rest never drops far below zero, because the first cost above it ends the run.
        let left = self.work.load(Ordering::Relaxed);
        if left < cost {
            return Err(self.stop(TransformLimit::Work));
        }
        self.work.store(left - cost, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the run at a limit.
    pub(super) fn stop(&self, limit: TransformLimit) -> TemplateError {
        TemplateError::Exec(self.stopped.get_or_init(|| limit).to_string())
    }

    pub(super) fn stopped(&self) -> Option<TransformLimit> {
        self.stopped.get().copied()
    }

    pub(super) fn at(&self) -> usize {
        self.at.load(Ordering::Relaxed)
    }
}

/// The approximate length of `value` as text, in bytes.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::List(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Map(members) => members.iter().map(|(name, value)| name.len() + weight(value) + 4).sum::<usize>() + 2,
        _ => 24,
    }
}
