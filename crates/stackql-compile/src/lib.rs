//! Source documents to the compiled form; all checks on definitions.
