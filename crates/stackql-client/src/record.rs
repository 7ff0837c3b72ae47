//! Recorded traffic: recording to files, replay from them, and HAR archives.

pub(crate) mod exchange;
pub(crate) mod har;
pub(crate) mod recording;
pub(crate) mod replay;
