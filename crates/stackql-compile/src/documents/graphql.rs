//! GraphQL operations, defined by `x-stackQL-graphQL`: the URL, the query template, the path to the rows and the
//! paging. Owns the translation of cursor strategies to the model; columns are in [`super::response`].

use stackql_provider::{
    BodyStyle, Location, NextPage, PageSize, Paging, Parameter, RequestShape, ResponseLocation, Type, Types, ValueStyle,
};

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::{Operation, text};
use super::response::steps;

const KEY: &str = "x-stackQL-graphQL";
const PROTOCOL: &str = "x-stackql-protocol";
/// The template variable for the number of rows wanted.
const LIMIT: &str = "limit";
/// Default templates of the cursor argument.
const AFTER: &str = r#", after: "{{ .value }}""#;
const OFFSET: &str = ", offset: {{ .value }}";
const AS_IT_IS: &str = "{{ .value }}";

/// The GraphQL definition of an operation.
pub(super) struct GraphQl<'a> {
    at: NodeRef<'a>,
    operation: Operation<'a>,
    query: &'a str,
}

impl<'a> GraphQl<'a> {
    /// The GraphQL definition of a method, if it has one.
    pub(super) fn from_method(method: NodeRef<'a>, operation: &Operation<'a>) -> Result<Option<Self>, Diagnostic> {
        let wrong = |at: NodeRef<'a>, what: &str, advice: &str| Err(Diagnostic::new(at.place(), what, advice));
        let says = |at: NodeRef<'a>| at.text(PROTOCOL).is_some_and(|protocol| protocol.eq_ignore_ascii_case("graphql"));
        let Some(at) = operation.at.get(KEY) else {
            return match says(method) || says(operation.at) {
                true => wrong(method, "it is of GraphQL and has no query", "give its operation x-stackQL-graphQL"),
                false => Ok(None),
            };
        };
        let Some(query) = at.text("query") else {
            return wrong(at, "x-stackQL-graphQL has no query", "give it as query, a template");
        };
        match at.text("httpVerb") {
            Some(verb) if !verb.eq_ignore_ascii_case("post") => {
                wrong(at, &format!("queries are not sent by {verb}"), "write httpVerb: POST")
            }
            _ => Ok(Some(Self { at, operation: *operation, query })),
        }
    }

    /// The path to the rows, if the operation has a GraphQL definition that states it.
    pub(super) fn rows(operation: &Operation<'a>) -> Option<&'a str> {
        operation.at.get(KEY)?.get("responseSelection")?.text("jsonPath")
    }

    /// Completes the request: parameters that are not in the path become variables of the body.
    pub(super) fn request(&self, request: &mut RequestShape, parameters: &mut [Parameter]) {
        "POST".clone_into(&mut request.http_method);
        "application/json".clone_into(&mut request.media_type);
        let (query, cursor) = (self.query.to_owned(), self.cursor());
        request.body = BodyStyle::GraphQl { query, cursor };
        let is_in_path = |p: &Parameter| request.path.contains(&format!("{{{}}}", p.wire));
        let of_body = |p: &&mut Parameter| match p.location {
            Location::Path => !is_in_path(p),
            location => location == Location::Query,
        };
        for parameter in parameters.iter_mut().filter(of_body) {
            parameter.location = Location::Body;
            parameter.style = ValueStyle::default();
        }
    }

    /// How pages are requested, and their size.
    pub(super) fn paging(
        &self,
        parameters: &mut Vec<Parameter>,
        types: &mut Types,
    ) -> Result<Option<Paging>, Diagnostic> {
        let size = mentions(self.query, LIMIT).then(|| self.size(parameters, types));
        Ok(match self.next()? {
            Some(next) => Some(Paging { next, size }),
            // There is a single page, with as many rows as requested.
            None => size.map(|size| {
                let full = self.page_size().or_else(|| self.usual_limit());
                let next = NextPage::Cursor { answer: ResponseLocation::Body(Vec::new()), more: None, full };
                Paging { next, size: Some(size) }
            }),
        })
    }

    fn next(&self) -> Result<Option<NextPage>, Diagnostic> {
        let Some(at) = self.at.get("cursor").filter(|_| mentions(self.query, BodyStyle::CURSOR)) else {
            return Ok(None);
        };
        let path = |key: &str| at.text(key).map(|path| ResponseLocation::Body(steps(path)));
        let (strategy, more) = (at.text("strategy").unwrap_or("cursor_after"), path("terminateOnJsonPath"));
        let (more, full) = match strategy {
            "offset" => return Ok(Some(NextPage::Offset { parameter: BodyStyle::CURSOR.to_owned() })),
            "cursor_after" => (more, None),
            "page_info" => (more.or_else(|| self.has_next_page(at)), None),
            "keyset" => (more, self.page_size().or_else(|| self.usual_limit())),
            other => {
                let advice = "write cursor_after, page_info, keyset or offset";
                return Err(Diagnostic::new(at.place(), &format!("there is no cursor strategy {other}"), advice));
            }
        };
        let Some(answer) = path("jsonPath") else {
            let advice = "give jsonPath, where the answer has the next cursor";
            return Err(Diagnostic::new(at.place(), &format!("the {strategy} cursor is nowhere"), advice));
        };
        Ok(Some(NextPage::Cursor { answer, more, full }))
    }

    /// The path of `hasNextPage` next to the cursor, if the query requests it.
    fn has_next_page(&self, cursor: NodeRef<'a>) -> Option<ResponseLocation> {
        const MORE: &str = "hasNextPage";
        let mut path = steps(cursor.text("jsonPath")?);
        path.pop().filter(|_| self.query.contains(MORE))?;
        path.push(MORE.to_owned());
        Some(ResponseLocation::Body(path))
    }

    fn page_size(&self) -> Option<u32> {
        self.at.get("cursor")?.text("pageSize")?.parse().ok().filter(|rows| *rows > 0)
    }

    /// Default number of rows per page.
    fn usual_limit(&self) -> Option<u32> {
        self.limit_says("default").filter(|_| mentions(self.query, LIMIT))
    }

    /// A number in the schema of the parameter `limit`.
    fn limit_says(&self, key: &str) -> Option<u32> {
        let lists = [self.operation.at, self.operation.item].map(|at| at.get("parameters"));
        let mut parameters = lists.into_iter().flatten().flat_map(NodeRef::items).filter_map(|at| at.target().ok());
        let limit = parameters.find(|at| at.text("name") == Some(LIMIT))?;
        limit.get("schema")?.target().ok()?.text(key)?.parse().ok().filter(|rows| *rows > 0)
    }

    /// The page size parameter. The requested number of rows is not capped unless the document states a maximum.
    fn size(&self, parameters: &mut Vec<Parameter>, types: &mut Types) -> PageSize {
        if !parameters.iter().any(|p| p.name == LIMIT) {
            let ty = types.push(Type::Integer);
            parameters.push(Parameter { ty, ..text(LIMIT, Location::Body, types) });
        }
        let page_size = self.page_size();
        PageSize {
            parameter: LIMIT.to_owned(),
            minimum: 1,
            maximum: page_size.or_else(|| self.limit_says("maximum")).unwrap_or(u32::MAX),
            request_maximum: page_size.is_some(),
            excludes: Vec::new(),
        }
    }

    /// The template of the cursor argument.
    fn cursor(&self) -> String {
        let Some(at) = self.at.get("cursor") else { return String::new() };
        let usual = match at.text("strategy") {
            _ if is_quoted(self.query) => AS_IT_IS,
            Some("offset") => OFFSET,
            _ => AFTER,
        };
        at.text("format").map_or_else(|| usual.to_owned(), |format| format.replace("%s", AS_IT_IS))
    }
}

/// The actions of a template, each with the text before it.
fn actions(template: &str) -> impl Iterator<Item = (&str, &str)> {
    template.match_indices("{{").map(|(at, _)| {
        let (before, from) = template.split_at(at);
        (before, from.split_once("}}").map_or(from, |(action, _)| action))
    })
}

/// Whether an action of a template refers to the field.
fn mentions(template: &str, field: &str) -> bool {
    actions(template).any(|(_, action)| has_field(action, field))
}

fn has_field(action: &str, field: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    action.split('.').skip(1).any(|rest| rest.strip_prefix(field).is_some_and(is_end))
}

/// Whether the cursor is already enclosed in quotes.
fn is_quoted(query: &str) -> bool {
    actions(query).any(|(before, action)| before.ends_with('"') && has_field(action, BodyStyle::CURSOR))
}
