//! Follows the path to the rows of a JSON response, and reports where the document does not have it.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::json::Rows;
use crate::page::page_builder::PageBuilder;
use crate::response::json_stream::Name;
use crate::response::json_visitor::{NULL, ValueVisitor, VisitorAdapter};
use crate::response::path_search::{PathSearch, SearchPaths};

/// The step that takes every element of a list, or every member of an object.
const EVERY: &str = "*";

/// Walks the steps of the row path.
pub(crate) struct RowPathWalker<'p, 'a, 'r> {
    pub(super) answer: &'a mut PageBuilder<'r>,
    /// The remaining steps.
    pub(crate) steps: &'p [String],
    pub(crate) marks: SearchPaths<'p>,
    /// The name of the current member, for messages; `None` for the outermost value.
    pub(crate) place: Option<&'a str>,
    /// Whether a value of another kind than the next step needs is an error. It is none below a `*` step.
    pub(crate) strict: bool,
    /// In the outermost value, the members of which a response without rows has at least one.
    pub(crate) siblings: Option<&'p [String]>,
}

impl<'de> DeserializeSeed<'de> for RowPathWalker<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.steps.is_empty() {
            return deserializer.deserialize_any(VisitorAdapter(self));
        }
        let rows = Rows { answer: self.answer, marks: self.marks, place: self.place };
        if !rows.answer.is_of_values() {
            return deserializer.deserialize_any(VisitorAdapter(rows));
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
                items.into_iter().try_for_each(|item| rows.answer.value(item))
            }
            Some(b'n') => Ok(()),
            _ => rows.answer.value(raw),
        }
    }
}

impl<'de> ValueVisitor<'de> for RowPathWalker<'_, '_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { answer, steps, marks, siblings, .. } = self;
        let [step, rest @ ..] = steps else { return Ok(()) };
        let every = step == EVERY;
        let (mut found, mut kin, mut others) = (every, false, Vec::new());
        while let Some(Name(name)) = members.next_key()? {
            let marks = marks.below(&name);
            if every || (!found && name == *step) {
                found = true;
                let (place, strict) = (Some(&*name), self.strict && !every);
                members.next_value_seed(RowPathWalker { answer, steps: rest, marks, place, strict, siblings: None })?;
                continue;
            }
            if let Some(siblings) = siblings
                && !found
                && !kin
            {
                kin = siblings.is_empty() || siblings.iter().any(|sibling| *sibling == name);
                match others.len() {
                    0..MOST_NAMED => others.push(format!("'{}'", name.chars().take(40).collect::<String>())),
                    MOST_NAMED => others.push("others".to_owned()),
                    _ => {}
                }
            }
            members.next_value_seed(PathSearch { paths: marks, found: &mut answer.markers })?;
        }
        if found || kin || others.is_empty() {
            return Ok(());
        }
        Err(A::Error::custom(format!("unknown key {step}; there is {}", others.join(", "))))
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { answer, steps, marks, place, strict, .. } = self;
        let [step, rest @ ..] = steps else { return Ok(()) };
        if step == EVERY {
            loop {
                let marks = marks.clone();
                let walk = RowPathWalker { answer, steps: rest, marks, place, strict: false, siblings: None };
                if items.next_element_seed(walk)?.is_none() {
                    return Ok(());
                }
            }
        }
        if let Ok(wanted) = step.parse::<usize>() {
            let (mut at, mut walk) =
                (0, Some(RowPathWalker { answer, steps: rest, marks, place, strict, siblings: None }));
            while match walk.take_if(|_| at == wanted) {
                Some(walk) => items.next_element_seed(walk)?.is_some(),
                None => items.next_element::<IgnoredAny>()?.is_some(),
            } {
                at += 1;
            }
            return Ok(());
        }
        if strict {
            return Err(mistaken(place, "a list", &format!("an object with '{step}'")));
        }
        PathSearch { paths: marks, found: &mut answer.markers }.list(items)
    }

    fn scalar<E: Error>(self, kind: &'static str) -> Result<(), E> {
        match self.steps {
            [step, ..] if self.strict && kind != NULL => {
                let wanted = if step == EVERY { "a list or object" } else { &format!("an object with '{step}'") };
                Err(mistaken(self.place, kind, wanted))
            }
            _ => Ok(()),
        }
    }
}

/// The maximum number of members that a message lists.
const MOST_NAMED: usize = 8;

pub(crate) fn mistaken<E: Error>(place: Option<&str>, found: &str, wanted: &str) -> E {
    match place {
        Some(name) => E::custom(format!("'{name}' is {found}, not {wanted}")),
        None => E::custom(format!("it is {found}, not {wanted}")),
    }
}
