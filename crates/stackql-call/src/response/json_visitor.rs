//! What a JSON value is, told apart while it is read.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};

/// A reader of values whose kind shows on the way.
pub(crate) trait ValueVisitor<'de>: Sized {
    /// What it makes of them.
    type Value;

    /// Reads all members.
    fn object<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error>;

    /// Reads all elements.
    fn list<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error>;

    /// Takes note of a scalar of this kind, such as `a number`; `null` is one.
    fn scalar<E: Error>(self, kind: &'static str) -> Result<Self::Value, E>;
}

/// The kind of null, which is no value.
pub(crate) const NULL: &str = "null";

/// A [`ValueVisitor`] as serde asks for it.
#[derive(Debug)]
pub(crate) struct VisitorAdapter<S>(pub(crate) S);

impl<'de, S: ValueVisitor<'de>> Visitor<'de> for VisitorAdapter<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<S::Value, A::Error> {
        self.0.object(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<S::Value, A::Error> {
        self.0.list(items)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<S::Value, E> {
        self.0.scalar("true or false")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<S::Value, E> {
        self.0.scalar("a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<S::Value, E> {
        self.0.scalar("a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<S::Value, E> {
        self.0.scalar("a number")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<S::Value, E> {
        self.0.scalar("a text")
    }

    fn visit_unit<E: Error>(self) -> Result<S::Value, E> {
        self.0.scalar(NULL)
    }
}
