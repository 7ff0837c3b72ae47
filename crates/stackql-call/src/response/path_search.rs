//! Searches a JSON document for the values at given paths, in one streaming pass.

use std::borrow::Cow;

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::json_stream::{Name, parse, plain};
use crate::response::json_visitor::{ValueVisitor, VisitorAdapter};
use crate::response::sniff::ParseError;

/// The texts at `paths`, each a path of names below the outermost value.
pub(crate) fn texts(body: &[u8], paths: &[&[String]]) -> Result<Vec<Option<String>>, ParseError> {
    let mut found = vec![None; paths.len()];
    parse(body, PathSearch { paths: SearchPaths::new(paths), found: &mut found })?;
    Ok(found)
}

/// The paths that continue below the current value, each with its index.
#[derive(Debug, Clone, Default)]
pub(crate) struct SearchPaths<'p>(Vec<(usize, &'p [String])>);

impl<'p> SearchPaths<'p> {
    pub(crate) fn new(paths: &[&'p [String]]) -> Self {
        Self(paths.iter().copied().enumerate().filter(|(_, path)| !path.is_empty()).collect())
    }

    /// The rest of the paths that lead through the member of this name.
    pub(crate) fn below(&self, name: &str) -> Self {
        let through = |(at, path): &(usize, &'p [String])| match path {
            [first, rest @ ..] if first == name => Some((*at, rest)),
            _ => None,
        };
        Self(self.0.iter().filter_map(through).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the paths ends at the current value.
    pub(crate) fn is_end(&self) -> bool {
        self.0.iter().any(|(_, rest)| rest.is_empty())
    }
}

/// Stores the first value at each path below the current value; lists are traversed. Null, false and an empty text do not
/// count.
#[derive(Debug)]
pub(crate) struct PathSearch<'p, 'f> {
    pub(crate) paths: SearchPaths<'p>,
    pub(crate) found: &'f mut [Option<String>],
}

impl<'de> DeserializeSeed<'de> for PathSearch<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.paths.is_empty() {
            IgnoredAny::deserialize(deserializer)?;
            return Ok(());
        }
        if !self.paths.is_end() {
            return deserializer.deserialize_any(VisitorAdapter(self));
        }
        self.ends(<&RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl PathSearch<'_, '_> {
    /// Stores the value at which a path ends, and searches it for the longer paths.
    pub(crate) fn ends(mut self, raw: &RawValue) -> Result<(), serde_json::Error> {
        for (at, _) in self.paths.0.extract_if(.., |(_, rest)| rest.is_empty()) {
            if self.found[at].is_none() && raw.get() != "false" {
                self.found[at] = plain(raw)?.filter(|text| !text.is_empty()).map(Cow::into_owned);
            }
        }
        match self.paths.is_empty() {
            true => Ok(()),
            false => self.deserialize(&mut serde_json::Deserializer::from_str(raw.get())),
        }
    }
}

impl<'de> ValueVisitor<'de> for PathSearch<'_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = members.next_key()? {
            members.next_value_seed(PathSearch { paths: self.paths.below(&name), found: &mut *self.found })?;
        }
        Ok(())
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(PathSearch { paths: self.paths.clone(), found: &mut *self.found })?.is_some() {}
        Ok(())
    }

    fn scalar<E: Error>(self, _kind: &'static str) -> Result<(), E> {
        Ok(())
    }
}
