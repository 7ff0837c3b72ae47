//! Golden suites, worlds, runner (never shipped).
