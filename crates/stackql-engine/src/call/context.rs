//! The statement context: what all scans and changes of one statement share, such as the transport, the call log, the
//! concurrency limit, settings, local objects, and the failures so far. The session creates one per statement.

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
    /// Faults and responses that cannot be decoded are reported and count as no rows, as in the Go program.
    pub(crate) tolerant: bool,
    /// The concurrency limit: one permit per request in flight.
    pub(crate) permits: Semaphore,
    /// The store of local objects (tables, views and materialized views of the user).
    pub(crate) store: Option<Arc<dyn Store>>,
    /// The local objects at the start of the statement.
    pub(crate) objects: Vec<Arc<StoredObject>>,
    pub(crate) course: StatementState,
}

/// The state of a statement while it is executed.
#[derive(Debug, Default)]
pub(crate) struct StatementState {
    /// The responses that are shared between identical requests.
    pub(crate) dedup: ResponseDedup,
    /// The state that its awaited long-running operations share.
    pub(crate) lro_log: LroLog,
    /// The statement changes something.
    pub(crate) is_change: AtomicBool,
    /// The number of calls that were made or are about to be made.
    reserved_calls: AtomicU64,
    /// The exec tables of the statement, by the unique names that replace them in its syntax tree.
    exec_tables: Mutex<Vec<(String, ExecTable)>>,
    /// The planned views that the statement reads, by name.
    views: Mutex<HashMap<String, Arc<View>>>,
    gaps: Mutex<Gaps>,
}

#[derive(Debug, Default)]
struct Gaps {
    failures: Vec<Failure>,
    caps: Vec<String>,
}

impl Context {
    /// Finds the object of a one-part name: a local object, else a built-in one, as a view.
    pub(crate) fn find_object(&self, name: &str) -> Option<Arc<StoredObject>> {
        self.find_local_object(name).or_else(|| BuiltIn::find(name).map(BuiltIn::as_view))
    }

    /// Finds a local object by name: an exact match, else one that ignores case.
    pub(crate) fn find_local_object(&self, name: &str) -> Option<Arc<StoredObject>> {
        let exact = self.objects.iter().find(|made| made.name == name);
        exact.or_else(|| self.objects.iter().find(|made| made.name.eq_ignore_ascii_case(name))).cloned()
    }

    /// The planned view of this exact name.
    pub(crate) fn view(&self, name: &str) -> Option<Arc<View>> {
        self.course.views.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Registers an exec table and returns the unique name that replaces it in the statement.
    pub(crate) fn register_exec_table(&self, name: String, executed: ExecTable) -> String {
        let mut all = self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("{name} ({})", all.len() + 1);
        all.push((name.clone(), executed));
        name
    }

    /// The exec table of this exact name.
    pub(crate) fn exec_table(&self, name: &str) -> Option<ExecTable> {
        let all = self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(known, _)| known == name).map(|(_, executed)| executed.clone())
    }

    /// The exec tables of the statement, in the order in which they are written.
    pub(crate) fn exec_tables(&self) -> Vec<(String, ExecTable)> {
        self.course.exec_tables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The planned views that the statement reads, sorted by name.
    pub(crate) fn views(&self) -> Vec<(String, Arc<View>)> {
        let views = self.course.views.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = views.iter().map(|(name, view)| (name.clone(), Arc::clone(view))).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    pub(crate) fn register_view(&self, name: String, view: Arc<View>) {
        self.course.views.lock().unwrap_or_else(PoisonError::into_inner).insert(name, view);
    }

    /// Adds calls that are about to be made to the call count of the statement.
    ///
    /// # Errors
    ///
    /// The count exceeds the setting `max_calls`.
    pub(crate) fn reserve_calls(&self, count: usize) -> Result<(), Error> {
        let before = self.course.reserved_calls.fetch_add(count as u64, Ordering::Relaxed);
        match self.settings.max_calls {
            Some(most) if before.saturating_add(count as u64) > most => {
                Err(Error::TooManyCalls { most, planned: before.saturating_add(count as u64) })
            }
            _ => Ok(()),
        }
    }

    /// The maximum age of a cached response for a scan of `table`; `None` if the response cache is not used.
    ///
    /// The setting `cache_ttl` takes precedence over the cache namespace of the table, and that over the session option.
    pub(crate) fn max_age(&self, table: &str) -> Option<Duration> {
        let SessionOptions { cache_ttl, analytics, .. } = &self.options;
        let of_table = || analytics.as_ref().and_then(|namespace| namespace.ttl(table));
        let age = self.settings.cache_ttl.or_else(of_table).unwrap_or(*cache_ttl);
        Some(age).filter(|age| !age.is_zero())
    }

    /// Records the failure of one call while others continue: the result is then partial.
    pub(crate) fn record_failure(&self, failure: Failure) {
        self.log.fail(failure.clone());
        self.course.gaps.lock().unwrap_or_else(PoisonError::into_inner).failures.push(failure);
    }

    /// Records that a result was truncated by a limit.
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
