//! Resources in a document of their own, and the documents that their operations stand in.

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::Operation;
use super::service::{PLAIN_RESOURCES, RESOURCES};

/// The key under which a document of resources, or one of them, names the document of its operations.
const SERVICE: &str = "serviceDoc";

/// A document of a service's resources.
pub(super) struct ResourcesDocument<'a> {
    document: NodeRef<'a>,
    /// The map of them.
    pub(super) resources: NodeRef<'a>,
}

impl<'a> ResourcesDocument<'a> {
    /// The one that a provider's entry of a service names.
    pub(super) fn from_entry(entry: NodeRef<'a>, problems: &mut Vec<Diagnostic>) -> Option<Self> {
        match entry.get(PLAIN_RESOURCES)?.target() {
            Ok(document) => {
                let resources = document.get(PLAIN_RESOURCES).or(document.get(RESOURCES)).unwrap_or(document);
                Some(Self { document, resources })
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    }

    /// What stands for the service's document where that is not there: the first that has its operations.
    pub(super) fn home(&self) -> Option<NodeRef<'a>> {
        let stated = |at: NodeRef<'a>| at.follow(SERVICE);
        let of_method = |method: NodeRef<'a>| {
            let reference = method.get("operation")?.text("$ref")?;
            Some(Operation::find(method, reference).ok()?.document)
        };
        let resources = || self.resources.entries().map(|(_, at)| at);
        let methods = || resources().filter_map(|at| at.get("methods")).flat_map(NodeRef::entries);
        let found = stated(self.document).or_else(|| resources().find_map(stated));
        found.or_else(|| methods().find_map(|(_, method)| of_method(method))).filter(|at| at.is_map())
    }
}

/// Where the operations of a resource's methods are looked for.
pub(super) struct Operations<'a> {
    /// The documents that are named for them, nearest first; then files that references name do not count.
    named: Vec<NodeRef<'a>>,
    /// The service's document.
    home: NodeRef<'a>,
}

impl<'a> Operations<'a> {
    /// Those in the service's document.
    pub(super) fn within(home: NodeRef<'a>) -> Self {
        Self { named: Vec::new(), home }
    }

    /// Those of a resource.
    ///
    /// # Errors
    ///
    /// The document that is named for them cannot be read.
    pub(super) fn find_operation(
        document: Option<&ResourcesDocument<'a>>,
        resource: NodeRef<'a>,
        home: NodeRef<'a>,
    ) -> Result<Self, Diagnostic> {
        let places = [Some(resource), document.map(|own| own.document)];
        let named = places.into_iter().flatten().filter_map(|at| at.get(SERVICE)).map(NodeRef::target);
        Ok(Self { named: named.collect::<Result<_, _>>()?, home })
    }

    /// The document in which most of them are.
    pub(super) fn nearest(&self) -> NodeRef<'a> {
        self.named.first().copied().unwrap_or(self.home)
    }

    /// The operation that `reference`, written at `method`, leads to.
    pub(super) fn find(&self, method: NodeRef<'a>, reference: &'a str) -> Result<Operation<'a>, Diagnostic> {
        let pointer = reference.find('#').map_or("", |at| &reference[at..]);
        if self.named.is_empty() {
            let found = Operation::find(method, reference);
            return match reference.starts_with('#') {
                true => found.or_else(|problem| Operation::find(self.home, pointer).map_err(|_| problem)),
                false => found,
            };
        }
        let mut missing = None;
        for document in self.named.iter().chain([&self.home]) {
            match Operation::find(*document, pointer) {
                Ok(found) => return Ok(found),
                Err(problem) => missing = missing.or(Some(problem)),
            }
        }
        Err(missing.unwrap_or_else(|| {
            Diagnostic::new(method.place(), "the operation is nowhere", "name the document that has it")
        }))
    }
}
