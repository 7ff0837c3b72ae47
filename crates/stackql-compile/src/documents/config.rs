//! Configuration, which a method inherits: from its resource, its service, the provider's entry for that, the provider.

use super::document_set::NodeRef;

/// The levels at which a key may stand, nearest first.
#[derive(Clone)]
pub(super) struct Config<'a> {
    /// Of a method and its resource.
    own: Vec<NodeRef<'a>>,
    /// Of the service and what is above it.
    levels: Vec<NodeRef<'a>>,
}

impl<'a> Config<'a> {
    /// The configuration of a service.
    pub(super) fn service(document: NodeRef<'a>, entry: NodeRef<'a>, provider: NodeRef<'a>) -> Self {
        let above = [entry.get("config"), provider.get("config")];
        Self { own: Vec::new(), levels: of_document(document).chain(above.into_iter().flatten()).collect() }
    }

    /// The same with what `document`, in which an operation stands, says in front of the service's.
    pub(super) fn within(&self, document: NodeRef<'a>) -> Self {
        Self { own: self.own.clone(), levels: of_document(document).chain(self.levels.iter().copied()).collect() }
    }

    /// The same with what `at` says in front.
    pub(super) fn nearer(&self, at: NodeRef<'a>) -> Self {
        let own = at.get("config").into_iter().chain(self.own.iter().copied()).collect();
        Self { own, levels: self.levels.clone() }
    }

    /// What the nearest level that has the key says.
    pub(super) fn get(&self, key: &str) -> Option<NodeRef<'a>> {
        self.own.iter().chain(&self.levels).find_map(|level| level.get(key))
    }

    /// The algorithm that the key names.
    pub(super) fn algorithm(&self, key: &str) -> &'a str {
        self.get(key).and_then(|at| at.text("algorithm")).map(str::trim).unwrap_or_default()
    }
}

/// The places of a document that may configure what is in it.
fn of_document(document: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let places = [
        document.get("x-stackQL-config"),
        document.get("components").and_then(|c| c.get("x-stackQL-config")),
        document.get("info").and_then(|i| i.get("x-stackQL-config")),
    ];
    places.into_iter().flatten()
}
