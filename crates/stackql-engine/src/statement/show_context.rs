//! Collects the input of SHOW that is not in the definitions: which environment variables are set. The transport reads the
//! environment.

use stackql_provider::{Parameter, Scope};
use stackql_sql::{ObjectName, Show, ShowKind};

use crate::session::Session;
use crate::statement::show::ShowContext;

impl Session {
    pub(crate) async fn show_context(&self, show: &Show) -> ShowContext {
        let mut context = ShowContext { compat: self.options.compat, ..ShowContext::default() };
        let ShowKind::Methods { table: ObjectName(parts) } = &show.kind else { return context };
        let [provider, service, resource] = parts.as_slice() else { return context };
        let definitions = &self.definitions;
        // A name that cannot be resolved is not an error here: SHOW reports it when it looks the name up.
        let found = definitions.resource(provider, service, resource);
        let (Ok(resource), Ok(provider)) = (found, definitions.provider(provider)) else { return context };
        let parameters = resource.methods.iter().flat_map(|method| &method.parameters);
        let of_variable = |p: &'_ Parameter| Some((p.environment.clone()?, p.name.clone()));
        for (variable, name) in parameters.filter(|p| p.default.is_none()).filter_map(of_variable) {
            let is_set = self.settings().parameter_default(&provider.name, &name).is_some();
            if is_set || context.unset.contains(&variable) {
                continue;
            }
            let scope = Scope { name, environment: vec![variable.clone()], default: None, members: None };
            if self.transport.default_scope(&provider, &scope).await.is_err() {
                context.unset.insert(variable);
            }
        }
        context
    }
}
