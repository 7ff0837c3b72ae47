//! Generates documentation pages from provider definitions. Pure: it reads compiled definitions and yields Markdown texts
//! with relative paths; the caller writes the files.
//!
//! - [`pages`] yields the pages of a provider: one for the provider, one for each service, and one for each resource.
//! - [`Style::Site`] is the default style; [`Style::Classic`] reproduces the pages that StackQL's own documentation
//!   generator wrote.

mod classic;
mod example;
mod markdown;
mod site;

use stackql_provider::names::{NameMatch, match_name, nearest};
use stackql_provider::{CompiledError, LazyProvider, LookupError, Provider, Resource, ResourceEntry, Service};
use thiserror::Error;

/// The style of the pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Fields in the order of the source, descriptions as Markdown, and an example statement for each method.
    #[default]
    Site,
    /// The front matter, tables and escapes of the pages of StackQL's own generator.
    Classic,
}

/// One documentation page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The path of the file below the output directory, with `/` as separator.
    pub path: String,
    /// The text of the page.
    pub text: String,
}

/// Why pages cannot be generated.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The service is unknown or ambiguous, or the definitions cannot be read.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// A name in the definitions is not valid as a directory name.
    #[error(
        "the definitions of '{provider}' name something '{}', which cannot be a folder; rename it there",
        .name.escape_debug()
    )]
    UnsafeName {
        /// The provider.
        provider: String,
        /// The name.
        name: String,
    },
}

/// Generates the page of the provider in `source`, followed by the pages of all its services, or of `service` only. The
/// iterator is lazy: it decodes one service or resource at a time. `service` may have any spelling.
///
/// # Errors
///
/// The service is unknown or ambiguous, or the provider's name is not valid as a directory name. An item of the iterator is
/// an error if its service or resource cannot be decoded, or its name is not valid as a directory name.
pub fn pages<'a>(
    source: &'a dyn LazyProvider,
    service: Option<&str>,
    style: Style,
) -> Result<impl Iterator<Item = Result<Page, Error>> + use<'a>, Error> {
    let provider = source.provider();
    let services = match service {
        Some(name) => vec![index_of(provider, name)?],
        None => (0..provider.services.len()).collect(),
    };
    let text = match style {
        Style::Site => site::provider(provider),
        Style::Classic => classic::provider(provider),
    };
    let first = page(provider, &[], text)?;
    Ok(std::iter::once(Ok(first)).chain(services.into_iter().flat_map(move |at| ServicePages::new(source, at, style))))
}

/// Iterator over the pages of one service: first its own, then those of its resources.
struct ServicePages<'a> {
    source: &'a dyn LazyProvider,
    index: usize,
    style: Style,
    service: Option<Result<Service, Error>>,
    /// The next page: 0 is the service's own page, and the page of a resource is its index plus 1.
    next: usize,
}

impl<'a> ServicePages<'a> {
    fn new(source: &'a dyn LazyProvider, index: usize, style: Style) -> Self {
        let service = source.service(index).map_err(|e| unreadable(source.provider(), e));
        Self { source, index, style, service: Some(service), next: 0 }
    }
}

impl Iterator for ServicePages<'_> {
    type Item = Result<Page, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let service = match self.service.take()? {
            Ok(service) => service,
            Err(error) => return Some(Err(error)),
        };
        let provider = self.source.provider();
        let page = if self.next == 0 {
            let text = match self.style {
                Style::Site => site::service(provider, &service),
                Style::Classic => classic::service(provider, &service),
            };
            page(provider, &[&service.name], text)
        } else {
            let at = next_page_start(&service.resources, self.style, self.next - 1)?;
            self.next = at + 1;
            self.source
                .resource(self.index, at)
                .map_err(|e| unreadable(provider, e))
                .and_then(|r| resource_page(provider, &service, &r, self.style))
        };
        self.next += 1;
        self.service = Some(Ok(service));
        Some(page)
    }
}

/// The index of the first resource, from `start` on, that has a page in this style.
fn next_page_start(resources: &[ResourceEntry], style: Style, start: usize) -> Option<usize> {
    let mut rest = resources.iter().enumerate().skip(start);
    rest.find(|(_, r)| style == Style::Classic || !r.page_only).map(|(i, _)| i)
}

fn resource_page(provider: &Provider, service: &Service, resource: &Resource, style: Style) -> Result<Page, Error> {
    let text = match style {
        Style::Site => site::resource(provider, service, resource),
        Style::Classic => classic::resource(provider, service, resource),
    };
    page(provider, &[&service.name, &resource.name], text)
}

fn page(provider: &Provider, below: &[&str], text: String) -> Result<Page, Error> {
    let mut path = String::new();
    for name in std::iter::once(provider.name.as_str()).chain(below.iter().copied()) {
        if !is_folder_name(name) {
            return Err(Error::UnsafeName { provider: provider.name.clone(), name: name.to_owned() });
        }
        path.push_str(name);
        path.push('/');
    }
    path.push_str("index.md");
    Ok(Page { path, text })
}

/// Whether `name` is a valid name of a directory on all operating systems, and cannot leave its parent directory.
fn is_folder_name(name: &str) -> bool {
    let is_hostile = |c: char| c.is_control() || "/\\:*?\"<>|".contains(c);
    !name.is_empty() && !name.starts_with('.') && !name.ends_with(['.', ' ']) && !name.contains(is_hostile)
}

fn index_of(provider: &Provider, name: &str) -> Result<usize, LookupError> {
    let names = provider.services.iter().enumerate().map(|(i, s)| (i, s.name.as_str()));
    match match_name(name, names.clone()) {
        NameMatch::One(i) => Ok(i),
        NameMatch::Ambiguous(candidates) => Err(LookupError::Ambiguous { name: name.to_owned(), candidates }),
        NameMatch::None => Err(LookupError::UnknownService {
            provider: provider.name.clone(),
            name: name.to_owned(),
            suggestion: nearest(name, names.map(|(_, n)| n)).map(str::to_owned),
        }),
    }
}

fn unreadable(provider: &Provider, source: CompiledError) -> Error {
    Error::Lookup(LookupError::Unreadable { provider: provider.name.clone(), source })
}

#[cfg(test)]
mod tests;
