//! `stackql registry` and the statements, against a registry on this machine; also killed in the middle.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use insta_cmd::assert_cmd_snapshot;
use tempfile::TempDir;

use crate::endpoint::Endpoint;
use crate::stackql;

const INDEX: &str = "providers:
  aws: {versions: [v1.0.0, v0.9.0, v0.10.1]}
  google: {versions: [v00.00.00000, v1.0.4]}
  okta: {versions: [v2.0.0-rc.1]}
";
/// The documents of a version beside the one that names it.
const SERVICES: usize = 40;

/// The provider's own document in a version.
fn document(version: &str) -> String {
    // One version is written for a program of the future.
    let config = if version == "v0.10.1" { ", config: {minStackQLVersion: 99.1.0}" } else { "" };
    format!(
        "{{name: aws, version: {version}, providerServices: {{ships: {{title: Ships, version: {version}}}}}{config}}}"
    )
}

/// A registry with the archives of `aws`, and a folder for the program.
struct World {
    endpoint: Endpoint,
    root: TempDir,
}

impl World {
    fn new() -> Self {
        let endpoint = Endpoint::start(|request| {
            let path = request.split(' ').nth(1).unwrap_or_default();
            match path.strip_prefix("/dist/") {
                Some("providers.yaml") => response("200 OK", INDEX.as_bytes()),
                Some(archive) if archive.starts_with("aws/") => {
                    let version = archive.trim_start_matches("aws/").trim_end_matches(".tgz");
                    response("200 OK", &archive_of(version))
                }
                _ => response("404 Not Found", b"not here"),
            }
        });
        Self { endpoint, root: tempfile::tempdir().unwrap() }
    }

    fn stackql(&self, arguments: &[&str]) -> Command {
        let mut command = stackql(arguments);
        let config = format!("--registry={{\"url\": \"{}\"}}", self.endpoint.url);
        command.arg(config).current_dir(self.root.path());
        command
    }

    /// Runs a command and shows it, what it printed, how it ended and what it said.
    fn tell(&self, arguments: &[&str]) -> String {
        let run = self.stackql(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = run.status.code().unwrap();
        let told = format!("> {}\n{}\nexit {code}\n{}\n", arguments.join(" "), text(run.stdout), text(run.stderr));
        told.replace(self.endpoint.url.rsplit(':').next().unwrap(), "PORT")
    }

    fn pull(&self, version: &str) {
        let run = self.stackql(&["registry", "pull", "aws", version]).output().unwrap();
        assert!(run.status.success(), "{run:?}");
    }

    /// The versions that whoever looks finds, each of them whole.
    fn versions(&self) -> Vec<String> {
        let folder = self.root.path().join(".stackql/src/aws");
        let names = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut versions: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
        versions.sort();
        for version in &versions {
            assert_whole(&folder.join(version), version);
        }
        versions
    }
}

fn assert_whole(folder: &Path, version: &str) {
    assert_eq!(fs::read_to_string(folder.join("provider.yaml")).unwrap(), document(version));
    assert_eq!(fs::read_dir(folder.join("services")).unwrap().count(), SERVICES, "{version}");
}

fn archive_of(version: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut append = |path: String, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, content).unwrap();
    };
    append(format!("{version}/provider.yaml"), document(version).as_bytes());
    for number in 0..SERVICES {
        append(format!("{version}/services/s{number}.yaml"), &[b'#'; 3000]);
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

#[test]
fn the_registry_is_listed() {
    let world = World::new();
    assert_snapshot!(
        [
            world.tell(&["registry", "list"]),
            world.tell(&["registry", "list", "aws", "-o", "csv"]),
            world.tell(&["exec", "REGISTRY LIST; REGISTRY LIST google;", "-o", "json"]),
        ]
        .concat()
    );
    assert!(!world.root.path().join(".stackql").exists());
}

#[test]
fn definitions_are_pulled() {
    let world = World::new();
    let first = world.tell(&["registry", "pull", "aws", "v0.9.0"]);
    assert_eq!(world.versions(), ["v0.9.0"]);
    let second = world.tell(&["exec", "REGISTRY PULL aws; SHOW PROVIDERS; SHOW SERVICES IN aws", "-o", "csv"]);
    assert_eq!(world.versions(), ["v1.0.0"]);
    assert_snapshot!([first, second].concat());
}

#[test]
fn documents_for_a_newer_program_are_pulled_with_a_notice() {
    let told = World::new().tell(&["registry", "pull", "aws", "v0.10.1"]);
    let notice =
        "\nwarning: installed aws provider version 'v0.10.1' requires minimum stackql version '99.1.0', current ";
    assert!(told.contains("\nexit 0\n") && told.contains(notice), "{told}");
}

#[test]
fn what_cannot_be_pulled_is_told() {
    let world = World::new();
    let script = "REGISTRY LIST gogle; REGISTRY PULL asw; REGISTRY PULL aws v0.10.2; REGISTRY PULL okta; \
                  REGISTRY PULL; REGISTRY PUSH aws";
    assert_snapshot!(world.tell(&["exec", script]));
    assert!(!world.root.path().join(".stackql").exists());
    let read_only = world.tell(&["exec", "REGISTRY PULL aws", "--read-only"]);
    assert!(read_only.ends_with("REGISTRY PULL is refused: the session is read-only\n\n"), "{read_only}");
    // It is in the list, and its archive is not there.
    assert_snapshot!(world.tell(&["registry", "pull", "google"]));
}

#[test]
fn a_folder_of_this_machine_is_no_registry_to_list() {
    let local = r#"--registry={"url": "file:///opt/stackql"}"#;
    assert_cmd_snapshot!(stackql(&["registry", "list", local]));
    assert_cmd_snapshot!(stackql(&["exec", "REGISTRY PULL aws; SHOW PROVIDERS", local, "-o", "csv", "-H"]));
}

#[test]
fn what_is_built_in_is_there_without_a_registry() {
    let script = "REGISTRY PULL aws; REGISTRY PULL aws 1.44.5; REGISTRY LIST aws; REGISTRY PULL google";
    let nowhere = ["--http.proxy.host=127.0.0.1", "--http.proxy.port=9"];
    assert_cmd_snapshot!(stackql(&["exec", script, "-o", "csv"]).args(nowhere));
}

#[test]
fn configurations_that_cannot_be_read_are_told() {
    for config in ["--registry=nonsense", "--registry={\"url\": 1}"] {
        assert_cmd_snapshot!(stackql(&["exec", "SELECT 1", config]));
    }
}

#[test]
fn a_pull_that_is_killed_leaves_a_whole_version() {
    let world = World::new();
    world.pull("v0.9.0");
    for (step, wait) in [0, 5, 10, 15, 20, 30, 40, 60, 80, 120].into_iter().enumerate() {
        let wanted = if step % 2 == 0 { "v1.0.0" } else { "v0.9.0" };
        let mut run = world.stackql(&["registry", "pull", "aws", wanted]);
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(!world.versions().is_empty(), "killed after {wait} ms");
    }
    world.pull("v1.0.0");
    assert_eq!(world.versions(), ["v1.0.0"]);
    let folder = world.root.path().join(".stackql/src/aws");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2, "the version and the lock");
}

#[test]
fn processes_that_pull_at_once_leave_one_whole_version() {
    let world = World::new();
    let runs: Vec<_> = ["v0.9.0", "v1.0.0", "v0.9.0", "v0.10.1"]
        .into_iter()
        .map(|version| {
            let mut run = world.stackql(&["registry", "pull", "aws", version]);
            run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for run in runs {
        let run = run.wait_with_output().unwrap();
        assert!(run.status.success(), "{run:?}");
    }
    assert_eq!(world.versions().len(), 1);
}
