//! JSON: its values ([`node`]), paths into them ([`path`]), and the functions that read, build and change them.

pub(crate) mod build;
pub(crate) mod change;
pub(crate) mod node;
pub(crate) mod order;
pub(crate) mod path;
pub(crate) mod read;
pub(crate) mod rows;
