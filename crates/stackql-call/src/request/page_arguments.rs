//! The arguments of one page: bound arguments, defaults, the cursor and the page size.

use serde_json::Value as Json;
use stackql_provider::{PageSize, Paging};

use super::json::typed;
use crate::{Call, Cursor};

/// The arguments of the page, by the position of the parameter in the method and in that order.
pub(super) fn arguments(call: &Call, cursor: Option<&Cursor>, page_size: Option<u32>) -> Vec<(usize, Json)> {
    let (method, types) = (call.operation.method(), &call.operation.resource.types);
    let mut all = call.arguments.clone();
    for (at, parameter) in method.parameters.iter().enumerate() {
        if let Some(default) = &parameter.default
            && !all.iter().any(|(i, _)| *i == at)
        {
            all.push((at, typed(types, parameter.ty, default)));
        }
    }
    if let Some(Paging { next, size }) = &method.paging {
        let mut set = |name: &str, text: &str| {
            if let Some(at) = method.parameters.iter().position(|p| p.name == name) {
                all.retain(|(i, _)| *i != at);
                all.push((at, typed(types, method.parameters[at].ty, text)));
            }
        };
        if let (Some(cursor), Some(parameter)) = (cursor, next.parameter()) {
            set(parameter, cursor.as_str());
        }
        if let Some(size) = size
            && call.argument(&size.parameter).is_none()
            && !size.excludes.iter().any(|e| call.argument(e).is_some())
            && let Some(rows) = rows_of(size, page_size)
        {
            set(&size.parameter, &rows.to_string());
        }
    }
    all.sort_by_key(|(at, _)| *at);
    all
}

/// The page size to request; `None` leaves it to the provider. If the definition states no maximum, `size.maximum` is a guess,
/// and requesting it could truncate a response that is complete otherwise. So a larger number of rows is not requested then.
fn rows_of(size: &PageSize, wanted: Option<u32>) -> Option<u32> {
    match wanted {
        Some(wanted) if size.request_maximum || wanted <= size.maximum => {
            Some(wanted.clamp(size.minimum, size.maximum.max(size.minimum)))
        }
        Some(_) => None,
        None => size.request_maximum.then_some(size.maximum),
    }
}

#[cfg(test)]
mod tests;
