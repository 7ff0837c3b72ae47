//! What `--version` and `SHOW EXTENDED VERSION` say.

use stackql_engine::BuildInfo;

/// The build of this program.
pub(crate) fn build() -> BuildInfo {
    BuildInfo {
        commit: option_env!("STACKQL_COMMIT").unwrap_or("dev").to_owned(),
        date: option_env!("STACKQL_BUILD_DATE").unwrap_or("unknown").to_owned(),
        platform: format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// Three lines: version, platform and commit; when it was built; where it lives.
pub(crate) fn version() -> String {
    let (version, BuildInfo { commit, date, platform }) = (env!("CARGO_PKG_VERSION"), build());
    format!("stackql v{version} {platform} ({commit})\nBuildDate: {date}\nhttps://stackql.io")
}
