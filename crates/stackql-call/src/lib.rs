//! Turns a resource and bindings into a [`Call`], a call into a [`Request`], and a [`Response`] into a [`Page`] of Arrow rows.
//! Pure: no IO, no clock, no environment; everything that varies is an argument.
//!
//! Stages, each a type:
//! ```text
//! Bindings -bind()-> Call -request()-> Request -Transport::send-> Response -decode_page()-> Page
//! ```
//! - [`bind()`] checks every parameter; a [`Call`] with a missing or ill-typed argument cannot exist.
//! - [`request()`] encodes the request for one page of a call: an HTTP request, or the command or query of its [`Payload`].
//! - [`Transport`] is the seam to the network, implemented by `stackql-client` and by tests.
//! - [`Keyring`] is the seam to the credentials of providers, implemented by `stackql-client`.
//! - A [`Transform`] converts a response to JSON before decoding, where the definition has a template for it.
//! - [`lro_status()`] decodes the status of a long-running operation; [`decode_lro_result()`] decodes its result.
//! - [`ClauseEncoder`] encodes the SELECT clauses that a method can apply itself (clause pushdown).
//! - [`Redactor`] hides secrets in logs, archives and messages.
//! - [`fault()`] decodes an error response; [`decode_page()`] a successful one, into the columns of a [`RowProjection`].

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
