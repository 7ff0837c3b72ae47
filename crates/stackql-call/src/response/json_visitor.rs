//! A serde visitor by the kind of a JSON value: object, list or scalar.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};

/// Visits a JSON value, whose kind is only known while it is parsed.
pub(crate) trait ValueVisitor<'de>: Sized {
    /// The result of the visit.
    type Value;

    /// Visits an object; it must read all members.
    fn object<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error>;

    /// Visits a list; it must read all elements.
    fn list<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error>;

    /// Visits a scalar of this kind, such as `a number`; `null` is one.
    fn scalar<E: Error>(self, kind: &'static str) -> Result<Self::Value, E>;
}

/// The kind of null.
pub(crate) const NULL: &str = "null";

/// Adapts a [`ValueVisitor`] to serde's [`Visitor`].
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
