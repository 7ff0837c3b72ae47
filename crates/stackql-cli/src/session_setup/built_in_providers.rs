//! The provider definitions that are embedded in the binary.

use stackql_provider::{CompiledError, CompiledProvider, LoadedProvider, Origin};

const AWS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/aws.bin"));

/// The built-in providers.
pub(crate) fn providers() -> Result<Vec<LoadedProvider>, CompiledError> {
    Ok(vec![(Box::new(CompiledProvider::new(AWS)?), Origin::Embedded)])
}
