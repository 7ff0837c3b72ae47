//! Encodes a GraphQL query as the body of a request. Owns the data that its templates receive; values are escaped in
//! [`crate::transform`].

use serde_json::{Map, Value as Json, json};
use stackql_provider::BodyStyle;

use crate::transform::graphql::LexicalContext;
use crate::{Cursor, Transform, TransformError};

/// The compiled templates of a query.
#[derive(Debug)]
pub(crate) struct GraphqlQuery {
    query: Transform,
    /// Renders the part of the query that has the cursor.
    cursor: Transform,
}

impl GraphqlQuery {
    pub(crate) fn compile(query: &str, cursor: &str) -> Result<Self, TransformError> {
        let (query, place) = Transform::graphql(query, LexicalContext::Document, Some(BodyStyle::CURSOR))?;
        let (cursor, _) = Transform::graphql(cursor, place.unwrap_or(LexicalContext::Document), None)?;
        Ok(Self { query, cursor })
    }

    /// The body for these arguments and the page of `cursor`.
    pub(super) fn body(
        &self,
        mut members: Map<String, Json>,
        cursor: Option<&Cursor>,
    ) -> Result<String, TransformError> {
        let value = match cursor {
            Some(cursor) => Some(cursor.value()),
            None => members.remove(BodyStyle::CURSOR),
        };
        let fragment = match value {
            Some(value) => self.cursor.render(json!({ BodyStyle::VALUE: value }).to_string().as_bytes())?,
            None => String::new(),
        };
        members.insert(BodyStyle::CURSOR.to_owned(), Json::String(fragment));
        let query = self.query.render(Json::Object(members).to_string().as_bytes())?;
        Ok(json!({ "query": query }).to_string())
    }
}
