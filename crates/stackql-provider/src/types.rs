//! Types of parameters and rows. A type refers to nested types by index into a table ([`Types`]), so types may be recursive.

use serde::{Deserialize, Serialize};

/// Index of a [`Type`] in the [`Types`] table that returned it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeRef(pub u32);

/// A table of types that refer to each other by [`TypeRef`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Types(Vec<Type>);

/// The type of a value. Sizes and encodings are those of the API's wire format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Type {
    /// Text.
    String,
    /// A 64-bit signed integer.
    Integer,
    /// A 64-bit floating-point number.
    Number,
    /// A boolean.
    Boolean,
    /// A boolean that rows represent as the integers 1 and 0.
    Bit,
    /// A point in time.
    Timestamp(TimeFormat),
    /// Binary data; base64 text in rows and parameters.
    Blob,
    /// The concatenated text of an XML element and all its descendants, without the tags.
    Inner,
    /// Any JSON value, of unknown structure.
    Any,
    /// A list (array).
    List {
        /// The type of an element.
        item: TypeRef,
        /// The wire name of an element, in formats where list elements have names.
        item_wire: Option<String>,
        /// The elements are direct children of the parent: no element encloses the list.
        flattened: bool,
    },
    /// A map with text keys.
    Map {
        /// The type of a value.
        value: TypeRef,
    },
    /// A structure (object) with a fixed set of members.
    Structure {
        /// The members, in the order of the source document.
        members: Vec<Member>,
    },
}

/// The wire format of a timestamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeFormat {
    /// `2026-01-31T12:00:00Z`, RFC 3339.
    #[default]
    Rfc3339,
    /// `Sat, 31 Jan 2026 12:00:00 GMT`, RFC 9110 section 5.6.7.
    HttpDate,
    /// Seconds since 1970-01-01T00:00:00Z, with an optional fraction.
    EpochSeconds,
}

/// A member of a structure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The name in the source document.
    pub name: String,
    /// The name in responses, and the key in nested JSON of rows.
    pub wire: String,
    /// The name in requests.
    pub request_wire: String,
    /// The type of its value.
    pub ty: TypeRef,
    /// Requests must contain it.
    pub required: bool,
    /// It is an idempotency token: the client generates a value if the user binds none, and a repeated request with the same
    /// token has no further effect.
    pub idempotency_token: bool,
    /// The wire format of its timestamp, if it differs from the format of [`Self::ty`].
    pub time_format: Option<TimeFormat>,
    /// It occurs in responses only; requests do not contain it.
    #[serde(default)]
    pub is_read_only: bool,
}

impl Types {
    /// The type at `ty`; [`Type::Any`] if the index is out of range.
    pub fn get(&self, ty: TypeRef) -> &Type {
        self.0.get(ty.0 as usize).unwrap_or(&Type::Any)
    }

    /// Appends a type and returns its index.
    pub fn push(&mut self, ty: Type) -> TypeRef {
        self.0.push(ty);
        TypeRef(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// Replaces the type at `at`, to complete a recursive type after its index was used. Does nothing if it is out of range.
    pub fn set(&mut self, at: TypeRef, ty: Type) {
        if let Some(slot) = self.0.get_mut(at.0 as usize) {
            *slot = ty;
        }
    }

    /// The number of types.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Type {
    /// The name of the type in DESCRIBE and in documentation pages: a JSON Schema type name, or `bool` for [`Type::Bit`].
    pub fn label(&self) -> &'static str {
        match self {
            Self::String | Self::Timestamp(_) | Self::Blob | Self::Inner => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Bit => "bool",
            Self::List { .. } => "array",
            Self::Any | Self::Map { .. } | Self::Structure { .. } => "object",
        }
    }

    /// Whether rows hold its values as JSON text.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::Any | Self::List { .. } | Self::Map { .. } | Self::Structure { .. })
    }
}
