//! Settings of a client, and endpoints.

pub(crate) mod endpoint;
pub(crate) mod settings;
pub(crate) mod structured_flag;
