//! DESCRIBE of a table and of a method: lists columns, and parameters with the columns that the method returns.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use stackql_call::RowProjection;
use stackql_provider::{Column, Definitions, Parameter, Type, TypeRef, Types};
use stackql_sql::ObjectName;

use super::listing::Listing;
use super::show::Table;
use crate::error::Error;

/// The columns of a table with their types, and a message if it has none.
pub(crate) fn describe(
    definitions: &dyn Definitions,
    name: &ObjectName,
    extended: bool,
) -> Result<(RecordBatch, Option<String>), Error> {
    let table = Table::find(definitions, name)?;
    let note = table.resource.columns.is_empty().then(|| {
        format!(
            "{0} has no method that answers SELECT, so it has no columns; SHOW METHODS IN {0} lists what it has",
            table.name
        )
    });
    let mut columns: Vec<&Column> = table.resource.columns.iter().collect();
    columns.sort_by_key(|c| (first_names(&c.name), &c.name));
    let row = |c: &Column| [c.name.clone(), table.resource.label_of(c).to_owned(), c.description.clone()];
    let listing = Listing::new(&["name", "type"], &["description"]).with(columns.into_iter().map(row));
    Ok((listing.batch(extended)?, note))
}

/// The columns of a schema with their types, in order. Descriptions are empty.
pub(crate) fn columns(schema: &Schema, extended: bool) -> Result<RecordBatch, Error> {
    let label = |field: &Field| match field.data_type() {
        _ if field.metadata().get(RowProjection::FORMAT_KEY).is_some_and(|format| format == "json") => "object",
        DataType::Boolean => "boolean",
        t if t.is_integer() => "integer",
        t if t.is_numeric() => "number",
        _ => "string",
    };
    let rows = schema.fields().iter().map(|field| [field.name().clone(), label(field).to_owned(), String::new()]);
    Listing::new(&["name", "type"], &["description"]).with(rows).batch(extended)
}

/// The columns of a resource view with their types, in order. Descriptions are empty.
pub(crate) fn columns_of_view(columns: Vec<(String, String)>, extended: bool) -> Result<RecordBatch, Error> {
    let rows = columns.into_iter().map(|(name, label)| [name, label, String::new()]);
    Listing::new(&["name", "type"], &["description"]).with(rows).batch(extended)
}

/// Sort key of a column: `id`, `name` and `description` are first.
fn first_names(name: &str) -> usize {
    ["id", "name", "description"].iter().position(|first| *first == name).unwrap_or(3)
}

/// The parameters of a method, the required ones first, and the columns of its rows.
pub(crate) fn describe_method(
    definitions: &dyn Definitions,
    name: &ObjectName,
    extended: bool,
) -> Result<RecordBatch, Error> {
    let [table @ .., method] = name.0.as_slice() else {
        return Err(Error::invalid("name the method provider.service.resource.method"));
    };
    let table = Table::find(definitions, &ObjectName(table.to_vec()))?;
    let (method, types) = (table.method(method)?, &table.resource.types);

    let mut parameters: Vec<&Parameter> = method.parameters.iter().filter(|p| !p.implied).collect();
    parameters.sort_by_key(|p| (!p.required, &p.name));
    let inputs = parameters.into_iter().map(|p| {
        let kind = if p.required { "input_required" } else { "input_optional" };
        row(types, &p.name, p.ty, kind, &p.description)
    });
    let mut columns = table.resource.row_columns(method);
    columns.sort_by(|a, b| (first_names(&a.name), &a.name).cmp(&(first_names(&b.name), &b.name)));
    let outputs = columns.iter().map(|c| row(types, &c.name, c.ty, "output", &c.description));
    Listing::new(&["name", "type", "param_type", "shape"], &["description"]).with(inputs.chain(outputs)).batch(extended)
}

fn row(types: &Types, name: &str, ty: TypeRef, kind: &str, description: &str) -> [String; 5] {
    let found = types.get(ty);
    let shape = if found.is_nested() { shape(types, ty, &mut Vec::new()) } else { String::new() };
    [name.to_owned(), found.label().to_owned(), kind.to_owned(), shape, description.to_owned()]
}

/// The type of a nested value as JSON whose leaves are type names. A recursive reference is `object`.
fn shape(types: &Types, ty: TypeRef, outer: &mut Vec<TypeRef>) -> String {
    if outer.contains(&ty) {
        return "\"object\"".to_owned();
    }
    outer.push(ty);
    let text = match types.get(ty) {
        Type::List { item, .. } => format!("[{}]", shape(types, *item, outer)),
        Type::Map { value } => format!("{{\"*\":{}}}", shape(types, *value, outer)),
        Type::Structure { members } => {
            let member = |m: &stackql_provider::Member| format!("\"{}\":{}", m.wire, shape(types, m.ty, outer));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
        scalar => format!("\"{}\"", scalar.label()),
    };
    outer.pop();
    text
}
