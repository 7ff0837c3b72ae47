//! The real Transport: pool, TLS, signing, tokens, retry.
