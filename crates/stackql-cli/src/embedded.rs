//! The definitions that are part of the program.

use stackql_provider::{CompiledError, CompiledProvider, Origin};

const AWS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/aws.bin"));

/// The built-in providers.
pub(crate) fn providers() -> Result<Vec<(CompiledProvider, Origin)>, CompiledError> {
    Ok(vec![(CompiledProvider::new(AWS)?, Origin::Embedded)])
}
