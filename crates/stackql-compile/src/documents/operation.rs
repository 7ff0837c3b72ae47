//! Compiles one method: the parameters, body and URL of its operation. Responses are in [`super::response`].

use heck::ToSnakeCase;
use stackql_provider::{
    BodyStyle, FormStyle, Location, Method, Parameter, RequestShape, Template, Type, Types, ValueStyle, Verb,
};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::graphql::GraphQl;
use super::schema::{MergedSchema, NestedTypes, is_read_only, merged};
use super::{command, inverse, lro, paging, permissions, pushdown, response, retry, secrets, servers};

/// Header by which AWS's JSON protocols select the operation; their path is always `/`.
pub(super) const TARGET: &str = "X-Amz-Target";
const FORM: &str = "application/x-www-form-urlencoded";

/// The operation that a method refers to, and its location in the documents.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) http_method: &'a str,
    pub(super) path: &'a str,
    pub(super) item: NodeRef<'a>,
    pub(super) at: NodeRef<'a>,
    /// The document that lists its path.
    pub(super) document: NodeRef<'a>,
}

impl<'a> Operation<'a> {
    /// A stand-in for methods without an operation, which describe themselves.
    pub(super) fn none(method: NodeRef<'a>) -> Self {
        Self { http_method: "", path: "", item: method, at: method, document: method.document() }
    }

    /// Resolves `reference`, which is written at `from`, to an operation.
    pub(super) fn find(from: NodeRef<'a>, reference: &'a str) -> Result<Self, Diagnostic> {
        let (above, verb) = reference.rsplit_once('/').unwrap_or_default();
        let lower = format!("{above}/{}", verb.to_lowercase());
        let at = from.referred(reference).or_else(|problem| from.referred(&lower).map_err(|_| problem))?.target()?;
        let item = from.referred(above)?;
        // The key under which the path item is listed is the path itself.
        let paths = above.rsplit_once('/').and_then(|(paths, _)| from.referred(paths).ok());
        let mut entries = paths.into_iter().flat_map(NodeRef::entries);
        let path = entries.find(|(_, at)| at.key() == item.key()).map_or("", |(path, _)| path);
        Ok(Self { http_method: verb, path, item: item.target()?, at, document: item.document() })
    }

    /// Resolves a schema by which a method overrides that of the operation. A reference without a file name is relative
    /// to the operation's document, wherever the method is defined.
    pub(super) fn stated(&self, schema: NodeRef<'a>) -> NodeRef<'a> {
        match schema.text("$ref") {
            Some(reference) if reference.starts_with('#') && schema.document().key() != self.document.key() => {
                self.document.referred(reference).unwrap_or(schema)
            }
            _ => schema,
        }
    }

    /// Whether this is its HTTP method, ignoring case.
    pub(super) fn is(&self, http_method: &str) -> bool {
        self.http_method.eq_ignore_ascii_case(http_method)
    }
}

/// A text parameter.
pub(super) fn text(name: &str, location: Location, types: &mut Types) -> Parameter {
    let (name, wire) = (name.to_owned(), name.to_owned());
    Parameter { name, wire, location, ty: types.push(Type::String), ..Parameter::default() }
}

/// Selects a media type: `stated`, else `usual` if it is described, else the first one. Also returns its description,
/// or that of the first one.
pub(super) fn media<'a>(
    content: Option<NodeRef<'a>>,
    stated: Option<&'a str>,
    usual: &'a str,
) -> Option<(&'a str, Option<NodeRef<'a>>)> {
    let described = |media: &str| content.and_then(|c| c.get(media));
    let first = content.and_then(|c| c.entries().next());
    match stated {
        Some(stated) => Some((stated, described(stated).or(first.map(|(_, at)| at)))),
        None => described(usual).map(|at| (usual, at)).or(first).map(|(media, at)| (media, Some(at))),
    }
}

/// The inputs for compiling the methods of a resource.
pub(super) struct CompileContext<'a> {
    /// The service's document.
    pub(super) document: NodeRef<'a>,
    pub(super) config: Config<'a>,
    /// Whether requests are signed; headers of the signature are then no parameters.
    pub(super) is_signed: bool,
    pub(super) scope: Option<&'a str>,
    /// Whether methods are local commands.
    pub(super) is_local: bool,
    /// The permissions that the resource's schema requires for each kind of change.
    pub(super) permissions: Option<NodeRef<'a>>,
}

/// A compiled method, and the columns of its rows.
pub(super) struct CompiledMethod {
    pub(super) method: Method,
    pub(super) columns: Vec<stackql_provider::Column>,
    /// Diagnostics of the parts that could not be compiled.
    pub(super) problems: Vec<Diagnostic>,
}

pub(super) fn compile<'a>(
    scene: &CompileContext<'a>,
    name: &str,
    at: NodeRef<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    types: &mut Types,
) -> Result<CompiledMethod, Diagnostic> {
    if scene.is_local {
        return command::compile(name, at, operation, verb, types);
    }
    if let Some(inline) = at.get("inline") {
        let what = format!("the method {name} has a command, and its provider has none");
        return Err(Diagnostic::new(inline.place(), &what, "write protocolType: local_templated in provider.yaml"));
    }
    let document = operation.document;
    let config = scene.config.within(document).nearer(at);
    let mut parameters = parameters(scene, at, operation, types);
    let (path, fixed_query) = operation.path.split_once('?').unwrap_or((operation.path, ""));
    let mut fixed: Vec<(String, String)> = pairs(fixed_query);
    if config.algorithm("requestTranslate") == "drop_double_underscore_params" {
        fixed.retain(|(name, _)| !name.starts_with("__"));
        parameters.retain(|p| p.location != Location::Query || !p.name.starts_with("__"));
    }
    // A query string in the path already binds them: `/?list-type=2`.
    for parameter in parameters.iter_mut().filter(|p| p.location == Location::Query) {
        parameter.required &= !fixed.iter().any(|(name, value)| *name == parameter.wire && !value.is_empty());
    }
    let mut request = RequestShape { http_method: operation.http_method.to_uppercase(), ..RequestShape::default() };
    // Services with signed requests choose the format of the response themselves.
    if !scene.is_signed {
        let accept = at.get("response").and_then(|response| response.text("mediaType"));
        request.accept = accept.unwrap_or_default().to_owned();
    }
    let query = GraphQl::from_method(at, operation)?;
    let listed = |at: NodeRef<'a>| at.get("servers").filter(|s| s.items().next().is_some());
    let first = |servers: NodeRef<'a>| servers.items().next().and_then(|s| s.text("url"));
    let usual = scene.document.get("servers");
    // Operations defined in another document use that document's servers.
    let elsewhere = listed(document).filter(|servers| first(*servers) != usual.and_then(first));
    let own_servers = listed(operation.at).or(listed(operation.item)).or(elsewhere);
    let servers = own_servers.or(usual);
    if let Some(query) = &query {
        path.clone_into(&mut request.path);
        query.request(&mut request, &mut parameters);
    } else if config.algorithm("requestTranslate") == "get_query_to_post_form_utf_8" {
        "POST".clone_into(&mut request.http_method);
        FORM.clone_into(&mut request.media_type);
        request.body = BodyStyle::Form(form_style(&config));
        request.fixed = fixed;
        path.clone_into(&mut request.path);
        for parameter in parameters.iter_mut().filter(|p| p.location == Location::Query) {
            parameter.location = Location::Body;
        }
    } else {
        // If a header selects the operation, the path only distinguishes operations within the document.
        let is_by_target = parameters.iter().any(|p| p.wire == TARGET && p.default.is_some());
        request.path = with_query(if is_by_target { "/" } else { path }, &fixed);
        if config.algorithm("queryParamTranspose").starts_with("AWS") {
            for parameter in parameters.iter_mut().filter(|p| p.location == Location::Query) {
                parameter.style = ValueStyle::Indexed;
            }
        }
        body(at, operation, verb, &config, &mut request, &mut parameters, types);
    }
    for parameter in &mut parameters {
        if parameter.location == Location::Path && !goes_on(operation, &parameter.wire) {
            parameter.style = ValueStyle::Slashed;
        }
    }
    if let (Some(_), Some(server)) = (own_servers, servers.and_then(|s| s.items().next())) {
        request.url = server.text("url").map(servers::template);
    }
    for variable in servers.map(|s| servers::variables(s, types)).unwrap_or_default() {
        if !parameters.iter().any(|p| p.name == variable.name) {
            parameters.push(variable);
        }
    }
    if let Some(scope) = scene.scope
        && !parameters.iter().any(|p| p.name == scope)
    {
        parameters.push(Parameter { required: true, ..text(scope, Location::Server, types) });
    }
    let (response, mut columns) = response::compile(at, operation, types)?;
    if config.get("snake_case_aliases").and_then(NodeRef::scalar) == Some("true") {
        in_snake_case(&mut columns);
    }
    let paging = match (&query, request.http_method.as_str()) {
        _ if verb != Verb::Select => None,
        (Some(query), _) => query.paging(&mut parameters, types)?,
        (None, "GET" | "POST") => paging::compile(&config, operation, &response, &mut parameters, types),
        _ => None,
    };
    let mut problems = Vec::new();
    let pushdown = match (verb, request.http_method.as_str()) {
        (Verb::Select, "GET") => pushdown::compile(&config, &mut parameters, types, &mut problems),
        _ => None,
    };
    let target = parameters.iter().find(|p| p.wire == TARGET).and_then(|p| p.default.as_deref());
    let server = servers.and_then(|s| s.items().next()?.text("url")).unwrap_or_default();
    let completion = match query {
        Some(_) => None,
        None => lro::compile(at, operation, verb, (server, target), &response, types, &mut problems),
    };
    let method = Method {
        name: name.to_owned(),
        operation: operation.at.text("operationId").unwrap_or(name).to_owned(),
        verb,
        description: operation.at.text("description").or(operation.at.text("summary")).unwrap_or_default().to_owned(),
        parameters,
        request,
        response,
        paging,
        predicate_pushdowns: Vec::new(),
        clause_pushdown: pushdown,
        lro: completion,
        retry: retry::compile(&config, &mut problems),
        inverse: inverse::compile(at, &mut problems),
        permissions: permissions::compile(scene.permissions, document, operation.at, verb),
        secrets: secrets::schema_secrets(at, operation),
    };
    Ok(CompiledMethod { method, columns, problems })
}

/// Renames columns to snake case and keeps their wire names as aliases.
fn in_snake_case(columns: &mut [stackql_provider::Column]) {
    for at in 0..columns.len() {
        let name = columns[at].name.to_snake_case();
        if name != columns[at].name && !columns.iter().any(|column| column.name == name) {
            let wire = std::mem::replace(&mut columns[at].name, name.clone());
            columns[at].aliases.retain(|alias| *alias != name);
            columns[at].aliases.push(wire);
        }
    }
}

/// Whether the parameter's placeholder is followed by another one in this path, or in another path with the same HTTP
/// method. A slash in the value would then be taken for the separator between the two.
fn goes_on(operation: &Operation<'_>, wire: &str) -> bool {
    let bare = |path: &'_ str| path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
    let (path, own) = (bare(operation.path), format!("{{{wire}}}"));
    if path.contains(&format!("{own}/{{")) {
        return true;
    }
    let longer = format!("{path}/{{");
    let is_longer = |other: &str| bare(other).strip_prefix(&longer).is_some_and(|rest| !rest.contains('/'));
    let mut paths = operation.document.get("paths").into_iter().flat_map(NodeRef::entries);
    path.ends_with(&own)
        && paths.any(|(other, item)| is_longer(other) && item.entries().any(|(verb, _)| operation.is(verb)))
}

fn form_style(config: &Config<'_>) -> FormStyle {
    match config.algorithm("queryParamTranspose") {
        "AWSCanonical" | "" => FormStyle::Indexed,
        _ => FormStyle::IndexedMember,
    }
}

/// The parameters of path item and operation, and those that the method adds.
fn parameters<'a>(
    scene: &CompileContext<'a>,
    method: NodeRef<'a>,
    operation: &Operation<'a>,
    types: &mut Types,
) -> Vec<Parameter> {
    let mut out: Vec<Parameter> = Vec::new();
    let lists = [operation.at, operation.item, method].map(|at| at.get("parameters"));
    for at in lists.into_iter().flatten().flat_map(NodeRef::items).filter_map(|at| at.target().ok()) {
        let (Some(name), Some(location)) = (at.text("name"), at.text("in").and_then(location)) else { continue };
        if out.iter().any(|p| p.wire == name && p.location == location) {
            continue;
        }
        if location == Location::Header
            && (is_of_the_connection(name) || (scene.is_signed && is_of_the_signature(name)))
        {
            continue;
        }
        out.push(parameter(at, name, location, types));
    }
    for (name, at) in method.get("parameters").into_iter().flat_map(NodeRef::entries) {
        let (Ok(at), false) = (at.target(), out.iter().any(|p| p.name == name)) else { continue };
        let location = at.text("in").and_then(location).unwrap_or(Location::Query);
        out.push(parameter(at, name, location, types));
    }
    out
}

fn location(text: &str) -> Option<Location> {
    Some(match text {
        "query" => Location::Query,
        "path" => Location::Path,
        "header" => Location::Header,
        _ => return None,
    })
}

/// Headers that the client sets itself: content length, host and credentials.
fn is_of_the_connection(name: &str) -> bool {
    ["content-length", "host", "authorization"].iter().any(|h| h.eq_ignore_ascii_case(name))
}

fn is_of_the_signature(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "X-Amz-Content-Sha256",
        "X-Amz-Date",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    ];
    NAMES.iter().any(|n| n.eq_ignore_ascii_case(name))
}

fn parameter<'a>(at: NodeRef<'a>, name: &'a str, location: Location, types: &mut Types) -> Parameter {
    let content = media(at.get("content"), None, "").and_then(|(_, at)| at);
    let schema = at.get("schema").or(content.and_then(|c| c.get("schema")));
    let shape = schema.map(merged).unwrap_or_default();
    let explodes = at.text("explode") != Some("false");
    let style = match at.text("style") {
        Some("deepObject") => ValueStyle::Deep,
        Some("form") | None if location == Location::Query && explodes => ValueStyle::Exploded,
        _ => ValueStyle::Joined,
    };
    let default = default(schema, location);
    let required = at.says("required") || at.says("x-alwaysRequired") || location == Location::Path;
    Parameter {
        name: name.to_owned(),
        wire: name.to_owned(),
        location,
        ty: shape.shallow(types),
        required: required && default.is_none(),
        style,
        default,
        description: at.text("description").unwrap_or(shape.description).to_owned(),
        ..Parameter::default()
    }
}

/// The value sent if nothing is bound: a header's default, or its only enum value. Other defaults are applied by the
/// server.
fn default(schema: Option<NodeRef<'_>>, location: Location) -> Option<String> {
    if location != Location::Header {
        return None;
    }
    let schema = schema?.target().ok()?;
    let only = || {
        let mut values = schema.get("enum")?.items();
        values.next()?.scalar().filter(|_| values.next().is_none())
    };
    schema.text("default").or_else(only).map(str::to_owned)
}

/// Compiles the body: its style, and a parameter for each of its members.
fn body<'a>(
    method: NodeRef<'a>,
    operation: &Operation<'a>,
    verb: Verb,
    config: &Config<'a>,
    request: &mut RequestShape,
    parameters: &mut Vec<Parameter>,
    types: &mut Types,
) {
    let wanted = method.get("request");
    let said = |key: &str| wanted.and_then(|r| r.text(key));
    let content = operation.at.follow("requestBody").and_then(|b| b.get("content"));
    let media = media(content, said("mediaType"), "application/json");
    let described = media.and_then(|(_, at)| at?.get("schema"));
    let stated = wanted.and_then(|r| r.get("schema_override"));
    let schema = stated.map(|at| operation.stated(at)).or(described);
    let called = stated.or(described).and_then(NodeRef::reference_name);
    let base = said("base").or(said("default")).map(str::to_owned);
    let Some((media_type, _)) = media.filter(|_| schema.is_some() || base.is_some()) else { return };
    let algorithm = config.algorithm("requestBodyTranslate");
    let wrap = algorithm.strip_prefix("naive_").map(str::to_owned);
    let shape = schema.map(merged).unwrap_or_default();
    request.transform = wanted.and_then(|r| r.get("transform")).map(template);
    request.body = match media_type {
        FORM => BodyStyle::Form(form_style(config)),
        xml if xml.contains("xml") => BodyStyle::Xml {
            root: shape.xml_name.or(called).unwrap_or("Request").to_owned(),
            attributes: said("xmlRootAnnotation").unwrap_or_default().to_owned(),
            declaration: said("xmlDeclaration").unwrap_or_default().to_owned(),
        },
        _ => BodyStyle::Json { base, wrap: wrap.clone() },
    };
    media_type.clone_into(&mut request.media_type);
    let also: Vec<&str> = wanted
        .and_then(|r| r.get("required"))
        .into_iter()
        .flat_map(NodeRef::items)
        .filter_map(NodeRef::scalar)
        .collect();
    let wrapped = |shape: &MergedSchema<'a>| {
        let (_, at) = shape.properties.iter().find(|(n, _)| Some(*n) == wrap.as_deref())?;
        Some(merged(*at))
    };
    let inner = wrapped(&shape);
    let members = inner.as_ref().unwrap_or(&shape);
    let nested = match (&request.body, verb) {
        (BodyStyle::Xml { .. } | BodyStyle::Form(_), _) => Nested::InShape,
        (_, Verb::Insert) => Nested::Beside,
        _ => Nested::Nowhere,
    };
    let naive = algorithm.starts_with("naive");
    members_as_parameters(members, &also, (naive, nested), parameters, types);
    let Some(described) = stated.and(described) else { return };
    // Members of the operation's own schema are accepted in addition to those of the override, in their exact spelling.
    let mut shape = merged(described);
    shape = wrapped(&shape).unwrap_or(shape);
    shape.properties.retain(|(name, _)| !members.properties.iter().any(|(stated, _)| stated == name));
    let known = parameters.len();
    members_as_parameters(&shape, &[], (naive, nested), parameters, types);
    for parameter in &mut parameters[known..] {
        (parameter.required, parameter.is_exact) = (false, true);
    }
}

/// Where a parameter's type for nested values is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nested {
    /// In its own type, which determines how the request is written.
    InShape,
    /// Separately: nested values are sent as they are, and the type is only used for statement templates.
    Beside,
    Nowhere,
}

fn members_as_parameters(
    body: &MergedSchema<'_>,
    also_required: &[&str],
    (naive, nested): (bool, Nested),
    parameters: &mut Vec<Parameter>,
    types: &mut Types,
) {
    let mut shapes = NestedTypes::new(types);
    for (name, at) in &body.properties {
        let shape = merged(*at);
        let prefixed = format!("data__{name}");
        let is_free = !parameters.iter().any(|p| p.name == *name);
        let (own, mut aliases) = match naive && is_free {
            true => ((*name).to_owned(), vec![prefixed]),
            false => (prefixed, Vec::new()),
        };
        let other = shape.aliases(body).into_iter();
        aliases.extend(other.map(|alias| if naive { alias } else { format!("data__{alias}") }));
        let is_nested = matches!(shape.kind, "array" | "object") && !shape.is_text_only;
        let (ty, nested) = match nested {
            Nested::InShape => (shapes.add(*at), None),
            Nested::Beside if is_nested => (shapes.shallow(&shape), Some(shapes.add(*at))),
            Nested::Beside | Nested::Nowhere => (shapes.shallow(&shape), None),
        };
        parameters.push(Parameter {
            name: own,
            aliases,
            wire: (*name).to_owned(),
            location: Location::Body,
            ty,
            required: body.required.contains(name) || also_required.contains(name) || at.says("x-alwaysRequired"),
            description: shape.description.to_owned(),
            is_read_only: is_read_only(*at),
            nested,
            ..Parameter::default()
        });
    }
}

pub(super) fn template(at: NodeRef<'_>) -> Template {
    let text = |key: &str| at.text(key).unwrap_or_default().to_owned();
    Template { kind: text("type"), body: text("body") }
}

pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pair = |p: &str| {
        let (name, value) = p.split_once('=').unwrap_or((p, ""));
        (name.to_owned(), value.to_owned())
    };
    query.split('&').filter(|p| !p.is_empty()).map(pair).collect()
}

pub(super) fn with_query(path: &str, fixed: &[(String, String)]) -> String {
    let mut out = path.to_owned();
    for (i, (name, value)) in fixed.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(name);
        if !value.is_empty() {
            out.push('=');
            out.push_str(value);
        }
    }
    out
}
