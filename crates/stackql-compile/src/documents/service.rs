//! Compiles a service's document: its resources and their methods.

use stackql_provider::names::fold;
use stackql_provider::{Resource, ResourceEntry, Service, ServiceSource, Type, Types, Verb};

use super::config::Config;
use super::diagnostic::Diagnostic;
use super::document_set::{DocumentSet, NodeRef};
use super::operation::{self, CompileContext, Operation};
use super::provider::{auth, is_signed};
use super::resources_document::{Operations, ResourcesDocument};
use super::{annotated, command, permissions, servers, views};

/// The keys of `sqlVerbs`, in the order in which methods are listed.
pub(super) const VERBS: [(&str, Verb); 5] = [
    ("select", Verb::Select),
    ("insert", Verb::Insert),
    ("delete", Verb::Delete),
    ("update", Verb::Update),
    ("replace", Verb::Replace),
];
/// The map of resources below `components`.
pub(super) const RESOURCES: &str = "x-stackQL-resources";
/// The map of resources at the top level of a document.
pub(super) const PLAIN_RESOURCES: &str = "resources";

/// Compiles the service of an entry in the provider's document. A method or resource with an error is omitted and
/// reported; the others are compiled.
///
/// # Errors
///
/// The service's document is missing or invalid.
pub(super) fn compile(
    library: &DocumentSet,
    name: &str,
    entry: NodeRef<'_>,
) -> Result<(ServiceSource, Vec<Diagnostic>), Diagnostic> {
    let provider = library.first();
    let mut problems = Vec::new();
    let resources_document = ResourcesDocument::from_entry(entry, &mut problems);
    let document = match (document(entry), &resources_document) {
        (Ok(document), _) => document,
        // The service's document is optional if there is a document of resources.
        (Err(missing), Some(resources)) => resources.home().ok_or(missing)?,
        (Err(missing), None) => return Err(missing),
    };
    let config = Config::service(document, entry, provider);
    let auth = auth(provider, document, &config);
    let is_signed = is_signed(&auth.scheme);
    let override_id = if is_signed { name } else { "" };
    let mut endpoints = servers::endpoints(document, is_signed, override_id);
    if is_signed {
        endpoints.path_style = servers::path_style(document);
    }
    let info = |key: &str| document.get("info").and_then(|i| i.text(key));
    let text = |key: &str| entry.text(key).unwrap_or_default().to_owned();
    let mut service = Service {
        name: name.to_owned(),
        version: text("version"),
        title: entry.text("title").or(info("title")).unwrap_or_default().to_owned(),
        description: text("description"),
        auth,
        endpoints,
        resources: Vec::new(),
    };
    let scope = service.endpoints.scope.clone();
    let is_local = command::is_local(provider, &config);
    let scene = CompileContext { document, config, is_signed, scope: scope.as_deref(), is_local, permissions: None };
    let mut resources = Vec::new();
    for (name, at) in resources_of(document, resources_document.as_ref()) {
        let operations = match Operations::find_operation(resources_document.as_ref(), at, document) {
            Ok(operations) => operations,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let permissions = permissions::of_resource(operations.nearest(), at);
        let scene = CompileContext { config: scene.config.nearer(at), permissions, ..scene };
        let mut resource = Resource {
            name: name.to_owned(),
            description: at.text("description").or(at.text("title")).unwrap_or_default().to_owned(),
            views: views::of_resource(at, &mut problems),
            ..Resource::default()
        };
        fill(&scene, &operations, &mut resource, methods(at, &mut problems), &mut problems);
        resources.push(resource);
    }
    if resources.is_empty() {
        for (name, methods) in annotated::resources(document) {
            let mut resource = Resource { name: name.to_owned(), ..Resource::default() };
            fill(&scene, &Operations::within(document), &mut resource, methods, &mut problems);
            resources.push(resource);
        }
    }
    resources.sort_by(|a: &Resource, b| a.name.cmp(&b.name));
    service.resources = resources.iter().map(|r| ResourceEntry { name: r.name.clone(), page_only: false }).collect();
    Ok((ServiceSource { service, resources }, problems))
}

/// The service's own document.
fn document(entry: NodeRef<'_>) -> Result<NodeRef<'_>, Diagnostic> {
    let advice = "name the service's document under service.$ref";
    let missing = || Diagnostic::new(entry.place(), "the service names no document", advice);
    let document = entry.get("service").ok_or_else(missing)?.target()?;
    match document.is_map() {
        true => Ok(document),
        false => Err(Diagnostic::new(document.place(), "is no OpenAPI document", "pull the provider again")),
    }
}

/// The resources: those of the separate document, otherwise those of the service's document.
fn resources_of<'a>(
    document: NodeRef<'a>,
    resources_document: Option<&ResourcesDocument<'a>>,
) -> Vec<(&'a str, NodeRef<'a>)> {
    let components = || document.get("components").and_then(|c| c.get(RESOURCES));
    let own = || components().or(document.get(RESOURCES)).or(document.get(PLAIN_RESOURCES));
    let mut out: Vec<(&str, NodeRef<'_>)> = Vec::new();
    let all = resources_document.map(|document| document.resources).or_else(own);
    for (name, at) in all.into_iter().flat_map(NodeRef::entries) {
        let has_views = || at.get("config").is_some_and(|config| config.get("views").is_some());
        if (at.get("methods").is_some() || has_views()) && !out.iter().any(|(n, _)| *n == name) {
            out.push((name, at));
        }
    }
    out
}

/// A method before it is compiled.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) verb: Verb,
    pub(super) at: NodeRef<'a>,
    pub(super) operation: Option<Operation<'a>>,
}

/// Compiles methods and adds them to their resource.
fn fill<'a>(
    scene: &CompileContext<'a>,
    operations: &Operations<'a>,
    resource: &mut Resource,
    methods: Vec<Source<'a>>,
    problems: &mut Vec<Diagnostic>,
) {
    let mut types = Types::default();
    for source in methods {
        match compiled(scene, operations, &source, &mut types) {
            Ok(compiled) => {
                if source.verb == Verb::Select {
                    join(resource, compiled.columns, &mut types);
                }
                resource.methods.push(compiled.method);
                // Methods may inherit the same problem from their configuration; it is reported once.
                for problem in compiled.problems {
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    resource.types = types;
}

fn compiled<'a>(
    scene: &CompileContext<'a>,
    operations: &Operations<'a>,
    source: &Source<'a>,
    types: &mut Types,
) -> Result<operation::CompiledMethod, Diagnostic> {
    let Source { name, verb, at, operation } = source;
    let operation = match operation {
        Some(operation) => *operation,
        None => match at.get("operation").and_then(|o| o.text("$ref").or(o.scalar())) {
            Some(reference) => operations.find(*at, reference)?,
            None if scene.is_local => Operation::none(*at),
            None => {
                let what = format!("the method {name} names no operation");
                let advice = "give operation.$ref, a path such as '#/paths/~1things/get'";
                return Err(Diagnostic::new(at.place(), &what, advice));
            }
        },
    };
    operation::compile(scene, name, *at, &operation, *verb, types)
}

/// The verb of a method by its name, for resources without `sqlVerbs`.
fn verb_by_name(name: &str) -> Option<Verb> {
    match name {
        "select" | "list" | "aggregatedList" | "get" => Some(Verb::Select),
        "insert" | "create" => Some(Verb::Insert),
        _ => VERBS.iter().find(|(key, _)| *key == name).map(|(_, verb)| *verb),
    }
}

/// The methods in the order in which they are tried: those listed for each verb, then the rest.
fn methods<'a>(resource: NodeRef<'a>, problems: &mut Vec<Diagnostic>) -> Vec<Source<'a>> {
    let all: Vec<(&str, NodeRef<'_>)> = resource.get("methods").into_iter().flat_map(NodeRef::entries).collect();
    let mut out: Vec<(&str, Verb, NodeRef<'_>)> = Vec::new();
    for (key, verb) in VERBS {
        let listed = resource.get("sqlVerbs").and_then(|v| v.get(key));
        for at in listed.into_iter().flat_map(NodeRef::items) {
            // The last segment of the reference names the method, whatever the rest refers to.
            let named = at.reference_name().and_then(|last| all.iter().find(|(name, _)| *name == last));
            let (name, target) = match (named, at.target()) {
                (Some((name, own)), _) => (Some(*name), *own),
                (None, Ok(target)) => {
                    let own = all.iter().find(|(_, m)| m.key() == target.key()).map(|(name, _)| *name);
                    (own.or(at.reference_name()), target)
                }
                (None, Err(problem)) => {
                    problems.push(problem);
                    continue;
                }
            };
            let Some(name) = name else { continue };
            if !out.iter().any(|(n, v, _)| *n == name && *v == verb) {
                out.push((name, verb, target));
            }
        }
    }
    if resource.get("sqlVerbs").is_none() {
        for (_, verb) in VERBS {
            let named = all.iter().filter(|(name, _)| verb_by_name(name) == Some(verb));
            out.extend(named.map(|(name, at)| (*name, verb, *at)));
        }
    }
    let rest = all.into_iter().filter(|(name, _)| !out.iter().any(|(n, ..)| n == name));
    let rest: Vec<_> = rest.map(|(name, at)| (name, Verb::Exec, at)).collect();
    out.extend(rest);
    out.into_iter().map(|(name, verb, at)| Source { name, verb, at, operation: None }).collect()
}

/// Adds columns that earlier methods lack in any spelling. A column with conflicting types accepts any value.
fn join(resource: &mut Resource, columns: Vec<stackql_provider::Column>, types: &mut Types) {
    let earlier = resource.columns.len();
    for column in columns {
        let exact = resource.columns.iter().position(|c| c.name == column.name);
        let known =
            exact.or_else(|| resource.columns[..earlier].iter().position(|c| fold(&c.name) == fold(&column.name)));
        match known.map(|at| &mut resource.columns[at]) {
            None => resource.columns.push(column),
            Some(known) if types.get(known.ty).label() != types.get(column.ty).label() => {
                known.ty = types.push(Type::Any);
            }
            Some(_) => {}
        }
    }
}
