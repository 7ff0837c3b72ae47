//! Writes the facts of EC2 and STS from the models folder (first argument) below the second.
#![expect(clippy::disallowed_methods, reason = "an example is the rim")]

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [models, out] = arguments.as_slice() else { return Err("usage: facts MODELS OUT".into()) };
    for (path, text) in stackql_compile::facts(models.as_ref(), &["ec2".into(), "sts".into()])? {
        let path = std::path::Path::new(out).join(path);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, text)?;
    }
    Ok(())
}
