//! `stackql registry`: translates its subcommands to statements.

use crate::args::flags::RegistryCommand;

/// The statement equivalent to a subcommand.
pub(crate) fn statement(command: &RegistryCommand) -> String {
    let (verb, names) = match command {
        RegistryCommand::List { provider } => ("LIST", [provider.as_ref(), None]),
        RegistryCommand::Pull { provider, version } => ("PULL", [Some(provider), version.as_ref()]),
    };
    let names = names.into_iter().flatten().map(|name| format!(" '{}'", name.replace('\'', "''")));
    std::iter::once(format!("REGISTRY {verb}")).chain(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let statement = statement(&RegistryCommand::Pull { provider: "o'k; x".into(), version: Some("v1".into()) });
        assert_eq!(statement, "REGISTRY PULL 'o''k; x' 'v1'");
        assert_eq!(super::statement(&RegistryCommand::List { provider: None }), "REGISTRY LIST");
    }
}
