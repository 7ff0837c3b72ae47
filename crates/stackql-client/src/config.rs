//! Configuration of a client: its settings, the endpoints of services, and structured flag values.

pub(crate) mod endpoint;
pub(crate) mod settings;
pub(crate) mod structured_flag;
