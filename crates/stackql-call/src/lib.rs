//! A resource and bindings become a [`Call`], a call becomes a [`Request`]; a [`Response`] becomes a [`Page`]
//! of Arrow rows. Pure: no IO, no clock, no environment; whatever varies comes in as an argument.
//!
//! Stages, each a type:
//! ```text
//! Bindings -bind()-> Call -request()-> Request -Transport::send-> Response -page()-> Page
//! ```
//! - [`bind()`] checks every parameter; a [`Call`] with a missing or ill-typed one cannot exist.
//! - [`request()`] writes the request for one page of the call: of HTTP, or what else its [`Payload`] is.
//! - [`Transport`] is the seam to the network, implemented by `stackql-client` and by tests.
//! - A [`Transform`] turns an answer into JSON first, where a definition says so by a template.
//! - [`progress()`] tells whether what a request started goes on, and is asked until it does not; [`made()`] reads the end.
//! - [`Clauses`] writes the clauses of a SELECT that a method can apply itself.
//! - [`Masks`] hides secrets in what is shown or kept of requests and answers.
//! - [`fault()`] reads an error answer; [`page()`] decodes a good one by a [`RowPlan`].

mod address;
mod bind;
mod body;
mod call;
mod fault;
mod json;
mod keyring;
mod masks;
mod page;
mod progress;
mod pushdown;
mod request;
mod response;
mod rows;
mod transform;
mod transport;
mod xml;

pub use address::{AddressError, region};
pub use bind::{BindError, Bindings, Value, bind};
pub use call::{Call, Operation};
pub use fault::{Fault, FaultKind, fault, status_line};
pub use keyring::{Authorisation, Keyring};
pub use masks::Masks;
pub use page::{AnswerError, Cursor, Page, carried, is_long, made, onward, page};
pub use progress::{Made, Progress, Waiting, progress};
pub use pushdown::{Clauses, Comparison, Operator, Order, Pushed};
pub use request::{Payload, Request, request};
pub use response::{Attempt, Response};
pub use rows::RowPlan;
pub use transform::{Transform, TransformError, TransformLimit};
pub use transport::{Transport, TransportError, TransportErrorKind};
