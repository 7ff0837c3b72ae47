//! Estimates of the number of calls and requests of a plan, before any call is made.

use std::fmt;

use crate::call::log::USUAL_PAGES;
use crate::physical::call_exec::CallExec;

/// The number of calls of one `CallExec` node, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallCount {
    /// This number.
    Known(usize),
    /// One for each member of this scope.
    Members(String),
    /// One for each distinct key of the outer relation; the names of the key columns.
    Keys(Vec<String>),
    /// One for each row of the calls that its input makes.
    Rows,
}

/// The number of calls of one `CallExec` node, and the estimated number of pages of each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estimate {
    pub(crate) calls: CallCount,
    pages: usize,
    /// The source of the number of pages, if the number is not certain.
    source: Option<&'static str>,
}

impl Estimate {
    pub(crate) fn for_call(exec: &CallExec, calls: CallCount) -> Self {
        let fetch = exec.call_spec();
        let (pages, source) = match (&fetch.operation.method().paging, fetch.options.limit) {
            _ if fetch.options.not_found_is_empty => (1, None),
            (None, _) => (1, None),
            (Some(paging), Some(wanted)) => match &paging.size {
                Some(size) => (wanted.div_ceil(size.maximum.max(1) as usize).max(1), None),
                None => (1, Some("or more")),
            },
            (Some(_), None) => match fetch.context.log.pages_of(&fetch.operation.qualified_name()) {
                Some(pages) => (pages.max(1), Some("as last time")),
                None => (USUAL_PAGES, Some("not read yet, so this is a guess")),
            },
        };
        Self { calls, pages, source }
    }

    /// The number of requests, if the number of calls is known.
    fn requests(&self) -> Option<usize> {
        match self.calls {
            CallCount::Known(calls) => Some(calls.saturating_mul(self.pages)),
            CallCount::Members(_) | CallCount::Keys(_) | CallCount::Rows => None,
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.calls {
            CallCount::Known(1) => f.write_str("1 call")?,
            CallCount::Known(calls) => write!(f, "{calls} calls")?,
            CallCount::Members(scope) => write!(f, "a call for each {scope}")?,
            CallCount::Keys(columns) => write!(f, "a call for each value of {}", columns.join(", "))?,
            CallCount::Rows => f.write_str("a call for each row of the calls before")?,
        }
        match (self.pages, self.source) {
            (1, None) => Ok(()),
            (pages, None) => write!(f, ", of {pages} pages"),
            (1, Some(source)) => write!(f, ", of 1 page ({source})"),
            (pages, Some(source)) => write!(f, ", of {pages} pages ({source})"),
        }
    }
}

/// The text of the sum of all estimates.
pub(crate) fn total(estimates: &[Estimate]) -> String {
    let known: usize = estimates.iter().filter_map(Estimate::requests).sum();
    let open = estimates.iter().filter(|e| e.requests().is_none()).count();
    let is_sure = estimates.iter().all(|e| e.source.is_none());
    let about = if is_sure { "" } else { "about " };
    let requests = if known == 1 { "request" } else { "requests" };
    match open {
        0 => format!("{about}{known} {requests} in all"),
        _ => format!("{about}{known} {requests}, and those whose number is known only as the statement runs"),
    }
}
