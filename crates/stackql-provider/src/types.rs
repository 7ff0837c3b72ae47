//! Shapes of parameters and rows. A shape refers to others by index, so shapes may be recursive.

use serde::{Deserialize, Serialize};

/// Points at a [`Type`] of the [`Types`] it came with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TypeRef(pub u32);

/// A table of shapes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Types(Vec<Type>);

/// A shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Type {
    /// Text.
    String,
    /// A whole number, 64 bits signed.
    Integer,
    /// A floating-point number, 64 bits.
    Number,
    /// True or false.
    Boolean,
    /// True or false, which rows carry as 1 or 0.
    Bit,
    /// A point in time.
    Timestamp(TimeFormat),
    /// Bytes, as base64 text in rows and parameters.
    Blob,
    /// All the text inside of an element, whatever is around its parts.
    Inner,
    /// Any JSON value; its shape is not known.
    Any,
    /// A list.
    List {
        /// The shape of an element.
        item: TypeRef,
        /// The name that an element carries on the wire, where elements have names.
        item_wire: Option<String>,
        /// Elements stand directly in the parent, with no element of their own around the list.
        flattened: bool,
    },
    /// A map with text keys.
    Map {
        /// The shape of a value.
        value: TypeRef,
    },
    /// A structure.
    Structure {
        /// Its members, in the order of the source.
        members: Vec<Member>,
    },
}

/// How a point in time is written on the wire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeFormat {
    /// `2026-01-31T12:00:00Z`, RFC 3339.
    #[default]
    Rfc3339,
    /// `Sat, 31 Jan 2026 12:00:00 GMT`, RFC 9110 section 5.6.7.
    HttpDate,
    /// Seconds since 1970-01-01T00:00:00Z, with a fraction.
    EpochSeconds,
}

/// A member of a structure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The name in the source document.
    pub name: String,
    /// The name in answers; also what nested JSON calls it.
    pub wire: String,
    /// The name in requests.
    pub request_wire: String,
    /// Its shape.
    pub ty: TypeRef,
    /// A request without it is refused.
    pub required: bool,
    /// The client makes it up when the user did not: repeating a request with the same token changes nothing.
    pub idempotency_token: bool,
    /// How a timestamp is written here, where it differs from its shape's format.
    pub time_format: Option<TimeFormat>,
    /// Answers have it, requests do not.
    #[serde(default)]
    pub is_read_only: bool,
}

impl Types {
    /// The shape behind `ty`. A reference from another table yields [`Type::Any`].
    pub fn get(&self, ty: TypeRef) -> &Type {
        self.0.get(ty.0 as usize).unwrap_or(&Type::Any)
    }

    /// Adds a shape and returns its reference.
    pub fn push(&mut self, ty: Type) -> TypeRef {
        self.0.push(ty);
        TypeRef(u32::try_from(self.0.len() - 1).unwrap_or(u32::MAX))
    }

    /// Replaces a shape, which is how a recursive one is completed.
    pub fn set(&mut self, at: TypeRef, ty: Type) {
        if let Some(slot) = self.0.get_mut(at.0 as usize) {
            *slot = ty;
        }
    }

    /// How many shapes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Type {
    /// The name that DESCRIBE and the pages use: JSON Schema's type names.
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

    /// Whether rows carry it as JSON text.
    pub fn is_nested(&self) -> bool {
        matches!(self, Self::Any | Self::List { .. } | Self::Map { .. } | Self::Structure { .. })
    }
}
