//! Decodes the rows of a JSON response in one streaming pass into Arrow builders; nested values become compact JSON text.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::page_builder::{PageBuilder, ResponseLayout};
use crate::page::row_path::{RowPathWalker, mistaken};
use crate::response::json_stream::{Name, compact, member, parse, plain};
use crate::response::json_visitor::{NULL, ValueVisitor, VisitorAdapter};
use crate::response::path_search::{PathSearch, SearchPaths};
use crate::response::sniff::ParseError;

impl PageBuilder<'_> {
    pub(super) fn json(&mut self, body: &[u8], places: &ResponseLayout<'_>) -> Result<(), ParseError> {
        let marks = SearchPaths::new(&places.markers);
        let siblings = Some(places.siblings);
        parse(body, RowPathWalker { answer: self, steps: places.rows, marks, place: None, strict: true, siblings })
    }

    /// Decodes the members of a row. A member at the path of a marker is not part of the row's extra fields.
    fn members<'de, A: MapAccess<'de>>(&mut self, mut members: A, marks: &SearchPaths<'_>) -> Result<(), A::Error> {
        let mut expected = 0;
        let mut extra = String::new();
        while let Some(Name(name)) = members.next_key()? {
            let paths = marks.below(&name);
            let column = self.column(&name, expected);
            let is_extra = column.is_none() && self.plan.extra && !paths.is_end();
            if column.is_none() && !is_extra {
                members.next_value_seed(PathSearch { paths, found: &mut self.markers })?;
                continue;
            }
            let raw: &RawValue = members.next_value()?;
            if let Some(column) = column {
                self.cell(column, raw)?;
                expected = column + 1;
            } else {
                member(&mut extra, &name);
                compact(raw, &mut extra)?;
            }
            if !paths.is_empty() {
                PathSearch { paths, found: &mut self.markers }.ends(raw).map_err(A::Error::custom)?;
            }
        }
        self.end_row(&extra);
        Ok(())
    }

    fn cell<E: Error>(&mut self, column: usize, raw: &RawValue) -> Result<(), E> {
        if self.plan.types.get(self.plan.columns[column].ty).is_nested() && raw.get() != NULL {
            let mut text = String::with_capacity(raw.get().len());
            compact(raw, &mut text)?;
            self.put(column, &text);
            return Ok(());
        }
        match plain(raw).map_err(E::custom)? {
            Some(text) => self.put(column, &text),
            None => self.builders.put_null(column),
        }
        Ok(())
    }

    /// Decodes a row that is itself the value of its one column.
    pub(crate) fn value<E: Error>(&mut self, raw: &RawValue) -> Result<(), E> {
        self.cell(0, raw)?;
        self.end_row("");
        Ok(())
    }
}

/// The value at the end of the row path: a list of rows, or one row.
pub(super) struct Rows<'p, 'a, 'r> {
    pub(crate) answer: &'a mut PageBuilder<'r>,
    pub(crate) marks: SearchPaths<'p>,
    pub(crate) place: Option<&'a str>,
}

impl<'de> ValueVisitor<'de> for Rows<'_, '_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.answer.members(members, &self.marks)
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Row { answer: self.answer, place: self.place })?.is_some() {}
        Ok(())
    }

    fn scalar<E: Error>(self, kind: &'static str) -> Result<(), E> {
        if kind == NULL { Ok(()) } else { Err(mistaken(self.place, kind, "a list or object")) }
    }
}

/// One element of a list of rows.
struct Row<'a, 'r> {
    answer: &'a mut PageBuilder<'r>,
    place: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.answer.plan.columns.is_empty() || self.answer.plan.extra {
            return deserializer.deserialize_any(VisitorAdapter(self));
        }
        IgnoredAny::deserialize(deserializer)?;
        self.answer.end_row("");
        Ok(())
    }
}

impl<'de> ValueVisitor<'de> for Row<'_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.answer.members(members, &SearchPaths::default())
    }

    fn list<A: SeqAccess<'de>>(self, _items: A) -> Result<(), A::Error> {
        Err(mistaken(self.place, "a list of lists", "a list of objects"))
    }

    fn scalar<E: Error>(self, kind: &'static str) -> Result<(), E> {
        if kind != NULL {
            return Err(mistaken(self.place, &format!("a list that holds {kind}"), "a list of objects"));
        }
        self.answer.end_row("");
        Ok(())
    }
}

#[cfg(test)]
mod tests;
