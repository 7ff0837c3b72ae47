//! Pages of [`crate::Style::Site`]: the fields, views and methods of a resource, with an example statement for each method.
//! This module owns the layout; [`crate::example`] writes the statements, and [`crate::markdown`] the descriptions.

use stackql_provider::{Method, Parameter, PredicatePushdown, Provider, Resource, Service, Verb};

use crate::example::{ScopeValue, pages, statement};
use crate::markdown::{blocks, cell, code, first_paragraph, plain};

/// The page of a provider.
pub(crate) fn provider(provider: &Provider) -> String {
    let mut out = head(&provider.name, &format!("SQL over {}: all services", provider.name));
    paragraph(&mut out, &plain(&provider.title));
    paragraph(&mut out, &blocks(&provider.description));
    out += &format!("Version {} of the definitions.\n\n## Services\n\n", code(&provider.version));
    out += "| Name | Title | Version |\n|:-----|:------|:--------|\n";
    for service in &provider.services {
        let name = link(&service.name);
        out += &format!("| {name} | {} | {} |\n", plain(&service.title), plain(&service.version));
    }
    out
}

/// The page of a service.
pub(crate) fn service(provider: &Provider, service: &Service) -> String {
    let id = format!("{}.{}", provider.name, service.name);
    let mut out = head(&id, &format!("SQL over {id}: all resources"));
    let (title, description) = (plain(&service.title), blocks(&service.description));
    // Some descriptions start with the title, which would then occur twice.
    if description.lines().next() != Some(&title) {
        paragraph(&mut out, &title);
    }
    paragraph(&mut out, &description);
    out += "## Resources\n\n";
    for resource in service.resources.iter().filter(|r| !r.page_only) {
        out += &format!("- {}\n", link(&resource.name));
    }
    out
}

/// The page of a resource.
pub(crate) fn resource(provider: &Provider, service: &Service, resource: &Resource) -> String {
    let id = format!("{}.{}.{}", provider.name, service.name, resource.name);
    let mut out = head(&id, &format!("Query, deploy and manage {id} by SQL"));
    paragraph(&mut out, &blocks(&resource.description));
    let place = ScopeValue::for_service(provider, service);
    fields(&mut out, resource, service.endpoints.scope.as_deref());
    views(&mut out, resource);
    if resource.methods.is_empty() {
        return out;
    }
    let mut methods: Vec<&Method> = resource.methods.iter().collect();
    // The sort is stable, so that methods of the same verb keep their order of preference.
    methods.sort_by_key(|m| m.verb);
    out += "\n## Methods\n\n| Name | Accessible by | Required parameters | Description |\n";
    out += "|:-----|:--------------|:--------------------|:------------|\n";
    for method in &methods {
        let anchor = method.name.to_lowercase();
        let required: Vec<String> = method.required().into_iter().filter(|p| !pages(method, p)).map(code).collect();
        let (verb, required) = (method.verb.keyword(), required.join(", "));
        let description = first_paragraph(&method.description);
        out += &format!("| [{}](#{anchor}) | `{verb}` | {required} | {description} |\n", code(&method.name));
    }
    for method in methods {
        out += &format!("\n### {}\n\n", code(&method.name));
        paragraph(&mut out, &blocks(&method.description));
        out += &format!("```sql\n{}\n```\n", statement(&id, resource, method, place.as_ref()));
        parameters(&mut out, resource, method, place.as_ref());
    }
    out
}

fn head(title: &str, description: &str) -> String {
    let text = |s: &str| s.replace('\\', "\\\\").replace('"', "\\\"");
    format!("---\ntitle: \"{}\"\ndescription: \"{}\"\n---\n\n# {}\n\n", text(title), text(description), code(title))
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        *out += text;
        *out += "\n\n";
    }
}

fn link(name: &str) -> String {
    format!("[{}](./{name}/index.md)", code(name))
}

fn fields(out: &mut String, resource: &Resource, scope: Option<&str>) {
    *out += "## Fields\n\n";
    if resource.columns.is_empty() && !resource.views.is_empty() {
        *out += "Those of its view; `DESCRIBE` shows them.\n";
        return;
    }
    if resource.columns.is_empty() {
        *out += "No method answers `SELECT`; the methods below are called by their own statements.\n";
        return;
    }
    *out += "| Name | Type | Description |\n|:-----|:-----|:------------|\n";
    for column in &resource.columns {
        let label = resource.type_of(column).label();
        *out += &format!("| {} | `{label}` | {} |\n", code(&column.name), cell(&column.description));
    }
    if let Some(scope) = scope {
        let scope = code(scope);
        *out += &format!("\nHidden column {scope}: where the call is made. `=` names one place, `IN` several,\n");
        *out += "`= '*'` all that are enabled; `*` in the select list does not show it.\n";
    }
    let narrowed = narrowed(resource);
    if !narrowed.is_empty() {
        *out += &format!("\nPredicates on these fields travel with the call: {}.\n", narrowed.join(", "));
    }
}

/// Appends the views: the queries that a SELECT runs instead of calling a method.
fn views(out: &mut String, resource: &Resource) {
    for (at, view) in resource.readable_views().enumerate() {
        *out += if at == 0 { "\n## View\n\n" } else { "\nElse, " };
        let given: Vec<String> = view.required.iter().map(|name| code(name)).collect();
        let given = if given.is_empty() { String::new() } else { format!(" that gives {}", given.join(", ")) };
        *out += &format!("{} `SELECT`{given} reads:\n\n", if at == 0 { "A" } else { "a" });
        *out += &format!("```sql\n{}\n```\n", view.body);
    }
}

/// The columns with predicate pushdown, in the order of the columns.
fn narrowed(resource: &Resource) -> Vec<String> {
    let narrowings: Vec<&PredicatePushdown> =
        resource.methods_of(Verb::Select).flat_map(|m| &m.predicate_pushdowns).collect();
    let travels = |name: &str| narrowings.iter().any(|n| n.column == name);
    resource.columns.iter().filter(|c| travels(&c.name)).map(|c| code(&c.name)).collect()
}

fn parameters(out: &mut String, resource: &Resource, method: &Method, place: Option<&ScopeValue>) {
    if method.parameters.iter().all(|p| p.implied) && place.is_none() {
        return;
    }
    *out += "\n| Parameter | Type | Required | Description |\n|:----------|:-----|:---------|:------------|\n";
    let is_place = |p: &&Parameter| place.is_some_and(|place| place.name == p.name);
    let (required, optional): (Vec<&Parameter>, Vec<&Parameter>) =
        method.parameters.iter().filter(|p| !is_place(p) && !p.implied).partition(|p| p.required);
    for parameter in required.into_iter().chain(optional) {
        let label = resource.types.get(parameter.ty).label();
        let required = match parameter {
            p if pages(method, &p.name) => "set by paging",
            p if p.required => "yes",
            p if p.idempotency_token => "made up when absent",
            _ => "",
        };
        let description = cell(&parameter.description);
        *out += &format!("| {} | `{label}` | {required} | {description} |\n", code(&parameter.name));
    }
    if let Some(place) = place {
        *out += &format!("| {} | `string` |  | Where the call is made. |\n", code(&place.name));
    }
}
