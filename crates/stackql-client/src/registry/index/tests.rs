use super::*;

const DOCUMENT: &str = "providers:
  aws:
    versions: [v0.10.0, v00.00.00000, v0.9.1, v1.0.0-beta.2]
  google:
    versions: [v1.0.4]
  fresh:
    versions: [v0.1.0-alpha]
  empty: {}
";

fn index() -> Index {
    Index::parse(DOCUMENT).expect("a document")
}

#[test]
fn versions_are_in_order_and_the_latest_is_stable() {
    let providers = index().into_providers();
    let names: Vec<&str> = providers.iter().map(|p| p.provider.as_str()).collect();
    assert_eq!(names, ["aws", "fresh", "google"]);
    assert_eq!(providers[0].versions, ["v00.00.00000", "v0.9.1", "v0.10.0", "v1.0.0-beta.2"]);
    assert_eq!(providers[0].latest, "v0.10.0");
}

#[test]
fn a_version_is_found_by_what_it_means() {
    let index = index();
    let aws = index.provider("AWS").expect("there");
    for (named, found) in [
        (None, "v0.10.0"),
        (Some("v0.9.1"), "v0.9.1"),
        (Some("0.9.1"), "v0.9.1"),
        (Some("v0.0.0"), "v00.00.00000"),
        (Some("1.0.0-beta.2"), "v1.0.0-beta.2"),
    ] {
        assert_eq!(Index::version(aws, named), Ok(found), "{named:?}");
    }
}

#[test]
fn what_is_not_there_comes_with_what_is() {
    let index = index();
    let aws = index.provider("aws").expect("there");
    let told = |e: RegistryError| e.to_string();
    assert_eq!(
        told(index.provider("gogle").expect_err("unknown")),
        "the registry has no provider 'gogle', did you mean 'google'?; it has: aws, fresh, google"
    );
    assert_eq!(
        told(Index::version(aws, Some("v0.9.2")).expect_err("unknown")),
        "the registry has no version 'v0.9.2' of provider 'aws', did you mean 'v0.9.1'?; it has: v00.00.00000, v0.9.1, v0.10.0, v1.0.0-beta.2"
    );
    assert_eq!(
        told(Index::version(index.provider("fresh").expect("there"), None).expect_err("unstable")),
        "provider 'fresh' has no stable version; name one of: v0.1.0-alpha"
    );
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../aws", "a/b", "", ".aws", "a\\\\b", "v1..", "C:"] {
        assert!(Index::parse(&format!("providers: {{\"{name}\": {{versions: [v1.0.0]}}}}")).is_err(), "{name}");
        assert!(Index::parse(&format!("providers: {{aws: {{versions: [\"{name}\"]}}}}")).is_err(), "{name}");
    }
    assert!(Index::parse("<html>").is_err());
}
