//! JSON serialization of Arrow schemas in the catalog table; types are spelled as Arrow displays them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Written {
    columns: Vec<Column>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Column {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    nullable: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

/// Serializes a schema.
pub(crate) fn write(schema: &Schema) -> String {
    let columns = schema.fields().iter().map(|field| Column {
        name: field.name().clone(),
        ty: field.data_type().to_string(),
        nullable: field.is_nullable(),
        metadata: ordered(field.metadata()),
    });
    let written = Written { columns: columns.collect(), metadata: ordered(schema.metadata()) };
    serde_json::to_string(&written).expect("strings and flags are JSON")
}

/// Parses a schema that [`write()`] serialized.
///
/// # Errors
///
/// A message if the text is not such JSON or a type name is unknown.
pub(crate) fn read(text: &str) -> Result<SchemaRef, String> {
    let written: Written = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let field = |column: Column| {
        let ty: DataType = column.ty.parse().map_err(|_| format!("{} is the name of no type", column.ty))?;
        Ok(Field::new(column.name, ty, column.nullable).with_metadata(unordered(column.metadata)))
    };
    let fields: Vec<Field> = written.columns.into_iter().map(field).collect::<Result<_, String>>()?;
    Ok(Arc::new(Schema::new(fields).with_metadata(unordered(written.metadata))))
}

fn ordered(metadata: &HashMap<String, String>) -> BTreeMap<String, String> {
    metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn unordered(metadata: BTreeMap<String, String>) -> HashMap<String, String> {
    metadata.into_iter().collect()
}
