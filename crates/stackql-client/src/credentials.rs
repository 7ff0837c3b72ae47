//! TODO

pub(crate) mod profile;
pub(crate) mod signing;
pub(crate) mod source;
pub(crate) mod sources;
