//! `stackql provider build`: compiles a vendor's models to a definitions file.

use std::path::PathBuf;

use stackql_provider::Compression;

use crate::args::flags::BuildArguments;
use crate::exit::{CliError, RunStatus, print_stderr};

/// Compiles the models, writes the file and prints its path.
pub(crate) fn write(wanted: &BuildArguments) -> Result<RunStatus, CliError> {
    let told = |e: &dyn std::error::Error| CliError::Message(e.to_string());
    let source = stackql_compile::vendor(&wanted.provider, &wanted.models, &wanted.services, wanted.facts_only)
        .map_err(|e| told(&e))?;
    if source.services.is_empty() {
        let folder = wanted.models.display();
        return Err(CliError::Message(format!(
            "{folder} holds no service; name a folder of <service>/<version>/service-2.json"
        )));
    }
    let compiled = stackql_provider::write(&source, Compression::Best).map_err(|e| told(&e))?;
    let path = wanted.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.bin", wanted.provider)));
    let named = path.display().to_string();
    std::fs::write(&path, &compiled).map_err(|reason| CliError::Unwritable { path: named.clone(), reason })?;
    print_stderr(&format!("{} bytes written to {named}; use it by --definitions {named}", compiled.len()));
    Ok(RunStatus::Complete)
}
