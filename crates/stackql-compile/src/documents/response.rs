//! Compiles the responses of a method: format, path to the rows, and columns.

use std::collections::HashSet;

use stackql_provider::{BodyFormat, Column, ResponseShape, Type, TypeRef, Types};

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::graphql::GraphQl;
use super::operation::{Operation, media, pairs, template};
use super::schema::{Again, MergedSchema, NestedTypes, merged, repeated, stated};

/// Name of the column if rows are scalar values.
const ONE_VALUE: &str = "column_anon";
/// Kind of transform that parses XML by the schema of the rows.
const BY_SCHEMA: &str = "schema_driven_xml";
/// Part of the kinds of transforms that take XML.
const BY_XML: &str = "_mxj_";
/// Default name of list elements.
const ELEMENT: &str = "member";
/// Default path to the rows, if the response has this member.
const USUAL_KEY: &str = "items";

/// Encoding of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Json,
    /// XML; the schema describes the whole document.
    Xml,
    /// XML; the schema only describes the rows.
    XmlBySchema,
}

/// The shape of a method's responses, and the columns of their rows.
pub(super) fn compile<'a>(
    method: NodeRef<'a>,
    operation: &Operation<'a>,
    types: &mut Types,
) -> Result<(ResponseShape, Vec<Column>), Diagnostic> {
    let wanted = method.get("response");
    let said = |key: &str| wanted.and_then(|r| r.text(key));
    let (media_type, _) = described(wanted, operation);
    let schema = schema(method, operation);
    let transform = wanted.and_then(|r| r.get("transform")).map(template);
    // This kind is no template: the schema describes the rows within the unmodified XML response.
    let is_by_schema = transform.as_ref().is_some_and(|t| t.kind.starts_with(BY_SCHEMA));
    let is_xml = !is_by_schema && said("overrideMediaType").unwrap_or(&media_type).contains("xml");
    let mut shape = ResponseShape {
        format: if is_xml || is_by_schema { BodyFormat::Xml } else { BodyFormat::Json },
        transform: transform.filter(|_| !is_by_schema),
        media_type,
        ..ResponseShape::default()
    };
    let takes_xml = shape.transform.as_ref().is_some_and(|t| t.kind.contains(BY_XML));
    if is_xml || is_by_schema || takes_xml || shape.media_type.is_empty() {
        shape.outermost = answered(operation).unwrap_or_default();
    }
    let Some(schema) = schema else { return Ok((shape, Vec::new())) };
    let outermost = merged(schema);
    let key = GraphQl::rows(operation).or(said("objectKey")).or(operation.at.text("x-stackQL-objectKey"));
    let mut steps = steps(key.unwrap_or_default());
    if key.is_none() && !is_xml && outermost.properties.iter().any(|(n, _)| *n == USUAL_KEY) {
        steps = vec![USUAL_KEY.to_owned()];
    }
    if is_xml && steps.first().is_some_and(|s| s == "*") {
        // The path omits the root element.
        steps.remove(0);
    }
    let last = steps.last().filter(|step| *step != "*").cloned();
    if is_xml {
        steps = unwrapped(schema, steps);
    }
    let (row, is_list) = row(schema, &steps, is_xml).unzip();
    // A row schema implies a list, even if there is only one row.
    shape.is_list = is_list == Some(true) && !is_by_schema;
    if is_by_schema {
        steps = vec![ResponseShape::ANYWHERE.to_owned()];
    }
    let sibling = |(name, at): &(&str, NodeRef<'_>)| match is_xml {
        true => merged(*at).xml_name.unwrap_or(name).to_owned(),
        false => (*name).to_owned(),
    };
    // A row schema does not describe the top level of the response.
    if !is_by_schema {
        shape.siblings = outermost.properties.iter().map(sibling).collect();
    }
    shape.rows = steps;
    let Some(row) = row else {
        return Ok((shape, Vec::new()));
    };
    let encoding = match (is_xml, is_by_schema) {
        (true, _) => Encoding::Xml,
        (false, true) => Encoding::XmlBySchema,
        (false, false) => Encoding::Json,
    };
    let columns = columns(row, encoding, last, types);
    shape.row = Some(structure(&columns, types));
    Ok((shape, columns))
}

/// Name of the response's root element for operations that are selected by the query string, as in AWS's query
/// protocols: `?Action=ListUsers&Version=2010-05-08`.
fn answered(operation: &Operation<'_>) -> Option<String> {
    let (_, query) = operation.path.split_once('?')?;
    let pairs = pairs(query);
    let value = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let action = value("Action").filter(|action| !action.is_empty())?;
    value("Version").map(|_| format!("{action}Response"))
}

/// The schema of the responses.
pub(super) fn schema<'a>(method: NodeRef<'a>, operation: &Operation<'a>) -> Option<NodeRef<'a>> {
    let wanted = method.get("response");
    let stated = wanted.and_then(|r| r.get("schema_override")).map(|at| operation.stated(at));
    stated.or_else(|| described(wanted, operation).1)
}

/// All schemas of the responses: the override, and the operation's own.
pub(super) fn schemas<'a>(method: NodeRef<'a>, operation: &Operation<'a>) -> impl Iterator<Item = NodeRef<'a>> {
    let own = described(method.get("response"), operation).1;
    schema(method, operation).into_iter().chain(own)
}

/// The shape of the result of a long-running operation, if the document states it.
pub(super) fn lro_result_shape<'a>(
    method: NodeRef<'a>,
    operation: &Operation<'a>,
    types: &mut Types,
) -> Option<ResponseShape> {
    let wanted = method.get("response")?;
    let schema = operation.stated(wanted.get("async_schema_override")?);
    let media_type = wanted.text("asyncOverrideMediaType").or(wanted.text("mediaType")).unwrap_or("application/json");
    let is_xml = media_type.contains("xml");
    let (row, is_list) = row(schema, &[], is_xml)?;
    let encoding = if is_xml { Encoding::Xml } else { Encoding::Json };
    let columns = columns(row, encoding, None, types);
    Some(ResponseShape {
        media_type: media_type.to_owned(),
        format: if is_xml { BodyFormat::Xml } else { BodyFormat::Json },
        row: Some(structure(&columns, types)),
        is_list,
        ..ResponseShape::default()
    })
}

/// The type of a row with these columns.
fn structure(columns: &[Column], types: &mut Types) -> TypeRef {
    if let [only] = columns
        && only.wire.is_empty()
    {
        return only.ty;
    }
    let member = |c: &Column| stackql_provider::Member {
        name: c.name.clone(),
        wire: c.wire.clone(),
        request_wire: c.wire.clone(),
        ty: c.ty,
        ..stackql_provider::Member::default()
    };
    // Several columns may stem from the same member.
    let is_first = |(at, c): &(usize, &Column)| !columns[..*at].iter().any(|earlier| earlier.wire == c.wire);
    let members = columns.iter().enumerate().filter(is_first).map(|(_, c)| member(c)).collect();
    types.push(Type::Structure { members })
}

/// The media type and schema that the document gives for the response.
fn described<'a>(wanted: Option<NodeRef<'a>>, operation: &Operation<'a>) -> (String, Option<NodeRef<'a>>) {
    let responses = operation.at.get("responses");
    let by_key = wanted.and_then(|r| r.text("openAPIDocKey")).and_then(|key| responses?.follow(key));
    let good = || responses?.entries().find(|(status, _)| status.starts_with('2'))?.1.target().ok();
    let content = by_key.or_else(good).and_then(|r| r.get("content"));
    let (media, at) = media(content, wanted.and_then(|r| r.text("mediaType")), "").unwrap_or_default();
    (media.to_owned(), at.and_then(|a| a.get("schema")))
}

/// Parses an object key: `$.a[*].b`, `$.a[0].b`, `$.a[-1:].b` for the last element, `/*/a/item`, or a bare name.
pub(super) fn steps(key: &str) -> Vec<String> {
    let key = key.trim();
    if let Some(path) = key.strip_prefix('/') {
        return path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
    }
    let path = key.strip_prefix('$').unwrap_or(key).replace("['", ".").replace("']", "");
    let path = path.replace('[', ".").replace(":]", "").replace(']', "");
    path.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// Removes steps to elements of unwrapped lists. In `/*/Contents/member`, each `<Contents>` is an element itself.
fn unwrapped(schema: NodeRef<'_>, steps: Vec<String>) -> Vec<String> {
    let mut here = Some(schema);
    let mut kept = Vec::new();
    for step in steps {
        let shape = here.map(merged).unwrap_or_default();
        let named = |(name, at): &&(&str, NodeRef<'_>)| *name == step || merged(*at).xml_name == Some(&step);
        here = shape.properties.iter().find(named).map(|(_, at)| *at);
        match shape.items {
            Some(items) if (shape.is_unwrapped || shape.is_flattened) && step == ELEMENT => here = Some(items),
            Some(items) if here.is_none() => {
                here = Some(items);
                kept.push(step);
            }
            _ => kept.push(step),
        }
    }
    kept
}

/// The schema of a row: the target of the steps, or its element if it is a list; and whether the path contains a list.
fn row<'a>(schema: NodeRef<'a>, steps: &[String], is_xml: bool) -> Option<(NodeRef<'a>, bool)> {
    let (mut here, mut is_list) = (schema, false);
    for step in steps {
        let shape = merged(here);
        is_list |= step == "*" || (shape.items.is_some() && step.parse::<usize>().is_err());
        here = match step.as_str() {
            "*" => shape.items.or(shape.additional).or(shape.properties.first().map(|(_, at)| *at))?,
            element if shape.items.is_some() && element.parse::<usize>().is_ok() => shape.items?,
            name => {
                let by_name = |shape: &MergedSchema<'a>| {
                    let named = |(n, at): &&(&str, NodeRef<'a>)| *n == name || merged(*at).xml_name == Some(name);
                    shape.properties.iter().find(named).map(|(_, at)| *at)
                };
                match by_name(&shape) {
                    Some(at) => at,
                    // In XML, list elements have names of their own.
                    None if shape.items.is_some() => {
                        let item = shape.items?;
                        if is_xml { item } else { by_name(&merged(item))? }
                    }
                    None => return None,
                }
            }
        };
    }
    let shape = merged(here);
    match (shape.kind, shape.items) {
        ("array", Some(items)) => Some((items, true)),
        _ => Some((here, is_list)),
    }
}

/// The columns of a row. A scalar row has one column, which in XML is named after its element `last`.
fn columns<'a>(at: NodeRef<'a>, encoding: Encoding, last: Option<String>, types: &mut Types) -> Vec<Column> {
    let row = merged(at);
    let is_xml = encoding == Encoding::Xml;
    if row.properties.is_empty() {
        let ty = if is_xml { NestedTypes::new(types).add(at) } else { row.shallow(types) };
        let (name, aliases) = match last.filter(|_| is_xml) {
            Some(element) => (element, vec![ONE_VALUE.to_owned()]),
            None => (ONE_VALUE.to_owned(), Vec::new()),
        };
        return vec![Column { name, aliases, ty, description: row.description.to_owned(), ..Column::default() }];
    }
    let column = |(name, property): &(&str, NodeRef<'a>)| {
        let shape = merged(*property);
        let mut aliases = shape.aliases(&row);
        aliases.extend(row.names_of_mixed(name));
        let is_mixed = row.mixed.iter().any(|m| m.name == *name);
        let own = is_mixed.then(|| shape.shallow(types)).map(|own| types.get(own).label().to_owned());
        let ty = match (is_xml, is_mixed) {
            (true, _) => NestedTypes::new(types).add(*property),
            (false, true) => types.push(Type::Any),
            (false, false) => shape.shallow(types),
        };
        let wire = if encoding == Encoding::Json { name } else { shape.xml_name.unwrap_or(name) };
        let (name, wire) = ((*name).to_owned(), wire.to_owned());
        let stated = stated(*property).map(str::to_owned).or(own.filter(|_| !is_xml));
        Column { name, aliases, wire, ty, stated, description: shape.description.to_owned() }
    };
    let mut columns: Vec<Column> = row.properties.iter().map(column).collect();
    for Again { name, schema, at } in repeated(at) {
        let own = format!("{}_{name}", schema.unwrap_or_default());
        let Some(first) = columns.iter().find(|c| c.name == name && !columns.iter().any(|c| c.name == own)) else {
            continue;
        };
        let shape = merged(at);
        let (wire, mut label) = (first.wire.clone(), stated(at).map(str::to_owned));
        let mut ty = if is_xml { NestedTypes::new(types).add(at) } else { shape.shallow(types) };
        if types.get(ty).label() != types.get(first.ty).label() {
            // Either member may be present, and both share one place in the response.
            label = label.or_else(|| Some(types.get(ty).label().to_owned()));
            ty = types.push(Type::Any);
        }
        let description = shape.description.to_owned();
        columns.push(Column { name: own, wire, ty, stated: label, description, ..Column::default() });
    }
    // Aliases that equal the name of another column are dropped.
    let names: HashSet<String> = columns.iter().map(|c| c.name.clone()).collect();
    columns.iter_mut().for_each(|c| c.aliases.retain(|alias| !names.contains(alias)));
    columns
}
