//! Compiles the servers of a document to endpoints, with their variables as parameters.

use std::collections::BTreeSet;

use stackql_provider::{Endpoints, Location, Parameter, Partition, Type, Types, Variant};

use super::document_set::NodeRef;

/// The parameter that selects the region.
pub(super) const REGION: &str = "region";
/// Keys of a path item that are operations.
const VERBS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The endpoints of a service by its document. `scope`: a region variable becomes the service's scope.
pub(super) fn endpoints(document: NodeRef<'_>, scope: bool, override_id: &str) -> Endpoints {
    let servers: Vec<NodeRef<'_>> = document.get("servers").into_iter().flat_map(NodeRef::items).collect();
    let by_region = |s: &NodeRef<'_>| s.get("variables").is_some_and(|v| v.get(REGION).is_some());
    let scope = (scope && servers.iter().any(by_region)).then(|| REGION.to_owned());
    let partition = |server: &NodeRef<'_>| {
        let region = server.get("variables").and_then(|v| v.get(REGION));
        let url = template(server.text("url").unwrap_or_default());
        Partition {
            members: region
                .and_then(|r| r.get("enum"))
                .into_iter()
                .flat_map(NodeRef::items)
                .filter_map(NodeRef::scalar)
                .map(str::to_owned)
                .collect(),
            templates: vec![(
                Variant::default(),
                if scope.is_some() { url.replace("{region}", "{scope}") } else { url },
            )],
            ..Partition::default()
        }
    };
    Endpoints {
        override_id: override_id.to_owned(),
        partitions: servers.iter().filter(|s| s.text("url").is_some()).map(partition).collect(),
        scope,
        path_style: Vec::new(),
    }
}

/// Variables that prefix the host of a URL which also exists without them: `{name}.` is a virtual host for the same
/// content as the path `/name`.
pub(super) fn path_style(document: NodeRef<'_>) -> Vec<String> {
    fn listed(at: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
        at.get("servers").into_iter().flat_map(NodeRef::items)
    }
    let items = document.get("paths").into_iter().flat_map(NodeRef::entries).map(|(_, item)| item);
    let below = items.flat_map(|item| {
        let operations = item.entries().filter(|(verb, _)| VERBS.contains(verb)).map(|(_, at)| at);
        std::iter::once(item).chain(operations).flat_map(listed).collect::<Vec<_>>()
    });
    let urls = listed(document).chain(below).filter_map(|server| server.text("url").map(template));
    let urls: BTreeSet<String> = urls.collect();
    let variable = |url: &String| {
        let (scheme, host) = url.split_once("://{")?;
        let (name, rest) = host.split_once("}.")?;
        urls.contains(&format!("{scheme}://{rest}")).then(|| name.to_owned())
    };
    urls.iter().filter_map(variable).collect()
}

/// The variables of the first of `servers` as parameters, including those that its URL does not use.
pub(super) fn variables(servers: NodeRef<'_>, types: &mut Types) -> Vec<Parameter> {
    let variables = servers.items().next().and_then(|server| server.get("variables"));
    variables.into_iter().flat_map(NodeRef::entries).map(|(name, at)| described(name, at, types)).collect()
}

fn described(name: &str, variable: NodeRef<'_>, types: &mut Types) -> Parameter {
    let environment = variable.text("x-stackQL-envVar").map(str::to_owned);
    let default = variable.text("default").filter(|d| !d.is_empty()).map(str::to_owned);
    Parameter {
        name: name.to_owned(),
        wire: name.to_owned(),
        location: Location::Server,
        ty: types.push(Type::String),
        required: environment.is_none(),
        default,
        environment,
        description: variable.text("description").unwrap_or_default().to_owned(),
        ..Parameter::default()
    }
}

/// Strips patterns from the placeholders of a URL template: `{name:pattern}` becomes `{name}`.
pub(super) fn template(url: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut in_pattern = false;
    for c in url.chars() {
        match c {
            '{' => {
                depth += 1;
                if depth == 1 {
                    out.push(c);
                }
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    in_pattern = false;
                    out.push(c);
                }
            }
            ':' if depth == 1 => in_pattern = true,
            _ if depth > 1 || in_pattern => {}
            c => out.push(c),
        }
    }
    out
}
