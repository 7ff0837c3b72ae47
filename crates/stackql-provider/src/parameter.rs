//! A parameter of a method: what a request takes, and where in it.

use serde::{Deserialize, Serialize};

use crate::{TimeFormat, TypeRef};

/// A value that a request takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name that SHOW METHODS lists and statements use.
    pub name: String,
    /// Other spellings of the source, such as a member's own name.
    pub aliases: Vec<String>,
    /// The name on the wire.
    pub wire: String,
    /// Where in the request it stands.
    pub location: Location,
    /// Its shape.
    pub ty: TypeRef,
    /// A request without it is refused.
    pub required: bool,
    /// The client makes it up when the user did not, so that a repeated request changes nothing more.
    pub idempotency_token: bool,
    /// The smallest value, or length of a text or list, where the source states one.
    pub minimum: Option<i64>,
    /// The largest value, or length of a text or list, where the source states one.
    pub maximum: Option<i64>,
    /// How a timestamp is written here, where it differs from its shape's format.
    pub time_format: Option<TimeFormat>,
    /// How a nested value, or a text with reserved characters, is written in a query string, header or path.
    pub style: ValueStyle,
    /// What is sent when nothing was bound.
    pub default: Option<String>,
    /// The environment variable whose value is sent when nothing was bound.
    pub environment: Option<String>,
    /// No statement names it: it is set by what a statement asks for otherwise, such as its LIMIT.
    pub implied: bool,
    /// Statements name it in this very spelling; another parameter goes by the others.
    pub is_exact: bool,
    /// Answers have it, requests need not.
    #[serde(default)]
    pub is_read_only: bool,
    /// Its shape with all that is nested in it, where [`Self::ty`] leaves that out.
    #[serde(default)]
    pub nested: Option<TypeRef>,
    /// What it means; empty in fact-only definitions.
    pub description: String,
}

/// Where in a request a parameter stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Location {
    /// A field of the body.
    #[default]
    Body,
    /// The query string.
    Query,
    /// A placeholder of the path.
    Path,
    /// A header.
    Header,
    /// A variable of the endpoint, which makes it a scope.
    Server,
}

/// How a value is written in a query string, header or path. RFC 6570 and OpenAPI's `style` name the same forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueStyle {
    /// A list repeats the name: `tag=a&tag=b`; a structure is JSON text.
    #[default]
    Exploded,
    /// A list is one value, joined by commas: `tag=a,b`.
    Joined,
    /// A structure's members are `name[member]=value`.
    Deep,
    /// Names and indexes from 1, joined by dots: `Tag.1.Key=a`.
    Indexed,
    /// In a path: slashes, and other characters that may stand in one, are not encoded.
    Slashed,
}

impl Parameter {
    /// Its shape with all that is known to be nested in it.
    pub fn whole(&self) -> TypeRef {
        self.nested.unwrap_or(self.ty)
    }
}
