//! Version information for `--version` and `SHOW EXTENDED VERSION`.

use stackql_engine::BuildInfo;

/// Commit, build date and platform of this program.
pub(crate) fn build() -> BuildInfo {
    BuildInfo {
        commit: option_env!("STACKQL_COMMIT").unwrap_or("dev").to_owned(),
        date: option_env!("STACKQL_BUILD_DATE").unwrap_or("unknown").to_owned(),
        platform: format!("{}_{}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// Three lines: version, platform and commit; build date; website.
pub(crate) fn version() -> String {
    let (version, BuildInfo { commit, date, platform }) = (env!("CARGO_PKG_VERSION"), build());
    format!("stackql v{version} {platform} ({commit})\nBuildDate: {date}\nhttps://stackql.io")
}
