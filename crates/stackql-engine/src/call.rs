//! Calls of one statement: their context and log, pages, scopes, response deduplication, faults that count as no rows, and
//! long-running operations.

pub(crate) mod context;
pub(crate) mod log;
pub(crate) mod lro;
pub(crate) mod page_stream;
pub(crate) mod response_dedup;
pub(crate) mod scope;
pub(crate) mod tally;
pub(crate) mod tolerance;
