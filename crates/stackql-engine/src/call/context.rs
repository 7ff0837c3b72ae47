//! What the scans of one statement share: the transport, the log, the bound on calls in flight, and what went wrong.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stackql_call::Transport;
use stackql_provider::Definitions;
use tokio::sync::Semaphore;

use crate::call::log::CallLog;
use crate::call::lro::LroLog;
use crate::call::response_dedup::ResponseDedup;
use crate::catalog::built_in::BuiltIn;
use crate::catalog::exec_table::ExecTable;
use crate::config::settings::SessionSettings;
use crate::error::Error;
use crate::views::plan::View;
use crate::{Completeness, Failure, Progress, SessionOptions, Store, StoredObject};

/// The context of one statement.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) definitions: Arc<dyn Definitions>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) log: Arc<CallLog>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) options: SessionOptions,
    pub(crate) settings: SessionSettings,
    /// What is refused, and what cannot be read, is told and counts as no rows.
    pub(crate) tolerant: bool,
    /// Bounds the calls in flight.
    pub(crate) permits: Semaphore,
    /// Where what users make is kept.
    pub(crate) store: Option<Arc<dyn Store>>,
    /// What users made, as it was when the statement began.
    pub(crate) objects: Vec<Arc<StoredObject>>,
    pub(crate) course: StatementState,
}

/// What comes to be while a statement runs.
#[derive(Debug, Default)]
pub(crate) struct StatementState {
    /// What the statement asked more than once for.
    pub(crate) dedup: ResponseDedup,
    /// What its awaited calls share.
    pub(crate) lro_log: LroLog,
    /// The statement changes something.
    pub(crate) is_change: AtomicBool,
    /// Calls that were made or are about to be.
    reserved_calls: AtomicU64,
    /// The methods that the statement calls where relations stand, by the names that stand for them.
    exec_tables: Mutex<Vec<(String, ExecTable)>>,
    /// The views that the statement reads.
    views: Mutex<HashMap<String, Arc<View>>>,
    gaps: Mutex<Gaps>,
}

#[derive(Debug, Default)]
struct Gaps {
    failures: Vec<Failure>,
    caps: Vec<String>,
}

impl Context {
    /// What a name of one word means: what a user made, else what is built in, as the view that it is read as.
    pub(crate) fn find_object(&self, name: &str) -> Option<Arc<StoredObject>> {
        self.find_local_object(name).or_else(|| BuiltIn::find(name).map(BuiltIn::as_view))
    }

    /// What a user made of this name, in any case of letters.
    pub(crate) fn find_local_object(&self, name: &str) -> Option<Arc<StoredObject>> {
        let exact = self.objects.iter().find(|made| made.name == name);
        exact.or_else(|| self.objects.iter().find(|made| made.name.eq_ignore_ascii_case(name))).cloned()
    }

    /// The view of this exact name, once it is planned.
    pub(crate) fn view(&self, name: &str) -> Option<Arc<View>> {
        self.course.views.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// What stands for a method that is called in place of a relation: the name that it has from now on.
    pub(crate) fn register_exec_table(&self, name: String, executed: ExecTable) -> String {
        let mut all = self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{name} ({})", all.len() + 1);
        all.push((name.clone(), executed));
        name
    }

    /// What this exact name stands for, if it is a method that is called.
    pub(crate) fn exec_table(&self, name: &str) -> Option<ExecTable> {
        let all = self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(known, _)| known == name).map(|(_, executed)| executed.clone())
    }

    /// The methods that the statement calls where relations stand, in the order in which they are written.
    pub(crate) fn exec_tables(&self) -> Vec<(String, ExecTable)> {
        self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The views that the statement reads, by name.
    pub(crate) fn views(&self) -> Vec<(String, Arc<View>)> {
        let views = self.course.views.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = views.iter().map(|(name, view)| (name.clone(), Arc::clone(view))).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    pub(crate) fn register_view(&self, name: String, view: Arc<View>) {
        self.course.views.lock().unwrap_or_else(PoisonError::into_inner).insert(name, view);
    }

    /// Takes note of calls that are about to be made.
    ///
    /// # Errors
    ///
    /// They are more than the session allows.
    pub(crate) fn reserve_calls(&self, count: usize) -> Result<(), Error> {
        let before = self.course.reserved_calls.fetch_add(count as u64, Ordering::Relaxed);
        match self.settings.max_calls {
            Some(most) if before.saturating_add(count as u64) > most => {
                Err(Error::TooManyCalls { most, planned: before.saturating_add(count as u64) })
            }
            _ => Ok(()),
        }
    }

    /// How old an answer may be that is given instead of asking for rows of `table`.
    pub(crate) fn max_age(&self, table: &str) -> Option<Duration> {
        let SessionOptions { cache_ttl, analytics, .. } = &self.options;
        let of_table = || analytics.as_ref().and_then(|namespace| namespace.ttl(table));
        let age = self.settings.cache_ttl.or_else(of_table).unwrap_or(*cache_ttl);
        Some(age).filter(|age| !age.is_zero())
    }

    /// One scope failed while others may still answer.
    pub(crate) fn record_failure(&self, failure: Failure) {
        self.log.fail(failure.clone());
        self.course.gaps.lock().unwrap_or_else(PoisonError::into_inner).failures.push(failure);
    }

    /// A cap was reached.
    pub(crate) fn record_truncation(&self, what: String) {
        self.course.gaps.lock().unwrap_or_else(PoisonError::into_inner).caps.push(what);
    }

    pub(crate) fn outcome(&self) -> Completeness {
        let lost = self.course.gaps.lock().unwrap_or_else(PoisonError::into_inner);
        match (lost.failures.as_slice(), lost.caps.as_slice()) {
            ([], []) => Completeness::Complete,
            ([], caps) => Completeness::Truncated(caps.join("; ")),
            (failures, _) => Completeness::Partial(failures.to_vec()),
        }
    }
}
