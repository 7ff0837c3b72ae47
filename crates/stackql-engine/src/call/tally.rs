//! The success and failure counts of the calls of a scan or change, and which rows of the statement failed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;

/// The number of calls, and which of them failed.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: AtomicUsize,
    failed: Mutex<FailedCalls>,
}

#[derive(Debug, Default)]
struct FailedCalls {
    count: usize,
    last: Option<Error>,
    /// The error texts of failed calls, by row; only for calls that belong to numbered rows of the statement.
    rows: BTreeMap<usize, String>,
}

impl Tally {
    /// Adds calls that will be made.
    pub(crate) fn add_planned(&self, calls: usize) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
    }

    /// Records a failed call; `row` is the row of the statement that it belongs to, if rows are numbered.
    pub(crate) fn fail(&self, row: Option<usize>, error: Error) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.count += 1;
        if let Some(row) = row {
            failed.rows.insert(row, error.to_string());
        }
        // "The dry run would succeed" arrives as an error, but is none; it does not replace a real one.
        if failed.last.is_none() || !error.is_dry_run() {
            failed.last = Some(error);
        }
    }

    /// The error of the statement, if all calls failed: the last one, and the different texts of the others. It is returned
    /// only once.
    pub(crate) fn all_failed_error(&self) -> Option<Error> {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.count < self.calls.load(Ordering::Relaxed) {
            return None;
        }
        let last = failed.last.take()?;
        let told = last.to_string();
        let others: Vec<String> = failed.rows.values().filter(|text| **text != told).cloned().collect();
        match others.is_empty() || last.is_dry_run() {
            true => Some(last),
            false => Some(Error::AllFailed { source: Box::new(last), others }),
        }
    }

    /// Whether no call was made, because there was no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.load(Ordering::Relaxed) == 0
    }

    /// Describes which rows failed, and that the others `went`; `None` unless every failed call belongs to a row of its own.
    pub(crate) fn describe_failed_rows(&self, went: &str) -> Option<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.rows.is_empty() || failed.rows.len() != failed.count {
            return None;
        }
        let all = 1..=self.calls.load(Ordering::Relaxed);
        let others: Vec<usize> = all.filter(|row| !failed.rows.contains_key(row)).collect();
        let failed: Vec<usize> = failed.rows.keys().copied().collect();
        Some(format!("{} failed, {} {went}", numbered(&failed), numbered(&others)))
    }
}

/// Formats row numbers: `row 2`, or `rows 1, 3 to 5`.
fn numbered(rows: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for &row in rows {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == row => *last = row,
            _ => parts.push((row, row)),
        }
    }
    let part = |(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("{} {}", if rows.len() == 1 { "row" } else { "rows" }, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn numbers_in_a_row_are_a_range() {
        assert_eq!(numbered(&[2]), "row 2");
        assert_eq!(numbered(&[1, 2]), "rows 1, 2");
        assert_eq!(numbered(&[1, 3, 4, 5, 9]), "rows 1, 3 to 5, 9");
    }
}
