//! What the scans of one statement share: the transport, the log, the bound on calls in flight, and what went wrong.

use std::sync::{Arc, Mutex, PoisonError};

use stackql_call::Transport;
use stackql_provider::Definitions;
use tokio::sync::Semaphore;

use crate::awaiting::Awaits;
use crate::log::Log;
use crate::{Failure, Outcome, Progress, SessionOptions};

/// The context of one statement.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) log: Arc<Log>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) options: SessionOptions,
    /// Bounds the calls in flight.
    pub(crate) permits: Semaphore,
    /// What its awaited calls share.
    pub(crate) awaits: Awaits,
    lost: Mutex<Lost>,
}

#[derive(Debug, Default)]
struct Lost {
    failures: Vec<Failure>,
    caps: Vec<String>,
}

impl Context {
    pub(crate) fn new(
        definitions: Arc<dyn Definitions>,
        transport: Arc<dyn Transport>,
        log: Arc<Log>,
        progress: Arc<Progress>,
        options: SessionOptions,
    ) -> Self {
        let permits = Semaphore::new(options.concurrency.max(1));
        Self {
            definitions,
            transport,
            log,
            progress,
            options,
            permits,
            awaits: Awaits::default(),
            lost: Mutex::default(),
        }
    }

    /// One scope failed while others may still answer.
    pub(crate) fn lose(&self, failure: Failure) {
        self.log.fail(failure.clone());
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).failures.push(failure);
    }

    /// A cap was reached.
    pub(crate) fn cut(&self, what: String) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).caps.push(what);
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match (lost.failures.as_slice(), lost.caps.as_slice()) {
            ([], []) => Outcome::Complete,
            ([], caps) => Outcome::Truncated(caps.join("; ")),
            (failures, _) => Outcome::Partial(failures.to_vec()),
        }
    }
}
