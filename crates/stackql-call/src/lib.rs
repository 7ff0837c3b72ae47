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
//! - [`ClauseEncoder`] writes the clauses of a SELECT that a method can apply itself.
//! - [`Redactor`] hides secrets in what is shown or kept of requests and answers.
//! - [`fault()`] reads an error answer; [`page()`] decodes a good one by a [`RowProjection`].

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
pub use keyring::{CredentialInfo, Keyring};
pub use masks::Redactor;
pub use page::{Cursor, Page, ResponseError, decode_lro_result, decode_page, extract_value, is_long, peek_next_cursor};
pub use progress::{LroResult, LroStatus, PendingLro, lro_status};
pub use pushdown::{ClauseEncoder, Comparison, Operator, Order, PushedClause};
pub use request::{Payload, Request, request};
pub use response::{Attempt, Response};
pub use rows::RowProjection;
pub use transform::{Transform, TransformError, TransformLimit};
pub use transport::{Transport, TransportError, TransportErrorKind};
