//! A resource and bindings become a [`Call`], a call becomes a [`Request`]; a [`Response`] becomes a [`Page`]
//! of Arrow rows. Pure: no IO, no clock, no environment; whatever varies is an argument.
//!
//! Stages, each a type:
//! ```text
//! Bindings -bind()-> Call -request()-> Request -Transport::send-> Response -decode_page()-> Page
//! ```
//! - [`bind()`] checks every parameter; a [`Call`] with a missing or ill-typed one cannot exist.
//! - [`request()`] encodes the request for one page of the call: of HTTP, or what else its [`Payload`] is.
//! - [`Transport`] is the seam to the network, implemented by `stackql-client` and by tests.
//! - A [`Transform`] turns a response into JSON first, where a definition has a template for it.
//! - [`lro_status()`] is the status of a long-running operation; [`decode_lro_result()`] decodes its result.
//! - [`ClauseEncoder`] encodes the clauses of a SELECT that a method can apply itself.
//! - [`Redactor`] hides secrets in logs, archives and messages.
//! - [`fault()`] decodes an error response; [`decode_page()`] a successful one, by a [`RowProjection`].

mod bind;
mod lro;
mod operation;
mod page;
mod redaction;
mod request;
mod response;
mod transform;
mod transport;

pub use crate::page::cursor::Cursor;
pub use crate::transform::meter::TransformLimit;
pub use bind::clause_encoder::{ClauseEncoder, Comparison, Operator, Order, PushedClause};
pub use bind::keyring::{CredentialInfo, Keyring};
pub use bind::{BindError, Bindings, Value, bind};
pub use lro::{LroResult, LroStatus, PendingLro, lro_status};
pub use operation::{Call, Operation};
pub use page::projection::RowProjection;
pub use page::{Page, ResponseError, decode_lro_result, decode_page, extract_value, is_long, peek_next_cursor};
pub use redaction::Redactor;
pub use request::url::{AddressError, region};
pub use request::{Payload, Request, request};
pub use response::fault::{Fault, FaultKind, fault, status_line};
pub use response::{Attempt, Response};
pub use transform::{Transform, TransformError};
pub use transport::{Transport, TransportError, TransportErrorKind};
