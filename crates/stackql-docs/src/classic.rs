//! Pages of [`crate::Style::Classic`]: front matter, tables and escapes equal those of StackQL's own documentation generator
//! byte for byte. Where its fields differ from the columns of the table, `Resource::classic` has them.

use std::borrow::Cow;

use stackql_provider::{Column, Location, Method, Provider, Resource, Service};

const IMAGE: &str = "https://storage.googleapis.com/stackql-web-assets/blog/stackql-blog-post-featured-image.png";
const NO_SELECT: &str = "`SELECT` not supported for this resource, use `SHOW METHODS` to view available operations \
                         for the resource and then invoke a supported method using the `EXEC` command  \n";

/// The page of a provider.
pub(crate) fn provider(provider: &Provider) -> String {
    let mut out = frame(provider, &provider.name, &[]);
    out += "## Overview\n";
    overview(
        &mut out,
        &[
            ("Name", code(&provider.name)),
            ("Type", "Provider".to_owned()),
            ("Title", escape(&provider.title)),
            ("Description", escape(&provider.description)),
            ("Id", code(&format!("{}:{}", provider.name, provider.version))),
        ],
    );
    out += "\n## Services\n";
    let names: Vec<&str> = provider.services.iter().map(|s| s.name.as_str()).collect();
    link_columns(&mut out, &format!("/providers/{}", provider.name), names);
    out
}

/// The page of a service.
pub(crate) fn service(provider: &Provider, service: &Service) -> String {
    let mut out = frame(provider, &service.name, &[&provider.name]);
    out += "## Overview\n";
    overview(
        &mut out,
        &[
            ("Name", code(&format!("{}.{}", provider.name, service.name))),
            ("Type", "Service".to_owned()),
            ("Title", escape(&service.title)),
            ("Description", escape(&service.description)),
            ("Id", code(&format!("{}:{}", service.name, provider.version))),
        ],
    );
    out += "\n## Resources\n";
    let names: Vec<&str> = service.resources.iter().map(|r| r.name.as_str()).collect();
    link_columns(&mut out, &format!("/providers/{}/{}", provider.name, service.name), names);
    out
}

/// The page of a resource.
pub(crate) fn resource(provider: &Provider, service: &Service, resource: &Resource) -> String {
    // The old generator wrote four spaces after the provider's name.
    let mut out = frame(provider, &resource.name, &[&service.name, &format!("{}    ", provider.name)]);
    out += "## Overview\n";
    overview(
        &mut out,
        &[
            ("Name", code(&resource.name)),
            ("Type", "Resource".to_owned()),
            ("Id", code(&format!("{}.{}.{}", provider.name, service.name, resource.name))),
        ],
    );
    out += "\n## Fields\n";
    fields(&mut out, resource);
    out += "## Methods\n";
    let scope = service.endpoints.scope.as_deref();
    methods(&mut out, &resource.methods, scope);
    out
}

fn frame(provider: &Provider, title: &str, keywords: &[&str]) -> String {
    let mut out = format!("---\ntitle: {title}\nhide_title: false\nhide_table_of_contents: false\nkeywords:\n");
    let fixed = ["stackql", "infrastructure-as-code", "configuration-as-data", "cloud inventory"];
    for keyword in std::iter::once(&title).chain(keywords).chain(&fixed) {
        out += &format!("  - {keyword}\n");
    }
    let name = provider.name.to_uppercase();
    out += &format!("description: Query, deploy and manage {name} resources using SQL\n");
    out += &format!("custom_edit_url: null\nimage: {IMAGE}\n---\n  \n    \n\n");
    out
}

fn overview(out: &mut String, rows: &[(&str, String)]) {
    *out += "<table><tbody>\n";
    for (name, value) in rows {
        *out += &format!("<tr><td><b>{name}</b></td><td>{value}</td></tr>\n");
    }
    *out += "</tbody></table>\n";
}

fn code(text: &str) -> String {
    format!("<code>{text}</code>")
}

fn link_columns(out: &mut String, base: &str, mut names: Vec<&str>) {
    names.sort_unstable();
    let (left, right) = names.split_at(names.len().div_ceil(2));
    *out += "<div class=\"row\">\n";
    for column in [left, right] {
        *out += "<div class=\"providerDocColumn\">\n";
        for name in column {
            *out += &format!("<a href=\"{base}/{name}/\">{name}</a><br />\n");
        }
        *out += "</div>\n";
    }
    *out += "</div>\n";
}

fn fields(out: &mut String, resource: &Resource) {
    let columns = resource.classic.as_ref().map_or(&resource.columns, |page| &page.columns);
    if columns.len() < 2 {
        *out += NO_SELECT;
        return;
    }
    let mut columns: Vec<&Column> = columns.iter().collect();
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    let rows = columns.iter().map(|c| Row {
        cells: vec![format!("`{}`", c.name), format!("`{}`", resource.type_of(c).label())],
        description: describe(&c.description),
    });
    table(out, &[("Name", 5), ("Datatype", 9)], &rows.collect::<Vec<_>>());
}

fn methods(out: &mut String, methods: &[Method], scope: Option<&str>) {
    if methods.is_empty() {
        *out += "No methods available for the resource\n";
        return;
    }
    let mut methods: Vec<&Method> = methods.iter().collect();
    methods.sort_by(|a, b| (a.verb, &a.name).cmp(&(b.verb, &b.name)));
    let rows = methods.iter().map(|m| Row {
        cells: vec![format!("`{}`", m.name), format!("`{}`", m.verb.keyword()), required(m, scope)],
        description: describe(&m.description),
    });
    table(out, &[("Name", 5), ("Accessible by", 14), ("Required Params", 16)], &rows.collect::<Vec<_>>());
}

fn required(method: &Method, scope: Option<&str>) -> String {
    let is_scope =
        |name: &str| scope == Some(name) || method.parameter(name).is_some_and(|p| p.location == Location::Server);
    let names: Vec<&str> = method.required().into_iter().filter(|name| !is_scope(name)).collect();
    if names.is_empty() { String::new() } else { format!("`{}`", names.join(", ")) }
}

struct Row {
    cells: Vec<String>,
    description: String,
}

/// Appends a table. It has a column of descriptions, unless all rows have the same description.
fn table(out: &mut String, columns: &[(&str, usize)], rows: &[Row]) {
    let described = rows.windows(2).any(|pair| pair[0].description != pair[1].description);
    let columns = columns.iter().copied().chain(described.then_some(("Description", 12)));
    for (name, _) in columns.clone() {
        *out += &format!("| {name} ");
    }
    *out += "|\n";
    for (_, dashes) in columns {
        *out += &format!("|:{}", "-".repeat(dashes));
    }
    *out += "|\n";
    for row in rows {
        for cell in row.cells.iter().chain(described.then_some(&row.description)) {
            *out += &format!("| {cell} ");
        }
        *out += "|\n";
    }
}

fn describe(documentation: &str) -> String {
    escape(&unwrap_paragraph(documentation))
}

/// Removes the `<p>` element around a text of one paragraph. Plain text may follow the paragraph, such as the source's note
/// that the field is deprecated; the old generator appended that to the text of the paragraph.
fn unwrap_paragraph(text: &str) -> Cow<'_, str> {
    match text.strip_prefix("<p>").and_then(|t| t.rsplit_once("</p>")) {
        Some((inner, note)) if !inner.contains("<p>") && !note.contains('<') => Cow::Owned(format!("{inner}{note}")),
        _ => Cow::Borrowed(text),
    }
}

/// Escapes text as the old generator did, in the same order. Quotes and `&` are not escaped.
fn escape(text: &str) -> String {
    let text = text.replace('<', "&lt;").replace('>', "&gt;").replace('{', "&#123;").replace('}', "&#125;");
    text.replace("\r\n", "<br />").replace('\n', "<br />").replace('|', "\\|")
}
