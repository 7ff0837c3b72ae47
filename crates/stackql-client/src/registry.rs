//! The provider registry: its index, downloads and signatures, and the installed provider definitions.

pub(crate) mod archive;
pub(crate) mod config;
pub(crate) mod document_download;
pub(crate) mod download;
pub(crate) mod index;
pub(crate) mod install_dir;
pub(crate) mod local_versions;
pub(crate) mod remote;
pub(crate) mod signature;
#[cfg(test)]
pub(crate) mod site;
