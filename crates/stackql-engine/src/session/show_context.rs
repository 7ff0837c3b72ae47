//! What SHOW has to know beside the definitions: of the environment, which is the transport's to read.

use stackql_provider::{Parameter, Scope};
use stackql_sql::{ObjectName, Show, ShowKind};

use super::Session;
use crate::show::Told;

impl Session {
    pub(super) async fn told(&self, show: &Show) -> Told {
        let mut told = Told { compat: self.options.compat, ..Told::default() };
        let ShowKind::Methods { table: ObjectName(parts) } = &show.kind else { return told };
        let [provider, service, resource] = parts.as_slice() else { return told };
        let definitions = &self.definitions;
        // What is not there is told of where it is looked up.
        let found = definitions.resource(provider, service, resource);
        let (Ok(resource), Ok(provider)) = (found, definitions.provider(provider)) else { return told };
        let parameters = resource.methods.iter().flat_map(|method| &method.parameters);
        let of_variable = |p: &'_ Parameter| Some((p.environment.clone()?, p.name.clone()));
        for (variable, name) in parameters.filter(|p| p.default.is_none()).filter_map(of_variable) {
            let is_set = self.settings().default_of(&provider.name, &name).is_some();
            if is_set || told.unset.contains(&variable) {
                continue;
            }
            let scope = Scope { name, environment: vec![variable.clone()], default: None, members: None };
            if self.transport.default_scope(&provider, &scope).await.is_err() {
                told.unset.insert(variable);
            }
        }
        told
    }
}
