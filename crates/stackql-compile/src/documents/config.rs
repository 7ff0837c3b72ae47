//! Configuration, which a method inherits: from its resource, its service, the provider's entry for that, the provider.

use super::library::At;

/// The levels at which a key may stand, nearest first.
#[derive(Clone)]
pub(super) struct Config<'a> {
    levels: Vec<At<'a>>,
}

impl<'a> Config<'a> {
    /// The configuration of a service.
    pub(super) fn service(document: At<'a>, entry: At<'a>, provider: At<'a>) -> Self {
        let levels = [
            document.get("x-stackQL-config"),
            document.get("components").and_then(|c| c.get("x-stackQL-config")),
            document.get("info").and_then(|i| i.get("x-stackQL-config")),
            entry.get("config"),
            provider.get("config"),
        ];
        Self { levels: levels.into_iter().flatten().collect() }
    }

    /// The same with what `at` says in front.
    pub(super) fn nearer(&self, at: At<'a>) -> Self {
        Self { levels: at.get("config").into_iter().chain(self.levels.iter().copied()).collect() }
    }

    /// What the nearest level that has the key says.
    pub(super) fn get(&self, key: &str) -> Option<At<'a>> {
        self.levels.iter().find_map(|level| level.get(key))
    }

    /// The algorithm that the key names.
    pub(super) fn algorithm(&self, key: &str) -> &'a str {
        self.get(key).and_then(|at| at.text("algorithm")).map(str::trim).unwrap_or_default()
    }
}
