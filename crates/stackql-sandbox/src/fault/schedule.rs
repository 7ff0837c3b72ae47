//! Decides which requests are throttled or meet a fault, by counting requests.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::StatusCode;

use super::{Fault, FaultKind};
use crate::api_error::ApiError;

/// The throttling rate and the remaining faults.
pub(crate) struct Schedule {
    throttle: Option<u32>,
    seen: AtomicU32,
    faults: Vec<(Fault, AtomicU32)>,
}

impl Schedule {
    /// A schedule at its beginning.
    pub(crate) fn new(throttle: Option<u32>, faults: Vec<Fault>) -> Self {
        let counted = |fault: Fault| {
            let left = AtomicU32::new(fault.times.unwrap_or(u32::MAX));
            (fault, left)
        };
        Self { throttle, seen: AtomicU32::new(0), faults: faults.into_iter().map(counted).collect() }
    }

    /// Counts a request and rejects every n-th one.
    pub(crate) fn admit(&self) -> Result<(), ApiError> {
        let number = self.seen.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        match self.throttle {
            Some(every) if number.is_multiple_of(every) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Err(ApiError::with(status, "RequestLimitExceeded", "Request limit exceeded."))
            }
            _ => Ok(()),
        }
    }

    /// The fault for a request: the first one that matches the action and is not used up.
    pub(crate) fn next(&self, action: &str) -> Option<FaultKind> {
        let fitting = self.faults.iter().filter(|(fault, _)| fault.action == "*" || fault.action == action);
        let mut due = fitting.filter(|(fault, left)| match fault.times {
            None => true,
            Some(_) => left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok(),
        });
        due.next().map(|(fault, _)| fault.kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_in_order_and_end() {
        let faults = ["DescribeVpcs=500*2", "*=truncated*1", "DescribeVpcs=503"].map(|f| f.parse().unwrap());
        let schedule = Schedule::new(None, faults.into());
        assert_eq!(schedule.next("CreateVpc"), Some(FaultKind::Truncated));
        assert_eq!(schedule.next("CreateVpc"), None);
        let kinds: Vec<_> = (0..4).map(|_| schedule.next("DescribeVpcs").unwrap()).collect();
        let (first, rest) = (FaultKind::InternalError, FaultKind::Unavailable);
        assert_eq!(kinds, [first.clone(), first, rest.clone(), rest]);
    }

    #[test]
    fn every_nth_request_is_one_too_many() {
        let schedule = Schedule::new(Some(3), Vec::new());
        let admitted: Vec<bool> = (0..7).map(|_| schedule.admit().is_ok()).collect();
        assert_eq!(admitted, [true, true, false, true, true, false, true]);
        assert!(Schedule::new(None, Vec::new()).admit().is_ok());
    }
}
