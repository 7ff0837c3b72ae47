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

fn profile(variables: &[(&str, &str)]) -> Profile {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("config");
    std::fs::write(&path, CONFIG).expect("written");
    let mut environment: Environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    environment.insert("AWS_CONFIG_FILE".into(), path.display().to_string());
    environment.insert("AWS_SHARED_CREDENTIALS_FILE".into(), folder.path().join("none").display().to_string());
    Profile::load(&environment).expect("profile")
}

#[test]
fn endpoints_come_from_the_profile_unless_the_environment_has_them() {
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
        let found = profile(variables).endpoint_url(service);
        assert_eq!(found, Ok(expected.map(str::to_owned)), "{variables:?} {service}");
    }
}

#[test]
fn variants_and_region() {
    let variant = |fips, dual_stack| Ok(Variant { fips, dual_stack });
    assert_eq!(profile(&[]).variant(), variant(false, false));
    assert_eq!(profile(&[("AWS_PROFILE", "plain")]).variant(), variant(true, false));
    assert_eq!(
        profile(&[("AWS_PROFILE", "plain"), ("AWS_USE_FIPS_ENDPOINT", "false")]).variant(),
        variant(false, false)
    );
    assert_eq!(profile(&[("AWS_PROFILE", "services")]).variant(), variant(false, true));
    let error = profile(&[("AWS_PROFILE", "odd")]).variant().expect_err("neither");
    assert!(error.contains("use_fips_endpoint"), "{error}");
    assert_eq!(profile(&[]).region(), Ok(Some("eu-central-1".to_owned())));
    assert_eq!(profile(&[("AWS_PROFILE", "services")]).region(), Ok(Some("eu-central-1".to_owned())));
    assert_eq!(profile(&[("AWS_PROFILE", "plain")]).region(), Ok(None));
}

#[test]
fn how_often_requests_are_sent_and_whom_they_trust() {
    let at = |file: &str, text: &str| loaded(&[("config", file)], text).expect("sound");
    let attempts = |variables: &[(&str, &str)], keys: &str| {
        let mut profile = at(&format!("[default]\n{keys}\n"), "");
        profile.environment.extend(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        profile.max_attempts()
    };
    assert_eq!(attempts(&[], "region = eu-west-1"), Ok(None));
    assert_eq!(attempts(&[], "max_attempts = 7"), Ok(Some(7)));
    assert_eq!(attempts(&[("AWS_MAX_ATTEMPTS", "1")], "max_attempts = 7"), Ok(Some(1)));
    assert_eq!(attempts(&[("AWS_RETRY_MODE", "legacy")], ""), Ok(Some(5)));
    assert_eq!(attempts(&[], "retry_mode = adaptive"), Ok(Some(3)));
    assert_eq!(attempts(&[("AWS_MAX_ATTEMPTS", "2")], "retry_mode = standard"), Ok(Some(2)));
    for (keys, place) in
        [("max_attempts = 0", "config:2: max_attempts"), ("retry_mode = often", "config:2: retry_mode")]
    {
        let error = attempts(&[], keys).expect_err(keys);
        assert!(error.contains(place), "{error}");
    }
    let error = attempts(&[("AWS_MAX_ATTEMPTS", "many")], "").expect_err("no number");
    assert!(error.starts_with("AWS_MAX_ATTEMPTS is 'many'"), "{error}");
    let bundle = at("[default]\nca_bundle = /of/profile.pem # ours\n", "").ca_bundle().expect("sound").expect("named");
    assert_eq!(bundle.0, PathBuf::from("/of/profile.pem"));
    assert!(bundle.1.ends_with("config:2: ca_bundle"), "{bundle:?}");
}

/// A profile of files below a folder, the variable `AWS_PROFILE` as it is here.
fn loaded(files: &[(&str, &str)], name: &str) -> Result<Profile, String> {
    let folder = tempfile::tempdir().expect("folder");
    let path = |file: &str| folder.path().join(file).display().to_string();
    for (file, text) in files {
        std::fs::write(path(file), text).expect("written");
    }
    let variables = [
        ("AWS_CONFIG_FILE", path("config")),
        ("AWS_SHARED_CREDENTIALS_FILE", path("credentials")),
        ("AWS_PROFILE", name.to_owned()),
    ];
    Profile::load(&variables.map(|(n, v)| (n.to_owned(), v)).into())
}

#[test]
fn a_region_that_is_none_and_a_block_that_is_none_are_errors() {
    let region = |text: &str| loaded(&[("config", text)], "").expect("sound").region();
    assert_eq!(region("[default]\nregion = eu-west-1 ; near\n"), Ok(Some("eu-west-1".to_owned())));
    assert_eq!(region("[default]\nregion =\n"), Ok(None));
    for text in [
        "[default]\nregion = eu west 1\n",
        "[default]\nregion = eu-west-1\n  output = json\n",
        "[default]\nregion =\n a = b\n",
    ] {
        let error = region(text).expect_err(text);
        assert!(error.contains("config:2: region"), "{error}");
    }
    let endpoint = |text: &str| loaded(&[("config", text)], "").expect("sound").endpoint_url("EC2");
    let error = endpoint("[default]\nservices = here\n").expect_err("not there");
    assert!(error.contains("config:2: services: there is no section [services here]"), "{error}");
    let error = endpoint("[default]\nservices = here\n[services here]\nec2 = x\n").expect_err("no block");
    assert!(error.contains("config:4: ec2 is no block"), "{error}");
}

#[test]
fn a_profile_that_is_not_there_is_named_beside_those_that_are() {
    let files = [("config", "[profile my work]\n[profile \"a b\"]\n[sso-session x]\n"), ("credentials", "[default]\n")];
    let error = loaded(&files, "nope").expect_err("not there");
    assert!(error.starts_with("the AWS profile 'nope', which AWS_PROFILE names, is not in "), "{error}");
    assert!(error.ends_with("there are: a b, default"), "{error}");
    let error = loaded(&[], "nope").expect_err("not there");
    assert!(error.ends_with("there are no profiles"), "{error}");
    let many: String = (10..40).map(|n| format!("[p{n}]\n")).collect();
    let error = loaded(&[("credentials", &many)], "nope").expect_err("not there");
    assert!(error.ends_with("p29 and 10 more"), "{error}");
}
