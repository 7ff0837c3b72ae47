//! Compiles the committed facts of the built-in providers into the form that the binary embeds.

#![expect(clippy::disallowed_methods, reason = "a build script talks to cargo and writes its output")]

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; build with cargo")?;
    for provider in stackql_compile::VENDORS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers").join(provider);
        println!("cargo::rerun-if-changed={}", folder.display());
        let source = stackql_compile::vendor(provider, &folder.join("facts"), &[], true)?;
        std::fs::write(
            Path::new(&out).join(provider).with_extension("bin"),
            stackql_provider::write(&source, stackql_provider::Compression::Best)?,
        )?;
    }
    Ok(())
}
