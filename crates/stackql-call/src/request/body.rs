//! Encodes the body of a request, in the body style of the definition.

use bytes::Bytes;
use serde_json::Value as Json;
use stackql_provider::{BodyStyle, Parameter};

use super::{form, json, xml};
use crate::{Cursor, Operation, TransformError};

/// An encoded body.
#[derive(Default)]
pub(super) struct Body {
    pub(super) bytes: Bytes,
    /// The fields of a form, not encoded; empty for any other body.
    pub(super) fields: Vec<(String, String)>,
    /// The media type; `None` if there is no body.
    pub(super) media_type: Option<String>,
}

/// Encodes the arguments `bound` as a body; `cursor` is that of the requested page.
pub(super) fn body(
    operation: &Operation,
    bound: &[(&Parameter, Json)],
    cursor: Option<&Cursor>,
) -> Result<Body, TransformError> {
    let (request, types) = (&operation.method().request, &operation.resource.types);
    let arguments = || bound.iter().map(|(parameter, value)| (*parameter, value));
    let media_type = request.media_type.clone();
    let whole = |text: Option<String>| match text {
        Some(text) if !text.is_empty() => {
            Body { bytes: text.into(), fields: Vec::new(), media_type: Some(media_type).filter(|m| !m.is_empty()) }
        }
        _ => Body::default(),
    };
    if let Some(template) = operation.request_template() {
        let members = Json::Object(json::members(types, arguments()));
        return Ok(whole(Some(template?.render(members.to_string().as_bytes())?)));
    }
    Ok(match &request.body {
        BodyStyle::Form(style) => {
            let mut fields = request.fixed.clone();
            for (parameter, value) in arguments() {
                form::append(&mut fields, types, *style, parameter, value);
            }
            let media_type = (!fields.is_empty()).then(|| format!("{}; charset=utf-8", request.media_type));
            Body { bytes: form::encoded(&fields).into(), fields, media_type }
        }
        BodyStyle::Json { base, wrap } => {
            whole(json::body(base.as_deref(), wrap.as_deref(), json::members(types, arguments())))
        }
        BodyStyle::Xml { root, attributes, declaration } => {
            let document = || xml::document(types, (declaration, root, attributes), arguments());
            whole((!bound.is_empty()).then(document))
        }
        BodyStyle::GraphQl { query, cursor: of_cursor } => {
            let query = operation.query(query, of_cursor)?;
            whole(Some(query.body(json::members(types, arguments()), cursor)?))
        }
    })
}
