//! Compiles a provider's own document: its name, services and authentication.

use std::ffi::OsStr;
use std::path::Path;

use stackql_provider::{Auth, ErrorRules, Provider, Scope, ServiceEntry};

use super::config::Config;
use super::document_set::NodeRef;
use super::servers::REGION;
use super::sql_tables;
use super::yaml_tree::YamlTree;

/// Providers whose requests are signed although their documents do not say so.
const SIGNED: [&str; 2] = ["aws", "awscc"];
const SIGNING: &str = "aws_signing_v4";

/// The embedded list of the registry's conventions.
const HABITS: &str = include_str!("../../../../providers/registry.yaml");

/// Name and version of the provider in a directory `<directory>/<version>`. The name is that of the directory, except
/// for providers whose directory the registry names differently.
pub(super) fn of_folder(folder: &Path) -> (String, String) {
    let text = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
    let directory = text(folder.parent().and_then(Path::file_name));
    let called = YamlTree::parse(HABITS).ok().and_then(|habits| {
        let directories = habits.get(0, "directories")?;
        let mut entries = habits.entries(directories);
        let (name, _) = entries.find(|(_, at)| habits.text(*at) == Some(directory.as_str()))?;
        Some(name.to_owned())
    });
    (called.unwrap_or(directory), text(folder.file_name()))
}

/// Compiles everything but the services' documents. The name is passed in; the name stated in the document only selects
/// defaults.
pub(super) fn compile(at: NodeRef<'_>, (name, version): (String, String)) -> Provider {
    let described = described(at).unwrap_or(&name).to_owned();
    let services = services(at).map(|(name, entry)| ServiceEntry {
        name: name.to_owned(),
        version: entry.text("version").unwrap_or_default().to_owned(),
        title: entry.text("title").unwrap_or_default().to_owned(),
    });
    let mut services: Vec<ServiceEntry> = services.collect();
    let of_tables = sql_tables::services(at);
    services
        .extend(of_tables.into_iter().filter(|new| !services.iter().any(|s| s.name == new.name)).collect::<Vec<_>>());
    services.sort_by(|a, b| a.name.cmp(&b.name));
    let scheme = stated(at).unwrap_or_else(|| usual_scheme(&described));
    let region = || Scope {
        name: REGION.to_owned(),
        environment: vec!["AWS_REGION".to_owned(), "AWS_DEFAULT_REGION".to_owned()],
        default: Some("us-east-1".to_owned()),
        members: None,
    };
    Provider {
        title: at.text("title").unwrap_or(&name).to_owned(),
        name,
        version,
        description: at.text("description").unwrap_or_default().to_owned(),
        scopes: is_signed(scheme).then(region).into_iter().collect(),
        errors: ErrorRules::default(),
        minimum_version: at.get("config").and_then(|c| c.text("minStackQLVersion")).map(str::to_owned),
        services,
    }
}

/// The name that the document states.
fn described(at: NodeRef<'_>) -> Option<&str> {
    at.text("name").or(at.text("id"))
}

/// The services that a provider's document lists, by name.
pub(super) fn services(at: NodeRef<'_>) -> impl Iterator<Item = (&str, NodeRef<'_>)> {
    at.get("providerServices").into_iter().flat_map(NodeRef::entries)
}

fn stated(at: NodeRef<'_>) -> Option<&str> {
    at.get("config")?.get("auth")?.text("type")
}

fn usual_scheme(provider: &str) -> &'static str {
    if SIGNED.contains(&provider) { SIGNING } else { "" }
}

/// Whether the authentication scheme signs requests for a region.
pub(super) fn is_signed(scheme: &str) -> bool {
    scheme.starts_with("aws_")
}

/// The authentication of a service's requests.
pub(super) fn auth(provider: NodeRef<'_>, document: NodeRef<'_>, config: &Config<'_>) -> Auth {
    let context = config.get("auth");
    let name = described(provider).unwrap_or_default();
    let scheme = context.and_then(|c| c.text("type")).unwrap_or_else(|| usual_scheme(name));
    let signing_name = document.get("info").and_then(|i| i.text("x-serviceName"));
    Auth {
        scheme: scheme.to_owned(),
        signing_name: signing_name.filter(|_| is_signed(scheme)).map(str::to_owned),
        context: context.map(|c| c.json().to_string()),
    }
}
