//! Encodes a call as a SELECT of a database table. Owns the SQL text: identifiers are quoted, and values are always bound to
//! placeholders.

use serde_json::Value as Json;
use stackql_provider::{Column, Protocol, Type};

use crate::{BindError, Operation, Payload};

/// The query for the rows of a table that satisfy `conditions`, the argument of `parameter`: a list of columns, each with the
/// values it may have. `most` is the row limit.
pub(super) fn query(
    operation: &Operation,
    (schema, name): (&str, &str),
    (parameter, conditions): (&str, Option<&Json>),
    most: Option<u32>,
) -> Result<Payload, BindError> {
    let columns = &operation.resource.columns;
    let list: Vec<String> = columns.iter().map(|column| quoted(&column.wire)).collect();
    let mut text = format!("SELECT {} FROM {}.{}", list.join(", "), quoted(schema), quoted(name));
    let mut values: Vec<String> = Vec::new();
    for (at, condition) in conditions.and_then(Json::as_array).into_iter().flatten().enumerate() {
        let asked = condition[Protocol::NAME].as_str().unwrap_or_default();
        let column = columns.iter().find(|column| column.wire == asked).ok_or_else(|| BindError::Shape {
            table: operation.qualified_name(),
            parameter: format!("{parameter}[{at}].{}", Protocol::NAME),
            expected: "a column".to_owned(),
            given: format!("'{asked}'"),
        })?;
        text.push_str(if at == 0 { " WHERE " } else { " AND " });
        let first = values.len();
        let given = condition[Protocol::VALUES].as_array().into_iter().flatten().filter_map(Json::as_str);
        values.extend(given.map(str::to_owned));
        text.push_str(&is_one_of(operation, column, first..values.len()));
    }
    if let Some(most) = most {
        text.push_str(&format!(" LIMIT {most}"));
    }
    Ok(Payload::Query { text, values })
}

/// The predicate that a column equals one of the values at these positions.
fn is_one_of(operation: &Operation, column: &Column, values: std::ops::Range<usize>) -> String {
    if values.is_empty() {
        return "FALSE".to_owned();
    }
    let place = |at: usize| match operation.resource.type_of(column) {
        // The value may exceed the range of the column's type. With bigint it matches no row instead of failing.
        Type::Integer => format!("CAST(${} AS bigint)", at + 1),
        _ => format!("${}", at + 1),
    };
    let places: Vec<String> = values.map(place).collect();
    format!("{} IN ({})", quoted(&column.wire), places.join(", "))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A query with its values on one line, for display.
pub(super) fn display_query(text: &str, values: &[String]) -> String {
    let value = |(at, value): (usize, &String)| format!("${}='{}'", at + 1, value.replace('\'', "''"));
    let values: Vec<String> = values.iter().enumerate().map(value).collect();
    if values.is_empty() { text.to_owned() } else { format!("{text} -- {}", values.join(", ")) }
}
