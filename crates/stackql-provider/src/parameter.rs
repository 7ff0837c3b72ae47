//! Parameters of a method: name, type, and where and how a request carries the value.

use serde::{Deserialize, Serialize};

use crate::{TimeFormat, TypeRef};

/// A parameter of a method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name in SHOW METHODS and in statements.
    pub name: String,
    /// Other names that statements may use, such as the member's own name in the source document.
    pub aliases: Vec<String>,
    /// The name on the wire.
    pub wire: String,
    /// The part of the request that carries it.
    pub location: Location,
    /// The type of its value.
    pub ty: TypeRef,
    /// Requests must contain it.
    pub required: bool,
    /// It is an idempotency token: the client generates a value if the user binds none, so that a repeated request has no
    /// further effect.
    pub idempotency_token: bool,
    /// The minimum of a number, or of the length of a text or list, if the source states one.
    pub minimum: Option<i64>,
    /// The maximum of a number, or of the length of a text or list, if the source states one.
    pub maximum: Option<i64>,
    /// The wire format of its timestamp, if it differs from the format of [`Self::ty`].
    pub time_format: Option<TimeFormat>,
    /// How a nested value, or a text with reserved characters, is serialized in a query string, header or path.
    pub style: ValueStyle,
    /// The value that is sent if the statement binds none.
    pub default: Option<String>,
    /// The environment variable whose value is sent if the statement binds none.
    pub environment: Option<String>,
    /// Statements cannot bind it by name; a clause of the statement sets it, such as its LIMIT.
    pub implied: bool,
    /// Statements must use the exact spelling of its name or of an alias, because other spellings mean another parameter.
    pub is_exact: bool,
    /// It occurs in responses; requests need not contain it.
    #[serde(default)]
    pub is_read_only: bool,
    /// Its type including all nested types, if [`Self::ty`] leaves them out.
    #[serde(default)]
    pub nested: Option<TypeRef>,
    /// Human-readable description; empty in fact-only definitions.
    pub description: String,
}

/// The part of a request that carries a parameter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Location {
    /// A field or member of the body.
    #[default]
    Body,
    /// An argument of the query string.
    Query,
    /// A placeholder of the URL path.
    Path,
    /// A header.
    Header,
    /// A variable of the endpoint URL, which makes the parameter a scope.
    Server,
}

/// How a value is serialized in a query string, header or path. RFC 6570 and `style` of OpenAPI describe the same forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueStyle {
    /// A list repeats the name: `tag=a&tag=b`. A structure is JSON text.
    #[default]
    Exploded,
    /// A list is one value, joined by commas: `tag=a,b`.
    Joined,
    /// The members of a structure are written `name[member]=value`.
    Deep,
    /// Names and 1-based indexes are joined by dots: `Tag.1.Key=a`.
    Indexed,
    /// In a path, slashes and other characters that are legal in a path are not percent-encoded.
    Slashed,
}

impl Parameter {
    /// Its type including all nested types that are known: [`Self::nested`], or [`Self::ty`] if that is `None`.
    pub fn whole(&self) -> TypeRef {
        self.nested.unwrap_or(self.ty)
    }
}
