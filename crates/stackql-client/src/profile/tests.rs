use super::*;

const CONFIG: &str = "
[default]
region = eu-central-1
[profile plain]
endpoint_url = http://all
use_fips_endpoint = true
[profile services]
source_profile = default
endpoint_url = http://all
services = local
use_dualstack_endpoint = TRUE
[services local]
ec2 =
  endpoint_url = http://ec2
elastic_beanstalk =
  endpoint_url = http://beans
[profile odd]
use_fips_endpoint = maybe
[profile ignoring]
endpoint_url = http://all
ignore_configured_endpoint_urls = true
";

async fn profile(variables: &[(&str, &str)]) -> Profile {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    std::fs::write(&path, CONFIG).expect("written");
    let mut environment: Environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    environment.insert("AWS_CONFIG_FILE".into(), path.display().to_string());
    environment.insert("AWS_SHARED_CREDENTIALS_FILE".into(), folder.path().join("none").display().to_string());
    Profile::load(&environment).await.expect("profile")
}

#[tokio::test]
async fn endpoints_come_from_the_profile_unless_the_environment_has_them() {
    /// Environment, service id and the address.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, Option<&'a str>);
    let cases: [Case<'_>; 10] = [
        (&[], "EC2", None),
        (&[("AWS_PROFILE", "plain")], "EC2", Some("http://all")),
        (&[("AWS_PROFILE", "services")], "EC2", Some("http://ec2")),
        (&[("AWS_PROFILE", "services")], "Elastic Beanstalk", Some("http://beans")),
        (&[("AWS_PROFILE", "services")], "STS", Some("http://all")),
        (&[("AWS_PROFILE", "services"), ("AWS_ENDPOINT_URL", "http://env")], "EC2", Some("http://env")),
        (&[("AWS_PROFILE", "services"), ("AWS_ENDPOINT_URL_EC2", "http://mine")], "EC2", Some("http://mine")),
        (&[("AWS_PROFILE", "services"), ("AWS_ENDPOINT_URL_EC2", "")], "EC2", Some("http://ec2")),
        (&[("AWS_PROFILE", "ignoring")], "EC2", None),
        (&[("AWS_PROFILE", "plain"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], "EC2", None),
    ];
    for (variables, service, expected) in cases {
        let found = profile(variables).await.endpoint_url(service);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{variables:?} {service}");
    }
}

#[tokio::test]
async fn variants_and_region() {
    let variant = |fips, dual_stack| Ok(Variant { fips, dual_stack });
    assert_eq!(profile(&[]).await.variant(), variant(false, false));
    assert_eq!(profile(&[("AWS_PROFILE", "plain")]).await.variant(), variant(true, false));
    assert_eq!(
        profile(&[("AWS_PROFILE", "plain"), ("AWS_USE_FIPS_ENDPOINT", "false")]).await.variant(),
        variant(false, false)
    );
    assert_eq!(profile(&[("AWS_PROFILE", "services")]).await.variant(), variant(false, true));
    let error = profile(&[("AWS_PROFILE", "odd")]).await.variant().expect_err("neither");
    assert!(error.contains("use_fips_endpoint"), "{error}");
    assert_eq!(profile(&[]).await.region().as_deref(), Some("eu-central-1"));
    assert_eq!(profile(&[("AWS_PROFILE", "services")]).await.region().as_deref(), Some("eu-central-1"));
    assert_eq!(profile(&[("AWS_PROFILE", "plain")]).await.region(), None);
}
