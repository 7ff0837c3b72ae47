//! Compiles the committed facts of the built-in provider into the form that the binary embeds.

#![expect(clippy::disallowed_methods, reason = "a build script talks to cargo and writes its output")]

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers/aws");
    println!("cargo::rerun-if-changed={}", folder.display());
    let source = stackql_compile::aws(&folder.join("facts"), &[], stackql_compile::AWS_OVERLAY, true)?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set; build with cargo")?;
    std::fs::write(Path::new(&out).join("aws.bin"), stackql_provider::write(&source)?)?;
    Ok(())
}
