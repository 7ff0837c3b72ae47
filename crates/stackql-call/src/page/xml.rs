//! Decodes the rows of an XML response in one streaming pass into Arrow builders; nested values become JSON text.

use stackql_provider::{ResponseShape, Type, TypeRef, Types};

use super::page_builder::{PageBuilder, ResponseLayout};
use super::row_discovery;
use crate::response::json_stream::{member, quote};
use crate::response::sniff::{MAX_DEPTH, ParseError};
use crate::response::xml::{Document, Next, texts};

/// The maximum number of elements that a message lists.
const MOST_NAMED: usize = 8;

impl PageBuilder<'_> {
    pub(super) fn xml(&mut self, body: &[u8], places: &ResponseLayout<'_>) -> Result<(), ParseError> {
        let mut document = Document::open(body)?;
        described(&document, places.outermost)?;
        let sought;
        let (rows, marks) = match places.rows {
            [step] if step == ResponseShape::ANYWHERE => {
                sought = row_discovery::places(body, places)?;
                let Some(rows) = &sought.rows else { return of_an_api(body, places) };
                (rows.as_slice(), sought.marks.each_ref().map(Vec::as_slice))
            }
            rows => (rows, places.markers),
        };
        if rows.is_empty() {
            kin(body, places)?;
            for (mark, found) in self.markers.iter_mut().zip(texts(body, &marks)?) {
                *mark = found;
            }
            if let Some(only) = self.column(document.name(), 0)
                && let Some(text) = document.text_if_leaf()?.filter(|text| !text.trim().is_empty())
            {
                // The document itself is the one member of its row.
                self.put(only, text.trim());
                self.end_row("");
                return Ok(());
            }
            return self.row(&mut document, &marks);
        }
        let mut stack: Vec<String> = Vec::new();
        loop {
            match document.next()? {
                Next::End if stack.is_empty() && self.builders.rows == 0 => return kin(body, places),
                Next::End if stack.is_empty() => return Ok(()),
                Next::End => {
                    stack.pop();
                }
                Next::Child => {
                    stack.push(document.name().to_owned());
                    let leads = |path: &&[String]| path.len() > stack.len() && fits(&path[..stack.len()], &stack);
                    if fits(rows, &stack) {
                        self.row(&mut document, &[])?;
                    } else if let Some(mark) = marks.iter().position(|path| *path == stack.as_slice()) {
                        self.markers[mark] = Some(document.text()?.into_owned());
                    } else if !leads(&rows) && !marks.iter().any(leads) {
                        document.skip()?;
                    } else {
                        continue;
                    }
                    stack.pop();
                }
            }
        }
    }

    /// Decodes the row whose start tag was read. Elements at the paths `apart` are not part of the row's extra fields.
    fn row(&mut self, document: &mut Document<'_>, apart: &[&[String]]) -> Result<(), ParseError> {
        let plan = self.plan;
        let columns = &plan.columns;
        if columns.is_empty() && !plan.extra {
            document.skip()?;
            self.end_row("");
            return Ok(());
        }
        // After the last projected column, the rest of the row is skipped.
        let mut left = match plan.extra || columns.iter().any(|column| column.flattened) {
            true => usize::MAX,
            false => columns.len(),
        };
        if let [only] = columns.as_ref()
            && self.is_of_values()
        {
            match plan.types.get(only.ty) {
                ty if ty.is_nested() => {
                    let mut text = String::new();
                    json(document, &plan.types, ty, &mut text, 0)?;
                    self.put(0, &text);
                }
                _ => {
                    let text = document.text()?;
                    self.put(0, &text);
                }
            }
            self.end_row("");
            return Ok(());
        }
        let mut expected = 0;
        let mut flattened: Vec<(usize, String)> = Vec::new();
        let mut extra = String::new();
        loop {
            if left == 0 {
                document.skip()?;
                break;
            }
            match document.next()? {
                Next::End => break,
                Next::Child => {}
            }
            let name = document.name();
            let Some(at) = self.column(name, expected) else {
                if plan.extra && !apart.iter().any(|path| matches!(path, [only] if only == name)) {
                    member(&mut extra, name);
                    json(document, &plan.types, &Type::Any, &mut extra, 0)?;
                } else {
                    document.skip()?;
                }
                continue;
            };
            expected = at + 1;
            left -= usize::from(!self.builders.has(at));
            let ty = plan.types.get(columns[at].ty);
            match ty {
                Type::List { item, .. } if columns[at].flattened => {
                    let mut one = String::new();
                    json_ref(document, &plan.types, *item, &mut one, 0)?;
                    match flattened.iter_mut().find(|(i, _)| *i == at) {
                        Some((_, list)) => {
                            list.push(',');
                            list.push_str(&one);
                        }
                        None => flattened.push((at, one)),
                    }
                    expected = at;
                }
                ty if ty.is_nested() => {
                    let mut text = String::new();
                    json(document, &plan.types, ty, &mut text, 0)?;
                    self.put(at, &text);
                }
                Type::Inner => {
                    let text = document.inner()?;
                    self.put(at, &text);
                }
                Type::String => match document.text_if_leaf()? {
                    Some(text) => self.put(at, &text),
                    // The element is nested, though the definition has text.
                    None => {
                        let mut text = String::new();
                        structure(document, &plan.types, &Type::Any, &mut text, 0)?;
                        self.put(at, &row_discovery::unwrap_single_lists(&text));
                    }
                },
                _ => {
                    let text = document.text()?;
                    self.put(at, &text);
                }
            }
        }
        for (at, list) in flattened {
            self.put(at, &format!("[{list}]"));
        }
        self.end_row(&extra);
        Ok(())
    }
}

/// Whether the names of elements match a path, in which `*` matches any name.
fn fits(path: &[String], elements: &[String]) -> bool {
    path.len() == elements.len() && path.iter().zip(elements).all(|(step, name)| step == "*" || step == name)
}

/// Checks that the outermost element of a document just opened is named `outermost`. If that is empty, any name is
/// accepted, but no empty document without a namespace, which could come from any server.
pub(super) fn described(document: &Document<'_>, outermost: &str) -> Result<(), ParseError> {
    let found = abbreviate(document.name());
    if !outermost.is_empty() && document.name() != outermost {
        return Err(document.broken(&format!("it is <{found}>, not <{outermost}>,")));
    }
    if outermost.is_empty() && document.says_nothing() {
        return Err(document.broken(&format!("it is an empty <{found}>,")));
    }
    Ok(())
}

/// Checks a document without rows whose outermost element may have any name: the element or one of its children is named like
/// one of the siblings, or it has no children.
fn kin(body: &[u8], places: &ResponseLayout<'_>) -> Result<(), ParseError> {
    let known = |name: &str| places.siblings.iter().any(|sibling| sibling == name);
    let mut document = Document::open(body)?;
    if !places.outermost.is_empty() || places.siblings.is_empty() || known(document.name()) {
        return Ok(());
    }
    let found = abbreviate(document.name());
    let mut strangers = Vec::new();
    while let Next::Child = document.next()? {
        if known(document.name()) {
            return Ok(());
        }
        strangers.push(format!("<{}>", abbreviate(document.name())));
        document.skip()?;
    }
    if strangers.is_empty() {
        return Ok(());
    }
    strangers.dedup();
    strangers.truncate(MOST_NAMED);
    let wanted: Vec<String> = places.siblings.iter().take(MOST_NAMED).map(|name| format!("<{name}>")).collect();
    Err(document.broken(&format!("it is <{found}> of {}, not of {},", strangers.join(", "), wanted.join(", "))))
}

/// Checks a document without rows of which the definition has only the type of a row: its outermost element must declare a
/// namespace, as APIs that respond so do.
fn of_an_api(body: &[u8], places: &ResponseLayout<'_>) -> Result<(), ParseError> {
    let mut document = Document::open(body)?;
    if !places.outermost.is_empty() || document.has_namespace() {
        return Ok(());
    }
    let found = abbreviate(document.name());
    let child = match document.next()? {
        Next::Child => format!(" of <{}>", abbreviate(document.name())),
        Next::End => String::new(),
    };
    Err(document.broken(&format!("it is <{found}>{child} without the namespace of an API and without a row,")))
}

fn abbreviate(name: &str) -> String {
    name.chars().take(80).collect()
}

fn json_ref(
    document: &mut Document<'_>,
    types: &Types,
    ty: TypeRef,
    out: &mut String,
    depth: usize,
) -> Result<(), ParseError> {
    json(document, types, types.get(ty), out, depth)
}

/// Appends the element whose start tag was read as JSON of its type.
fn json(
    document: &mut Document<'_>,
    types: &Types,
    ty: &Type,
    out: &mut String,
    depth: usize,
) -> Result<(), ParseError> {
    if depth > MAX_DEPTH {
        return Err(document.broken("nested too deeply"));
    }
    match ty {
        Type::String | Type::Blob | Type::Timestamp(_) => quote(out, &document.text()?),
        Type::Inner => quote(out, &document.inner()?),
        Type::Integer | Type::Number => {
            let text = document.text()?;
            match serde_json::from_str::<serde_json::Number>(text.trim()) {
                Ok(_) => out.push_str(text.trim()),
                Err(_) => quote(out, &text),
            }
        }
        Type::Boolean | Type::Bit => {
            let text = document.text()?;
            match text.trim() {
                word @ ("true" | "false") => out.push_str(word),
                _ => quote(out, &text),
            }
        }
        Type::List { item, .. } => {
            out.push('[');
            let mut first = true;
            while let Next::Child = document.next()? {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                json_ref(document, types, *item, out, depth + 1)?;
            }
            out.push(']');
        }
        Type::Map { value } => map(document, types, *value, out, depth)?,
        Type::Structure { .. } | Type::Any => structure(document, types, ty, out, depth)?,
    }
    Ok(())
}

fn map(
    document: &mut Document<'_>,
    types: &Types,
    value: TypeRef,
    out: &mut String,
    depth: usize,
) -> Result<(), ParseError> {
    let mut members = String::new();
    while let Next::Child = document.next()? {
        let (mut key, mut text) = (String::new(), String::from("null"));
        while let Next::Child = document.next()? {
            if document.name() == "key" {
                key = document.text()?.into_owned();
            } else {
                text.clear();
                json_ref(document, types, value, &mut text, depth + 1)?;
            }
        }
        member(&mut members, &key);
        members.push_str(&text);
    }
    out.push('{');
    out.push_str(&members);
    out.push('}');
    Ok(())
}

/// Appends an object of the child elements; an element of unknown type without children is text. Repeated names become a list.
fn structure(
    document: &mut Document<'_>,
    types: &Types,
    ty: &Type,
    out: &mut String,
    depth: usize,
) -> Result<(), ParseError> {
    let members = match ty {
        Type::Structure { members } => members.as_slice(),
        _ => {
            if let Some(text) = document.text_if_leaf()? {
                quote(out, &text);
                return Ok(());
            }
            &[]
        }
    };
    let mut found: Vec<Found> = Vec::new();
    while let Next::Child = document.next()? {
        let name = document.name().to_owned();
        let known = members.iter().find(|m| m.wire == name).map(|m| types.get(m.ty));
        let (shape, is_list) = match known {
            Some(Type::List { item, flattened: true, .. }) => (types.get(*item), true),
            Some(shape) => (shape, false),
            None => (&Type::Any, false),
        };
        let mut text = String::new();
        json(document, types, shape, &mut text, depth + 1)?;
        match found.iter_mut().find(|found| found.name == name) {
            Some(found) => {
                found.values.push(',');
                found.values.push_str(&text);
                found.is_list = true;
            }
            None => found.push(Found { name, values: text, is_list }),
        }
    }
    out.push('{');
    for (at, Found { name, values, is_list }) in found.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        quote(out, name);
        out.push(':');
        match is_list {
            false => out.push_str(values),
            true => out.extend(["[", values, "]"]),
        }
    }
    out.push('}');
    Ok(())
}

/// The values of one name in a structure.
struct Found {
    name: String,
    /// Separated by commas.
    values: String,
    is_list: bool,
}
