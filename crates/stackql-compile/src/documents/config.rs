//! Configuration inheritance: a method inherits from its resource, its service, the service's entry in the provider's
//! document, and the provider.

use super::document_set::NodeRef;

/// The levels that may define a key, nearest first.
#[derive(Clone)]
pub(super) struct Config<'a> {
    /// Those of a method and its resource.
    own: Vec<NodeRef<'a>>,
    /// Those of the service and above.
    levels: Vec<NodeRef<'a>>,
}

impl<'a> Config<'a> {
    /// The configuration of a service.
    pub(super) fn service(document: NodeRef<'a>, entry: NodeRef<'a>, provider: NodeRef<'a>) -> Self {
        let above = [entry.get("config"), provider.get("config")];
        Self { own: Vec::new(), levels: of_document(document).chain(above.into_iter().flatten()).collect() }
    }

    /// A copy in which the configuration of the operation's `document` precedes that of the service.
    pub(super) fn within(&self, document: NodeRef<'a>) -> Self {
        Self { own: self.own.clone(), levels: of_document(document).chain(self.levels.iter().copied()).collect() }
    }

    /// A copy in which the configuration at `at` comes first.
    pub(super) fn nearer(&self, at: NodeRef<'a>) -> Self {
        let own = at.get("config").into_iter().chain(self.own.iter().copied()).collect();
        Self { own, levels: self.levels.clone() }
    }

    /// The value at the nearest level that defines the key.
    pub(super) fn get(&self, key: &str) -> Option<NodeRef<'a>> {
        self.own.iter().chain(&self.levels).find_map(|level| level.get(key))
    }

    /// The value of `algorithm` below the key; empty if there is none.
    pub(super) fn algorithm(&self, key: &str) -> &'a str {
        self.get(key).and_then(|at| at.text("algorithm")).map(str::trim).unwrap_or_default()
    }
}

/// The configurations that a document contains.
fn of_document(document: NodeRef<'_>) -> impl Iterator<Item = NodeRef<'_>> {
    let places = [
        document.get("x-stackQL-config"),
        document.get("components").and_then(|c| c.get("x-stackQL-config")),
        document.get("info").and_then(|i| i.get("x-stackQL-config")),
    ];
    places.into_iter().flatten()
}
