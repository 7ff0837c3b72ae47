//! Streams a JSON answer's rows straight into Arrow builders; nested values stay the text they are.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::answer::{Answer, Places};
use crate::body::Broken;
use crate::json::{Find, NULL, Name, Paths, Shape, Shaped, compact, member, plain, read};

/// The step that takes every element of a list, or every member's value of an object.
const EVERY: &str = "*";

impl Answer<'_> {
    pub(super) fn json(&mut self, body: &[u8], places: &Places<'_>) -> Result<(), Broken> {
        let marks = Paths::new(&places.marks);
        let siblings = Some(places.siblings);
        read(body, Walk { answer: self, steps: places.rows, marks, place: None, strict: true, siblings })
    }

    /// Reads the members of a row; what stands at one of the marks is none of its fields.
    fn members<'de, A: MapAccess<'de>>(&mut self, mut members: A, marks: &Paths<'_>) -> Result<(), A::Error> {
        let mut expected = 0;
        let mut extra = String::new();
        while let Some(Name(name)) = members.next_key()? {
            let paths = marks.below(&name);
            let column = self.column(&name, expected);
            let is_extra = column.is_none() && self.plan.extra && !paths.is_end();
            if column.is_none() && !is_extra {
                members.next_value_seed(Find { paths, found: &mut self.marks })?;
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
                Find { paths, found: &mut self.marks }.ends(raw).map_err(A::Error::custom)?;
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

    /// A row that is the value of its one column.
    fn value<E: Error>(&mut self, raw: &RawValue) -> Result<(), E> {
        self.cell(0, raw)?;
        self.end_row("");
        Ok(())
    }
}

/// The way to the rows.
struct Walk<'p, 'a, 'r> {
    answer: &'a mut Answer<'r>,
    /// The steps that are left.
    steps: &'p [String],
    marks: Paths<'p>,
    /// The member that is read; `None` for the outermost value.
    place: Option<&'a str>,
    /// What is of another kind than the steps need is an error: not so among many that are only looked through.
    strict: bool,
    /// In the outermost value, members of which there is one where rows are left out.
    siblings: Option<&'p [String]>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.steps.is_empty() {
            return deserializer.deserialize_any(Shaped(self));
        }
        let rows = Rows { answer: self.answer, marks: self.marks, place: self.place };
        if !rows.answer.is_of_values() {
            return deserializer.deserialize_any(Shaped(rows));
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

impl<'de> Shape<'de> for Walk<'_, '_, '_> {
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
                members.next_value_seed(Walk { answer, steps: rest, marks, place, strict, siblings: None })?;
                continue;
            }
            if let Some(siblings) = siblings
                && !found
            {
                kin = kin || siblings.is_empty() || siblings.iter().any(|sibling| *sibling == name);
                others.push(format!("'{}'", name.chars().take(40).collect::<String>()));
            }
            members.next_value_seed(Find { paths: marks, found: &mut answer.marks })?;
        }
        if found || kin || others.is_empty() {
            return Ok(());
        }
        if others.len() > MOST_NAMED {
            others.truncate(MOST_NAMED);
            others.push("others".to_owned());
        }
        Err(A::Error::custom(format!("it has no member '{step}', but {}", others.join(", "))))
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { answer, steps, marks, place, strict, .. } = self;
        let [step, rest @ ..] = steps else { return Ok(()) };
        if step == EVERY {
            loop {
                let marks = marks.clone();
                let walk = Walk { answer, steps: rest, marks, place, strict: false, siblings: None };
                if items.next_element_seed(walk)?.is_none() {
                    return Ok(());
                }
            }
        }
        if strict {
            return Err(mistaken(place, "a list", &format!("an object with '{step}'")));
        }
        Find { paths: marks, found: &mut answer.marks }.list(items)
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

/// How many members of an answer without rows a message names.
const MOST_NAMED: usize = 8;

fn mistaken<E: Error>(place: Option<&str>, found: &str, wanted: &str) -> E {
    match place {
        Some(name) => E::custom(format!("'{name}' is {found}, not {wanted}")),
        None => E::custom(format!("it is {found}, not {wanted}")),
    }
}

/// The end of the way: a list of rows, or one row.
struct Rows<'p, 'a, 'r> {
    answer: &'a mut Answer<'r>,
    marks: Paths<'p>,
    place: Option<&'a str>,
}

impl<'de> Shape<'de> for Rows<'_, '_, '_> {
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

/// An element of a list of rows.
struct Row<'a, 'r> {
    answer: &'a mut Answer<'r>,
    place: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if !self.answer.plan.columns.is_empty() || self.answer.plan.extra {
            return deserializer.deserialize_any(Shaped(self));
        }
        IgnoredAny::deserialize(deserializer)?;
        self.answer.end_row("");
        Ok(())
    }
}

impl<'de> Shape<'de> for Row<'_, '_> {
    type Value = ();

    fn object<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.answer.members(members, &Paths::default())
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
