//! Definitions as they come out of source documents.

mod committed_facts;
mod documents;
mod published;
mod shown;
