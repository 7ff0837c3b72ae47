//! Cost of registry documents: compiling one service, compiling all of a provider, and loading from the cache.

use std::fs;

use super::start::sorted_walls;
use super::{Stand, milliseconds};
use crate::archives;

const VERSION_OF_ONE: &str = "v0.1.3";
const VERSION_OF_ALL: &str = "v00.00.00000";

/// Runs the benchmark and prints the results; prints that it is skipped if there are no archives.
pub(super) fn documents(stand: &Stand) -> Result<(), String> {
    let Stand { workspace, program, .. } = stand;
    let root = workspace.target.join("bench/documents");
    let Some(shared) = archives::folder(workspace) else {
        println!("\ndocuments: skipped: no shared data");
        return Ok(());
    };
    for (version, folder) in [(VERSION_OF_ONE, "one"), (VERSION_OF_ALL, "all")] {
        archives::unpack(&shared.join(format!("aws/{version}.tgz")), &root.join(folder).join("src/aws"))?;
    }
    let place = root.join("one");
    let registry = format!("--registry={{url: 'file://{0}', localDocRoot: '{0}'}}", place.display());
    let approot = place.join("approot");
    let kept = approot.display().to_string();
    let arguments = ["exec", "SHOW RESOURCES IN aws.ec2", &registry, "--approot", &kept];
    println!("\n{:<28}{:>10}{:>10}{:>10}{:>10}", "SHOW RESOURCES IN aws.ec2", "min", "median", "max", "aim");
    for (name, is_cold, aim) in
        [("a document of 4 MB, cold", true, "300 ms"), ("kept by another process", false, "20 ms")]
    {
        let walls = sorted_walls(|| {
            if is_cold && approot.exists() {
                fs::remove_dir_all(&approot).map_err(|error| format!("cannot clear {kept}: {error}"))?;
            }
            program.run(&arguments)
        })?;
        let shown = walls.map(|wall| format!("{:.1} ms", milliseconds(wall)));
        println!("  {name:<26}{:>10}{:>10}{:>10}{aim:>10}", shown[0], shown[1], shown[2]);
    }
    let all = root.join("all/src/aws").join(VERSION_OF_ALL).display().to_string();
    let checked = program.report(&["provider", "check", &all])?;
    println!("  provider check, 419 services: {:.2} s", checked.wall.as_secs_f64());
    Ok(())
}
