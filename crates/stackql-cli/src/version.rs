//! What `--version` says.

/// Three lines: version, platform and commit; when it was built; where it lives.
pub(crate) fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let platform = format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH);
    let commit = option_env!("STACKQL_COMMIT").unwrap_or("dev");
    let date = option_env!("STACKQL_BUILD_DATE").unwrap_or("unknown");
    format!("stackql v{version} {platform} ({commit})\nBuildDate: {date}\nhttps://stackql.io")
}
