//! Model to documentation pages.
