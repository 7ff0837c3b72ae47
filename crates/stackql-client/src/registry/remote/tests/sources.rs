//! Versions of which there is no archive, fetched document by document.

use super::*;

const ALLOWED: &str = ", allowSrcDownload: true";
const PROVIDER: &str = "
name: aws
providerServices:
  s3: {service: {$ref: aws/v1.1.0-beta/services/s3.yaml}, resources: {$ref: 'aws/v1.1.0-beta/services/s3.yaml#/r'}}
  ec2: {service: {$ref: services/ec2.yaml}}
";
const S3: &str = "
responses: {200: {$ref: '#/components/x'}, 404: {$ref: 'errors.yaml#/gone'}}
docs: {$ref: 'https://elsewhere.example/x.yaml'}
text: \"$ref: none.yaml\"
";

impl World {
    /// Puts a document of the version without an archive there.
    fn document(&self, path: &str, content: impl Into<Vec<u8>>) {
        let path = format!("/providers/src/aws/v1.1.0-beta/{path}");
        self.served.site().files.insert(path, content.into());
    }

    async fn with_documents() -> Self {
        let world = Self::new().await;
        world.document("provider.yaml", PROVIDER);
        world.document("services/s3.yaml", S3);
        world.document("services/ec2.yaml", "{paths: {}}");
        // It leads back.
        world.document("services/errors.yaml", "gone: {$ref: 's3.yaml#/responses'}");
        world
    }

    async fn pull_documents(&self, more: &str) -> Result<Installed, RegistryError> {
        self.registry(more).pull("aws", Some("v1.1.0-beta"), &DownloadProgress::default()).await
    }

    /// The documents that were asked for.
    fn requests(&self) -> Vec<String> {
        let site = self.served.site();
        let sources = site.asked.iter().filter_map(|(path, _)| path.strip_prefix("/providers/src/aws/v1.1.0-beta/"));
        sources.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn documents_are_fetched_with_all_that_they_name() {
    let world = World::with_documents().await;
    world.pull(Some("v0.9.0")).await.expect("pulled");
    let transfer = DownloadProgress::default();
    let installed = world.registry(ALLOWED).pull("aws", Some("v1.1.0-beta"), &transfer).await.expect("pulled");
    assert_eq!(installed.version, "v1.1.0-beta");
    assert!(installed.notes[0].ends_with(
        "were not verified: no public key is configured; give one as verifyConfig.publicKeyPath of --registry"
    ));
    assert_eq!(world.installed(), names(&["v1.1.0-beta"]));
    assert_eq!(world.content("aws/v1.1.0-beta/provider.yaml"), PROVIDER);
    assert_eq!(world.content("aws/v1.1.0-beta/services/s3.yaml"), S3);
    assert!(world.content("aws/v1.1.0-beta/services/errors.yaml").starts_with("gone"));
    let asked = world.requests();
    assert_eq!(asked, ["provider.yaml", "services/ec2.yaml", "services/s3.yaml", "services/errors.yaml"]);
    assert!(transfer.received.load(std::sync::atomic::Ordering::Relaxed) > 300);
}

#[tokio::test]
async fn an_archive_is_preferred_and_without_leave_there_is_nothing_else() {
    let world = World::with_documents().await;
    world.document("../v1.0.0/provider.yaml", "never");
    world.registry(ALLOWED).pull("aws", Some("v1.0.0"), &DownloadProgress::default()).await.expect("pulled");
    let url = format!("{}/dist/aws/v1.1.0-beta.tgz", world.served.url);
    let expect = format!("the registry answered 404 Not Found to {url}; check the url of --registry");
    for more in ["", ", allowSrcDownload: false"] {
        assert_eq!(world.pull_documents(more).await.expect_err("missing").to_string(), expect);
    }
    assert_eq!((world.requests(), world.installed()), (Vec::new(), names(&["v1.0.0"])));
}

#[tokio::test]
async fn what_is_incomplete_or_leads_out_leaves_what_was_there() {
    let world = World::with_documents().await;
    world.pull(Some("v0.9.0")).await.expect("pulled");
    let told = async || world.pull_documents(ALLOWED).await.expect_err("refused").to_string();
    let start = "aws v1.1.0-beta was not installed: ";
    for (named, shown) in [
        ("../../evil.yaml", "../../evil.yaml"),
        ("services/../../evil.yaml", "services/../../evil.yaml"),
        ("/etc/evil.yaml", "/etc/evil.yaml"),
        ("aws/v1.0.0/provider.yaml", "aws/v1.0.0/provider.yaml"),
        ("aws/v1.1.0-beta", "aws/v1.1.0-beta"),
        ("c:evil.yaml", "c:evil.yaml"),
        ("a\\\\evil.yaml", "a\\\\evil.yaml"),
        (".hidden/evil.yaml", ".hidden/evil.yaml"),
        ("provider.yaml.sig", "provider.yaml.sig"),
    ] {
        world.document("services/ec2.yaml", format!("{{x: {{$ref: \"{named}\"}}}}"));
        let expect = format!("{start}services/ec2.yaml names '{shown}', which is not below it");
        assert_eq!(told().await, expect);
    }
    world.document("services/ec2.yaml", "{x: [");
    assert!(told().await.starts_with(&format!("{start}services/ec2.yaml is no document: ")));
    world.served.site().files.remove("/providers/src/aws/v1.1.0-beta/services/ec2.yaml");
    let url = format!("{}/src/aws/v1.1.0-beta/services/ec2.yaml", world.served.url);
    assert_eq!(told().await, format!("the registry answered 404 Not Found to {url}; check the url of --registry"));
    assert_eq!(world.installed(), names(&["v0.9.0"]));
    assert_eq!(world.content("aws/v0.9.0/provider.yaml"), "v0.9.0");
}

#[tokio::test]
async fn neither_size_nor_number_runs_away() {
    let world = World::with_documents().await;
    let client = Client::new(Settings::default()).expect("a client");
    let fetch = async |limits| {
        let url = url::Url::parse(&format!("{}/src", world.served.url)).expect("an address");
        let (directory, version) = ("aws", "v1.1.0-beta");
        let source =
            Source { client: &client, url, provider: "aws", directory, version, signed: false, limits, largest: 1 };
        let into = tempfile::tempdir().expect("a folder");
        source.fetch(into.path(), &DownloadProgress::default()).await.map_err(|e| e.to_string())
    };
    let limits = |entries, unpacked| Limits { entries, unpacked, ..Limits::GENEROUS };
    assert_eq!(fetch(limits(4, 10_000)).await.expect("fetched").len(), 4);
    let start = "aws v1.1.0-beta was not installed: its documents are more than ";
    assert_eq!(fetch(limits(3, 10_000)).await, Err(format!("{start}3")));
    assert_eq!(fetch(limits(4, 300)).await, Err(format!("{start}300 bytes")));
    world.document("services/ec2.yaml", vec![b' '; (1 << 20) + 1]);
    let large = fetch(limits(4, 10_000_000)).await.expect_err("too large");
    assert!(large.ends_with("services/ec2.yaml is larger than 1 MiB, so it is no such document"), "{large}");
}

#[tokio::test]
async fn each_document_is_signed_where_a_key_is_configured() {
    let world = World::with_documents().await;
    let more = format!("{ALLOWED}, verifyConfig: {{publicKey: '{}'}}", public_key(1));
    let documents = ["provider.yaml", "services/s3.yaml", "services/ec2.yaml", "services/errors.yaml"];
    for path in &documents[..3] {
        let content = world.served.site().files[&format!("/providers/src/aws/v1.1.0-beta/{path}")].clone();
        world.document(&format!("{path}.sig"), sign(1, &content));
    }
    assert_eq!(
        world.pull_documents(&more).await.expect_err("refused").to_string(),
        "aws v1.1.0-beta was not installed: services/errors.yaml has no signature; verifyConfig.nopVerify of --registry installs it unverified"
    );
    let content = world.served.site().files["/providers/src/aws/v1.1.0-beta/services/errors.yaml"].clone();
    world.document("services/errors.yaml.sig", sign(1, &content));
    assert_eq!(world.pull_documents(&more).await.expect("pulled").notes, [""; 0]);
    assert!(world.root.path().join("src/aws/v1.1.0-beta/services/errors.yaml.sig").exists());
    let unchecked = format!("{ALLOWED}, verifyConfig: {{nopVerify: true}}");
    assert_eq!(world.pull_documents(&unchecked).await.expect("pulled").notes, [""; 0]);
    assert!(!world.root.path().join("src/aws/v1.1.0-beta/services/errors.yaml.sig").exists());
}
