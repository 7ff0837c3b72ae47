//! SHOW: lists parts of the definitions as rows of text. Pure: it reads definitions and a [`ShowContext`] only. DESCRIBE is
//! in `describe`, LIKE and WHERE are in `show_filter`.

use std::collections::HashSet;

use datafusion::arrow::record_batch::RecordBatch;
use stackql_provider::names::{NameMatch, did_you_mean, match_name, nearest};
use stackql_provider::{Definitions, LookupError, Method, Origin, Parameter, Resource, Verb, View};
use stackql_sql::{ObjectName, Show, ShowKind};

use crate::BuildInfo;
use crate::error::Error;
use crate::statement::listing::Listing;
use crate::statement::{insert_template, show_filter};
use crate::views::defaults::VIEW;

/// The input of SHOW that is not in the definitions.
#[derive(Debug, Default)]
pub(crate) struct ShowContext {
    /// Compatibility mode: list also the built-in provider of the Go program.
    pub(crate) compat: bool,
    /// The environment variables that parameters of the table take their value from and that are not set.
    pub(crate) unset: HashSet<String>,
}

/// Name and version of the provider that is built into the Go program, which lists it.
const OF_GO: [&str; 2] = ["stackql_preview", "internal"];

/// The rows of a SHOW statement.
pub(crate) fn show(
    definitions: &dyn Definitions,
    build: &BuildInfo,
    context: &ShowContext,
    show: &Show,
) -> Result<RecordBatch, Error> {
    let listing = match &show.kind {
        ShowKind::Providers => providers(definitions, context.compat),
        ShowKind::Services { provider } => services(definitions, provider)?,
        ShowKind::Resources { provider, service } => resources(definitions, provider, service, show.extended)?,
        ShowKind::Methods { table } => methods(&Table::find(definitions, table)?.resource, &context.unset),
        ShowKind::InsertInto { table } => {
            insert_template::insert_into(&Table::find(definitions, table)?, show.extended)?
        }
        ShowKind::Version => {
            let BuildInfo { commit, date, platform } = build.clone();
            let version = concat!("v", env!("CARGO_PKG_VERSION")).to_owned();
            Listing::new(&["version"], &["commit", "build_date", "platform"]).with([[version, commit, date, platform]])
        }
        ShowKind::Setting(words) if words.eq_ignore_ascii_case("transaction isolation level") => {
            Listing::new(&["transaction_isolation"], &[]).with([["read committed".into()]])
        }
        // The session handles SHOW AUTH before it calls this function.
        ShowKind::Auth { .. } => return Err(Error::invalid("this session has no credentials")),
        ShowKind::Setting(words) => {
            return Err(Error::InvalidStatement {
                message: format!("there is nothing called '{words}' to show"),
                hint: Some(
                    "SHOW takes PROVIDERS, SERVICES IN, RESOURCES IN, METHODS IN, INSERT INTO, VERSION, AUTH".into(),
                ),
            });
        }
    };
    filter_listing(listing, show)
}

/// Applies the filter of a SHOW statement to a listing, and converts it to a record batch.
pub(crate) fn filter_listing(mut listing: Listing, show: &Show) -> Result<RecordBatch, Error> {
    if let Some(wanted) = &show.filter {
        show_filter::keep(&mut listing, wanted)?;
    }
    listing.batch(show.extended)
}

/// A resource that a statement names, with its qualified name in the provider's spelling.
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) resource: std::sync::Arc<Resource>,
}

impl Table {
    pub(crate) fn find(definitions: &dyn Definitions, name: &ObjectName) -> Result<Self, Error> {
        let [provider, service, resource] = name.0.as_slice() else {
            return Err(Error::invalid(format!("'{name}' is not a table; name it provider.service.resource")));
        };
        let found = definitions.resource(provider, service, resource)?;
        let (provider, service) = (definitions.provider(provider)?, definitions.service(provider, service)?);
        Ok(Self { name: format!("{}.{}.{}", provider.name, service.name, found.name), resource: found })
    }

    pub(crate) fn method(&self, name: &str) -> Result<&Method, Error> {
        let names = self.resource.methods.iter().enumerate().map(|(i, m)| (i, m.name.as_str()));
        match match_name(name, names.clone()) {
            NameMatch::One(i) => Ok(&self.resource.methods[i]),
            NameMatch::Ambiguous(candidates) => {
                Err(LookupError::Ambiguous { name: name.to_owned(), candidates }.into())
            }
            NameMatch::None => {
                let meant = did_you_mean(nearest(name, names.map(|(_, n)| n)));
                let table = &self.name;
                Err(Error::invalid(format!(
                    "could not find method for key = '{name}' in '{table}'{meant}; SHOW METHODS IN {table} lists them"
                )))
            }
        }
    }
}

fn providers(definitions: &dyn Definitions, compat: bool) -> Listing {
    let rows = definitions.providers().into_iter().map(|entry| {
        let origin = match entry.origin {
            Origin::Embedded => "embedded".to_owned(),
            Origin::File(path) | Origin::Documents(path) => path,
        };
        [entry.name, entry.version, origin]
    });
    let [name, version] = OF_GO.map(str::to_owned);
    let of_go = compat.then(|| [name, version, String::new()]);
    Listing::new(&["name", "version"], &["origin"]).with(rows).with(of_go)
}

fn services(definitions: &dyn Definitions, provider: &str) -> Result<Listing, Error> {
    let provider = definitions.provider(provider)?;
    let rows = provider.services.iter().map(|entry| {
        [
            format!("{}:{}", entry.name, entry.version).trim_end_matches(':').to_owned(),
            entry.name.clone(),
            entry.title.clone(),
        ]
    });
    Ok(Listing::new(&["id", "name", "title"], &[]).new_sorted(1).with(rows))
}

fn resources(definitions: &dyn Definitions, provider: &str, service: &str, extended: bool) -> Result<Listing, Error> {
    let provider = definitions.provider(provider)?;
    let service = definitions.service(&provider.name, service)?;
    let mut listing = Listing::new(&["name", "id"], &["description"]);
    for entry in service.resources.iter().filter(|entry| !entry.page_only) {
        // The description is part of the resource, and decoding all resources is expensive, so only EXTENDED does it.
        let description = match extended {
            true => definitions.resource(&provider.name, &service.name, &entry.name)?.description.clone(),
            false => String::new(),
        };
        let id = format!("{}.{}.{}", provider.name, service.name, entry.name);
        listing = listing.with([[entry.name.clone(), id, description]]);
    }
    Ok(listing)
}

/// The required parameters of a method, including those whose environment variable is not set.
fn required<'a>(method: &'a Method, unset: &HashSet<String>) -> Vec<&'a str> {
    let is_unset = |p: &&Parameter| p.default.is_none() && p.environment.as_ref().is_some_and(|v| unset.contains(v));
    let mut all = method.required();
    let variables = method.parameters.iter().filter(is_unset).map(|p| p.name.as_str());
    let new: Vec<&str> = variables.filter(|name| !all.contains(name)).collect();
    all.extend(new);
    all
}

fn methods(resource: &Resource, unset: &HashSet<String>) -> Listing {
    let mut methods: Vec<(Verb, &Method)> = resource.methods.iter().map(|m| (shown_verb(m), m)).collect();
    methods.sort_by(|(verb, a), (other, b)| (verb, &a.name).cmp(&(other, &b.name)));
    let row = |(verb, m): (Verb, &Method)| {
        [m.name.clone(), required(m, unset).join(", "), verb.keyword().to_owned(), m.description.clone()]
    };
    let view = |view: &View| {
        let about = "the rows of a query over other resources; DESCRIBE shows its columns".to_owned();
        [VIEW.to_owned(), view.required.join(", "), Verb::Select.keyword().to_owned(), about]
    };
    Listing::new(&["MethodName", "RequiredParams", "SQLVerb"], &["description"])
        .with(resource.readable_views().take(1).map(view))
        .with(methods.into_iter().map(row))
}

/// The verb that a method is listed under. A method that only EXEC calls is listed under the verb that its name suggests.
fn shown_verb(method: &Method) -> Verb {
    match (method.verb, method.name.as_str()) {
        (Verb::Exec, "select" | "list" | "get") => Verb::Select,
        (Verb::Exec, "insert" | "create") => Verb::Insert,
        (Verb::Exec, "delete") => Verb::Delete,
        (verb, _) => verb,
    }
}

#[cfg(test)]
mod tests;
