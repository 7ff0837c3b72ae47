//! The definitions that are part of the program.

use stackql_provider::{CompiledError, CompiledProvider, LoadedProvider, Origin};

const AWS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/aws.bin"));

/// The built-in providers.
pub(crate) fn providers() -> Result<Vec<LoadedProvider>, CompiledError> {
    Ok(vec![(Box::new(CompiledProvider::new(AWS)?), Origin::Embedded)])
}
