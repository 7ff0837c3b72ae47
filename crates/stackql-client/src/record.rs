//! Recorded traffic: recordings, their replay, and HAR archives.

pub(crate) mod exchange;
pub(crate) mod har;
pub(crate) mod recording;
pub(crate) mod replay;
