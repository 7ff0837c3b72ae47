//! EC2-compatible endpoint in process, for the demo and tests.
