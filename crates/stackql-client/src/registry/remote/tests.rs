use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::Settings;
use crate::registry::archive::tests::{Entry, archive};
use crate::registry::signature::tests::{public_key, sign};
use crate::registry::site::Served;

mod interrupted;
mod published;
mod sources;

const INDEX: &str = "providers: {aws: {versions: [v0.9.0, v1.0.0, v1.1.0-beta]}, google: {versions: [v1.0.0]}}";

/// A registry with two providers, and a folder to install into.
struct World {
    served: Served,
    root: TempDir,
}

impl World {
    async fn new() -> Self {
        let served = Served::start().await;
        served.put("providers.yaml", INDEX);
        for (version, path) in [
            ("v0.9.0", ["v0.9.0/provider.yaml", "v0.9.0/services/s3.yaml"]),
            ("v1.0.0", ["v1.0.0/provider.yaml", "v1.0.0/services/s3.yaml"]),
        ] {
            served.put(&format!("aws/{version}.tgz"), archive_of(path, version));
        }
        Self { served, root: tempfile::tempdir().expect("a folder") }
    }

    fn registry(&self, more: &str) -> RemoteRegistry {
        let config = RegistryConfig::parse(&format!("{{url: '{}' {more}}}", self.served.url)).expect("a configuration");
        let client = Arc::new(Client::new(Settings::default()).expect("a client"));
        RemoteRegistry::new(client, config, self.root.path().to_owned())
    }

    async fn pull(&self, version: Option<&str>) -> Result<Installed, RegistryError> {
        self.registry("").pull("aws", version, &DownloadProgress::default()).await
    }

    /// What is in the provider's folder, without the lock.
    fn installed(&self) -> BTreeSet<String> {
        let folder = self.root.path().join("src/aws");
        let names = fs::read_dir(folder).expect("there").map(|e| e.expect("there").file_name());
        names.map(|n| n.into_string().expect("text")).filter(|n| n != ".lock").collect()
    }

    fn content(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join("src").join(path)).expect("there")
    }
}

fn archive_of(paths: [&'static str; 2], content: &str) -> Vec<u8> {
    // Nothing that compresses to less than some packets.
    let noise: Vec<u8> = (0..200_000_u64).map(|i| (i.wrapping_mul(6_364_136_223_846_793_005) >> 33) as u8).collect();
    archive(&[Entry::File(paths[0], content.as_bytes().to_vec()), Entry::File(paths[1], noise)])
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test]
async fn the_latest_stable_version_takes_the_place_of_others() {
    let world = World::new().await;
    let installed = world.pull(Some("v0.9.0")).await.expect("pulled");
    assert_eq!(installed.version, "v0.9.0");
    assert_eq!(world.installed(), names(&["v0.9.0"]));
    let transfer = DownloadProgress::default();
    let installed = world.registry("").pull("AWS", None, &transfer).await.expect("pulled");
    let note = "signatures of aws v1.0.0 were not verified: they carry none".to_owned();
    assert_eq!(
        installed,
        Installed {
            provider: "aws".into(),
            version: "v1.0.0".into(),
            location: InstallLocation::Directory,
            notes: vec![note]
        }
    );
    assert_eq!(world.installed(), names(&["v1.0.0"]));
    assert_eq!(world.content("aws/v1.0.0/provider.yaml"), "v1.0.0");
    let [received, total] = [&transfer.received, &transfer.total].map(|c| c.load(std::sync::atomic::Ordering::Relaxed));
    assert!(received == total && total > 1000, "{received} of {total}");
    // Back to an older one.
    world.pull(Some("0.9.0")).await.expect("pulled");
    assert_eq!(world.installed(), names(&["v0.9.0"]));
}

#[tokio::test]
async fn a_version_is_replaced_by_itself() {
    let world = World::new().await;
    world.pull(None).await.expect("pulled");
    let damaged = world.root.path().join("src/aws/v1.0.0");
    fs::remove_file(damaged.join("services/s3.yaml")).expect("removed");
    fs::write(damaged.join("provider.yaml"), "damaged").expect("written");
    world.pull(None).await.expect("pulled");
    assert_eq!(world.installed(), names(&["v1.0.0"]));
    assert_eq!(world.content("aws/v1.0.0/provider.yaml"), "v1.0.0");
    assert!(damaged.join("services/s3.yaml").exists());
}

#[tokio::test]
async fn folders_are_named_as_the_data_says() {
    let world = World::new().await;
    world.served.put("googleapis.com/v1.0.0.tgz", archive_of(["v1.0.0/provider.yaml", "v1.0.0/x.yaml"], "google"));
    let registry =
        world.registry(&format!(", localDocRoot: '{}', srcPrefix: docs", world.root.path().join("own").display()));
    registry.pull("google", None, &DownloadProgress::default()).await.expect("pulled");
    assert!(world.root.path().join("own/docs/googleapis.com/v1.0.0/provider.yaml").exists());
    assert!(!world.root.path().join("src").exists());
}

#[tokio::test]
async fn what_is_not_published_is_told_and_changes_nothing() {
    let world = World::new().await;
    let registry = world.registry("");
    for (provider, version, message) in [
        ("asw", None, "the registry has no provider 'asw', did you mean 'aws'?; it has: aws, google"),
        (
            "aws",
            Some("v1.0.1"),
            "the registry has no version 'v1.0.1' of provider 'aws', did you mean 'v1.0.0'?; it has: v0.9.0, v1.0.0, v1.1.0-beta",
        ),
    ] {
        let error = registry.pull(provider, version, &DownloadProgress::default()).await.expect_err("unknown");
        assert_eq!(error.to_string(), message);
    }
    assert!(!world.root.path().join("src").exists());
    // It is in the list, and not there.
    let error = world.pull(Some("v1.1.0-beta")).await.expect_err("missing").to_string();
    let url = &world.served.url;
    let expect =
        format!("the registry answered 404 Not Found to {url}/dist/aws/v1.1.0-beta.tgz; check the url of --registry");
    assert_eq!(error, expect);
}

#[tokio::test]
async fn a_folder_of_this_machine_is_no_registry() {
    let client = Arc::new(Client::new(Settings::default()).expect("a client"));
    let config = RegistryConfig::parse("{\"url\": \"file:///opt/providers\"}").expect("a configuration");
    let registry = RemoteRegistry::new(client, config, "nowhere".into());
    let list = registry.list().await.expect_err("local");
    assert_eq!(list.to_string(), "'registry list' is meaningless in local mode");
    let pull = registry.pull("aws", None, &DownloadProgress::default()).await.expect_err("local");
    assert_eq!(pull.to_string(), "'registry pull' is meaningless in local mode");
}

#[tokio::test]
async fn what_is_no_registry_is_told() {
    let world = World::new().await;
    world.served.put("providers.yaml", "<html>\n<p>hello</p>");
    let error = world.registry("").list().await.expect_err("no list").to_string();
    let start = format!("{}/dist/providers.yaml is no list of providers: ", world.served.url);
    assert!(error.starts_with(&start) && error.lines().count() == 1, "{error}");
    let client = Arc::new(Client::new(Settings::default()).expect("a client"));
    for (url, message) in [
        (
            "ftp://host/x",
            "the registry's url is not an address of http, https or file; give one like https://host/providers",
        ),
        (
            "nonsense",
            "the registry's url is not an address of http, https or file; give one like https://host/providers",
        ),
    ] {
        let config = RegistryConfig::parse(&format!("url: '{url}'")).expect("a configuration");
        let registry = RemoteRegistry::new(Arc::clone(&client), config, "nowhere".into());
        assert_eq!(registry.list().await.expect_err("wrong").to_string(), message);
    }
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let config = RegistryConfig::parse(&format!("url: 'http://{free}'")).expect("a configuration");
    let error = RemoteRegistry::new(client, config, "nowhere".into()).list().await.expect_err("nobody").to_string();
    assert!(error.starts_with(&format!("cannot reach the registry: cannot connect to {free}: ")), "{error}");
}

#[test]
fn configurations_are_json_or_yaml_and_may_be_partial() {
    assert_eq!(RegistryConfig::parse(" "), Ok(RegistryConfig::default()));
    assert_eq!(RegistryConfig::parse("{}"), Ok(RegistryConfig::default()));
    let json =
        r#"{"url": "http://h", "srcPrefix": "s", "allowSrcDownload": true, "verifyConfig": {"nopVerify": true}}"#;
    let yaml = "url: http://h\nsrcPrefix: s\nallowSrcDownload: true\nverifyConfig:\n  nopVerify: true";
    assert_eq!(RegistryConfig::parse(json), RegistryConfig::parse(yaml));
    let config = RegistryConfig::parse(json).expect("a configuration");
    assert!(config.verify_config.nop_verify && config.allow_src_download && config.dist_prefix == "dist");
    for wrong in ["nonsense", "[]", "{\"url\": 1", "{\"verifyConfig\": 1}"] {
        let error = RegistryConfig::parse(wrong).expect_err("wrong").to_string();
        assert!(error.starts_with("cannot unmarshal the registry configuration: "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[tokio::test]
async fn addresses_may_move_but_not_for_ever() {
    let world = World::new().await;
    let path = "/providers/dist/providers.yaml";
    let elsewhere = format!("{}/elsewhere", world.served.url);
    world.served.site().moved.insert(path.to_owned(), elsewhere);
    world.served.site().files.insert("/providers/elsewhere".to_owned(), INDEX.into());
    assert_eq!(world.registry("").list().await.expect("listed").len(), 2);
    world.served.site().moved.insert(path.to_owned(), path.to_owned());
    let error = world.registry("").list().await.expect_err("round").to_string();
    assert!(error.ends_with("moved more than 5 times"), "{error}");
}

#[tokio::test]
async fn a_hostile_archive_leaves_what_was_there() {
    let world = World::new().await;
    world.pull(Some("v0.9.0")).await.expect("pulled");
    let hostile = [
        archive(&[Entry::File("v1.0.0/provider.yaml", vec![1]), Entry::File("../../evil", vec![1])]),
        archive(&[Entry::File("v1.0.0/provider.yaml", vec![1]), Entry::Other("v1.0.0/x", tar::EntryType::Symlink)]),
        archive(&[Entry::File("v1.0.0/provider.yaml", vec![0; 17 << 20])]),
        b"<html>".to_vec(),
    ];
    for archive in hostile {
        world.served.put("aws/v1.0.0.tgz", archive);
        let error = world.pull(None).await.expect_err("refused").to_string();
        assert!(error.starts_with("aws v1.0.0 was not installed: the archive "), "{error}");
        assert_eq!(world.installed(), names(&["v0.9.0"]));
        assert_eq!(world.content("aws/v0.9.0/provider.yaml"), "v0.9.0");
    }
    assert_eq!(fs::read_dir(world.root.path()).expect("there").count(), 1);
}

#[tokio::test]
async fn signatures_are_checked_by_the_key_that_is_configured() {
    let world = World::new().await;
    let document = b"id: aws\n".to_vec();
    let signed = |signature: String| {
        archive(&[
            Entry::File("v1.0.0/provider.yaml", document.clone()),
            Entry::File("v1.0.0/provider.yaml.sig", signature.into_bytes()),
        ])
    };
    let pull = async |more: String| world.registry(&more).pull("aws", None, &DownloadProgress::default()).await;
    let key = |seed| format!(", verifyConfig: {{publicKey: '{}'}}", public_key(seed));
    world.served.put("aws/v1.0.0.tgz", signed(sign(1, &document)));
    assert_eq!(pull(key(1)).await.expect("pulled").notes, [""; 0]);
    let file = world.root.path().join("key");
    fs::write(&file, public_key(1)).expect("written");
    let path = format!(", verifyConfig: {{publicKeyPath: '{}'}}", file.display());
    assert_eq!(pull(path).await.expect("pulled").notes, [""; 0]);
    assert_eq!(
        pull(String::new()).await.expect("pulled").notes,
        [
            "signatures of aws v1.0.0 were not verified: no public key is configured; give one as verifyConfig.publicKeyPath of --registry"
        ]
    );

    let told = async |more: String| pull(more).await.expect_err("refused").to_string();
    let wrong =
        "aws v1.0.0 was not installed: provider.yaml: its signature does not fit the document and the public key";
    assert_eq!(told(key(2)).await, wrong);
    world.served.put("aws/v1.0.0.tgz", signed(sign(1, b"id: other\n")));
    assert_eq!(told(key(1)).await, wrong);
    let nothing = ", verifyConfig: {nopVerify: true}".to_owned();
    assert_eq!(pull(nothing).await.expect("pulled").notes, [""; 0]);
    world.served.put("aws/v1.0.0.tgz", archive(&[Entry::File("v1.0.0/provider.yaml", document.clone())]));
    assert_eq!(
        told(key(1)).await,
        "aws v1.0.0 was not installed: provider.yaml has no signature; verifyConfig.nopVerify of --registry installs it unverified"
    );
    assert_eq!(
        told(", verifyConfig: {publicKey: hush}".to_owned()).await,
        "the public key of verifyConfig is no Ed25519 key; give base64 of its 32 bytes, or PEM"
    );
}
