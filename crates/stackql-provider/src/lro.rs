//! Work that goes on after its answer: how an answer tells of it, and how its end is seen.

use serde::{Deserialize, Serialize};

use crate::{ErrorShape, ResponseShape};

/// How the work that a method starts is followed to its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LroRules {
    /// How such work may be told of; the first that an answer fits is followed. An answer that fits none has no more
    /// to wait for.
    pub patterns: Vec<LroPattern>,
    /// How what was made is read. `None`: as the method's own answer. A shape without a row: as the resource's rows.
    pub result: Option<ResponseShape>,
}

/// One way of telling of work that goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LroPattern {
    /// How its state is asked for.
    pub poll: Poll,
    /// When it is over.
    pub done: StatusCondition,
    /// When it failed, which is looked at first.
    pub failed: StatusCondition,
    /// Where a state says why it failed.
    pub error: ErrorShape,
    /// Where a state has the words that name the work, as paths of members.
    pub label: Vec<Vec<String>>,
    /// Where what was made is, after the end.
    pub result: ResultLocation,
}

/// How the state of work is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Poll {
    /// The answer is a state, and has its own address at this path. Only the address's path counts, whatever host it
    /// names: it is asked for where the request went.
    Link(Vec<String>),
    /// The answer is a state, and has the name of the work at this path.
    Name {
        /// Where the name is.
        name: Vec<String>,
        /// What stands in front of the name in the path below the endpoint, such as `/v1`. `None`: not known, so the
        /// work cannot be followed.
        below: Option<String>,
    },
    /// The answer is a state, and another operation at the same endpoint is asked for the next one.
    Operation {
        /// That operation's path, with its query.
        path: String,
        /// Headers that say which operation is meant.
        headers: Vec<(String, String)>,
        /// The member of its body, and where the answer has its value.
        token: (String, Vec<String>),
    },
    /// This header of the answer has the address of the state.
    Header(String),
    /// This header of an answer that is only accepted (202) has the address at which it is so until the end.
    Accepted(String),
}

/// Where what was made is, after the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResultLocation {
    /// Nowhere: it was removed.
    None,
    /// In the last answer.
    Response,
    /// In a member of the last answer.
    Member(Vec<String>),
    /// At an address that the last answer has at this path. Of it, too, only the path counts.
    Link(Vec<String>),
    /// Where the request was written to.
    Same,
    /// At the address in this header of the first answer; nowhere where there is none.
    Header(String),
}

/// What can be said of a state: a JSON document and the HTTP status that it came with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusCondition {
    /// The value at a path is this, as a text, whatever its case; `None`: it is null or not there.
    Is(Vec<String>, Option<String>),
    /// The value at a path is another.
    IsNot(Vec<String>, Option<String>),
    /// It came with another HTTP status than 202 (Accepted).
    Answered,
    /// All of these.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
}

impl StatusCondition {
    /// What is never so.
    pub const NEVER: Self = Self::Any(Vec::new());
}
