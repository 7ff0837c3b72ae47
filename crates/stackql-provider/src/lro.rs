//! Rules of long-running operations (LROs): how a response announces one, how its status is polled, how completion and
//! failure are recognized, and where the result is. `stackql-call` applies them.

use serde::{Deserialize, Serialize};

use crate::{ErrorShape, ResponseShape};

/// How the long-running operation that a method starts is tracked to completion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LroRules {
    /// The patterns by which a response may announce an operation; the first one that matches is used. A response that
    /// matches none is final.
    pub patterns: Vec<LroPattern>,
    /// The format of the result. `None`: that of the method's own response. A format without a row type: that of the
    /// resource's rows.
    pub result: Option<ResponseShape>,
}

/// One pattern of a long-running operation. Its status is a JSON document with the HTTP status code of the response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LroPattern {
    /// How the status is requested.
    pub poll: Poll,
    /// The condition under which the operation is complete.
    pub done: StatusCondition,
    /// The condition under which the operation failed. It is evaluated before [`Self::done`].
    pub failed: StatusCondition,
    /// Where the status of a failed operation carries the error.
    pub error: ErrorShape,
    /// Paths of the members of the status whose texts together name the operation.
    pub label: Vec<Vec<String>>,
    /// Where the result is after completion.
    pub result: ResultLocation,
}

/// How the status of a long-running operation is requested. The operation is announced by a response that has the member
/// or header that the variant names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Poll {
    /// The response is a status, and has its own URL at this path of members. Only the path of the URL is used: the status
    /// is requested from the origin of the original request.
    Link(Vec<String>),
    /// The response is a status, and has the name of the operation at a path of members.
    Name {
        /// The path of the name.
        name: Vec<String>,
        /// The URL path below the endpoint that precedes the name, such as `/v1`. `None`: unknown, so the operation cannot be
        /// tracked.
        below: Option<String>,
    },
    /// The response is a status, and another API operation at the same endpoint returns the next one.
    Operation {
        /// The URL path of that operation, including the query string.
        path: String,
        /// Headers that select the operation.
        headers: Vec<(String, String)>,
        /// The member of its body, and the path of its value in the response.
        token: (String, Vec<String>),
    },
    /// The URL of the status is in this header of the response.
    Header(String),
    /// The URL of the status is in this header of a response with HTTP status 202 (Accepted). The operation runs as long as
    /// that URL responds with 202.
    Accepted(String),
}

/// Where the result is after completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultLocation {
    /// There is no result, because the object was deleted.
    None,
    /// In the last response.
    Response,
    /// In the member at this path of the last response.
    Member(Vec<String>),
    /// At the URL that the last response has at this path of members. Only the path of that URL is used.
    Link(Vec<String>),
    /// At the URL of the original request, which is read.
    Same,
    /// At the URL in this header of the first response. Without the header there is no result.
    Header(String),
}

/// A condition on a status: a JSON document and the HTTP status code of its response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusCondition {
    /// The value at the path equals this text, case-insensitively. `None`: the value is null or missing.
    Is(Vec<String>, Option<String>),
    /// The negation of [`Self::Is`].
    IsNot(Vec<String>, Option<String>),
    /// The HTTP status is not 202 (Accepted).
    Answered,
    /// All of these conditions hold; without any, always true.
    All(Vec<Self>),
    /// At least one of these conditions holds; without any, never true.
    Any(Vec<Self>),
}

impl StatusCondition {
    /// The condition that never holds.
    pub const NEVER: Self = Self::Any(Vec::new());
}
