//! Whole roads through the crate: bindings to a request, an answer to rows.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test stops at what it cannot read"
)]

mod bindings;
mod cases;
mod model;
mod pages;
mod places;
mod protocol;
mod transforms;
