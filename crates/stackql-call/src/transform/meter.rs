//! How much an application of a template may do. Owns the limits, and where the template stands.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use gotmpl::{TemplateError, Value};
use thiserror::Error;

/// The longest template.
pub(super) const MAX_TEMPLATE: usize = 256 * 1024;
/// The longest answer a template is applied to.
pub(super) const MAX_BODY: usize = 64 * 1024 * 1024;
/// What a step costs, in the bytes that could be copied in its time.
const STEP: usize = 16;

/// What a template came up against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TransformLimit {
    /// It takes too many steps, or handles too much text.
    #[error("it does more work than an answer of this size may cost")]
    Work,
    /// It writes too much.
    #[error("it writes more than 128 MiB")]
    Output,
    /// It calls itself, or nests, too deeply.
    #[error("it is nested too deeply")]
    Depth,
}

/// How much one application may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// Steps and bytes handled.
    pub(super) work: usize,
    /// Bytes written.
    pub(super) output: usize,
}

impl Budget {
    /// Enough for any template that looks at each part of the answer a few dozen times.
    pub(super) fn for_body(bytes: usize) -> Self {
        Self { work: 64 * 1024 * 1024 + bytes.saturating_mul(32), output: 128 * 1024 * 1024 }
    }
}

/// Counts what one application does.
#[derive(Debug)]
pub(super) struct Meter {
    work: AtomicI64,
    /// The offset in the template of what is evaluated.
    at: AtomicUsize,
    stopped: OnceLock<TransformLimit>,
}

impl Meter {
    pub(super) fn new(allowance: Budget) -> Self {
        let work = AtomicI64::new(i64::try_from(allowance.work).unwrap_or(i64::MAX));
        Self { work, at: AtomicUsize::new(0), stopped: OnceLock::new() }
    }

    /// A part of the template begins at `offset`, which takes `steps`.
    pub(super) fn arrive(&self, offset: usize, steps: usize) -> Result<(), TemplateError> {
        self.at.store(offset, Ordering::Relaxed);
        self.spend(steps.saturating_mul(STEP))
    }

    /// A function is called that handles `bytes`.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), TemplateError> {
        let cost = i64::try_from(bytes.saturating_add(STEP)).unwrap_or(i64::MAX);
        // What is left is never far below zero, since the first cost above it ends the application.
        let left = self.work.load(Ordering::Relaxed);
        if left < cost {
            return Err(self.stop(TransformLimit::Work));
        }
        self.work.store(left - cost, Ordering::Relaxed);
        Ok(())
    }

    /// Ends the application.
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

/// About how many bytes `value` has as a text.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::List(items) => items.iter().map(|item| weight(item) + 1).sum::<usize>() + 2,
        Value::Map(members) => members.iter().map(|(name, value)| name.len() + weight(value) + 4).sum::<usize>() + 2,
        _ => 24,
    }
}
