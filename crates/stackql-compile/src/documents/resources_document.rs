//! Separate documents of resources, and the documents that contain their operations.

use super::diagnostic::Diagnostic;
use super::document_set::NodeRef;
use super::operation::Operation;
use super::service::{PLAIN_RESOURCES, RESOURCES};

/// The key by which a document of resources, or a single resource, names the document of its operations.
const SERVICE: &str = "serviceDoc";

/// A document with a service's resources.
pub(super) struct ResourcesDocument<'a> {
    document: NodeRef<'a>,
    /// The map of resources.
    pub(super) resources: NodeRef<'a>,
}

impl<'a> ResourcesDocument<'a> {
    /// The document that the service's entry in the provider's document names, if any.
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

    /// Replacement for a missing service document: the first document that contains operations of the resources.
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

/// The documents in which the operations of a resource's methods are looked up.
pub(super) struct Operations<'a> {
    /// The documents named by `serviceDoc`, nearest first; if there are any, file names in references are ignored.
    named: Vec<NodeRef<'a>>,
    /// The service's document.
    home: NodeRef<'a>,
}

impl<'a> Operations<'a> {
    /// Looks operations up in the service's document.
    pub(super) fn within(home: NodeRef<'a>) -> Self {
        Self { named: Vec::new(), home }
    }

    /// Looks up the documents of a resource's operations.
    ///
    /// # Errors
    ///
    /// A document named by `serviceDoc` cannot be read.
    pub(super) fn find_operation(
        document: Option<&ResourcesDocument<'a>>,
        resource: NodeRef<'a>,
        home: NodeRef<'a>,
    ) -> Result<Self, Diagnostic> {
        let places = [Some(resource), document.map(|own| own.document)];
        let named = places.into_iter().flatten().filter_map(|at| at.get(SERVICE)).map(NodeRef::target);
        Ok(Self { named: named.collect::<Result<_, _>>()?, home })
    }

    /// The document that is searched first.
    pub(super) fn nearest(&self) -> NodeRef<'a> {
        self.named.first().copied().unwrap_or(self.home)
    }

    /// Resolves `reference`, which is written at `method`, to an operation.
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
