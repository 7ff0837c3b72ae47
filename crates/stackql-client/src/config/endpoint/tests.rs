use stackql_provider::{Host, Variant};

use super::*;

#[tokio::test]
async fn overrides_then_partitions() {
    let plain = Variant::default();
    let fips = Variant { fips: true, dual_stack: false };
    let endpoints = Endpoints {
        override_id: "EC2".into(),
        scope: Some("region".into()),
        partitions: vec![
            Partition {
                name: "a".into(),
                pattern: r"^(us|eu)\-\w+\-\d+$".into(),
                templates: vec![
                    (plain, "https://ec2.{scope}.one".into()),
                    (fips, "https://ec2-fips.{scope}.one".into()),
                ],
                ..Partition::default()
            },
            Partition {
                name: "b".into(),
                members: vec!["cn-north-1".into()],
                templates: vec![(plain, "https://ec2.{scope}.two".into())],
                ..Partition::default()
            },
        ],
        ..Endpoints::default()
    };
    /// Environment, scope, and the address they lead to.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 6] = [
        (&[], "eu-west-1", "https://ec2.{region}.one"),
        (&[], "cn-north-1", "https://ec2.{region}.two"),
        (&[("AWS_USE_FIPS_ENDPOINT", "true")], "us-east-1", "https://ec2-fips.{region}.one"),
        (&[("AWS_ENDPOINT_URL", "http://x")], "us-east-1", "http://x"),
        (&[("AWS_ENDPOINT_URL", "http://x"), ("AWS_ENDPOINT_URL_EC2", "http://y")], "us-east-1", "http://y"),
        (
            &[("AWS_ENDPOINT_URL", "http://x"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            "us-east-1",
            "https://ec2.{region}.one",
        ),
    ];
    for (variables, scope, expected) in cases {
        let environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let profile = Profile::load(&environment).expect("no profile files");
        let settings = Settings::default();
        assert_eq!(
            target(&settings, Some(&profile), &endpoints, Some(scope), None).map(|t| t.url),
            Ok(expected.to_owned()),
            "{variables:?} {scope}"
        );
    }
}

/// Partitions of the form that the definitions have, with a place whose address follows no template.
fn partitioned() -> Endpoints {
    let templates = |plain: &str, fips: &str, dual_stack: Option<(&str, &str)>| {
        let variant = |fips, dual_stack| Variant { fips, dual_stack };
        let mut all = vec![(variant(false, false), plain.to_owned()), (variant(true, false), fips.to_owned())];
        if let Some((dual_stack, both)) = dual_stack {
            all.extend([(variant(false, true), dual_stack.to_owned()), (variant(true, true), both.to_owned())]);
        }
        all
    };
    let partition = |name: &str, pattern: &str, templates| Partition {
        name: name.into(),
        pattern: pattern.into(),
        templates,
        ..Partition::default()
    };
    let first = templates(
        "https://ec2.{scope}.amazonaws.com",
        "https://ec2-fips.{scope}.amazonaws.com",
        Some(("https://ec2.{scope}.api.aws", "https://ec2-fips.{scope}.api.aws")),
    );
    let china = templates("https://ec2.{scope}.amazonaws.com.cn", "https://ec2-fips.{scope}.amazonaws.com.cn", None);
    let government = templates("https://ec2.{scope}.amazonaws.com", "https://ec2.{scope}.amazonaws.com", None);
    let host = Host {
        member: "aws-global".into(),
        url: "https://ec2.amazonaws.com".into(),
        signing_scope: Some("us-east-1".into()),
        ..Host::default()
    };
    Endpoints {
        override_id: "EC2".into(),
        scope: Some("region".into()),
        partitions: vec![
            Partition {
                hosts: vec![host],
                members: vec!["aws-global".into()],
                ..partition("aws", r"^(us|eu|ap)\-\w+\-\d+$", first)
            },
            partition("aws-cn", r"^cn\-\w+\-\d+$", china),
            partition("aws-us-gov", r"^us\-gov\-\w+\-\d+$", government),
        ],
        ..Endpoints::default()
    }
}

async fn found(variables: &[(&str, &str)], scope: &str) -> Result<Target, String> {
    let environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let profile = Profile::load(&environment).expect("no profile files");
    target(&Settings::default(), Some(&profile), &partitioned(), Some(scope), None)
}

#[tokio::test]
async fn partitions_and_variants() {
    const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
    const DUAL_STACK: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
    /// Environment, scope, and the host they lead to.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 10] = [
        (&[], "us-east-1", "ec2.{region}.amazonaws.com"),
        (&[], "eu-west-9", "ec2.{region}.amazonaws.com"),
        (&[], "cn-north-1", "ec2.{region}.amazonaws.com.cn"),
        (&[], "us-gov-west-1", "ec2.{region}.amazonaws.com"),
        (&[FIPS], "us-east-1", "ec2-fips.{region}.amazonaws.com"),
        (&[FIPS], "us-gov-west-1", "ec2.{region}.amazonaws.com"),
        (&[FIPS], "cn-north-1", "ec2-fips.{region}.amazonaws.com.cn"),
        (&[DUAL_STACK], "us-east-1", "ec2.{region}.api.aws"),
        (&[FIPS, DUAL_STACK], "us-east-1", "ec2-fips.{region}.api.aws"),
        (&[("AWS_USE_FIPS_ENDPOINT", "")], "us-east-1", "ec2.{region}.amazonaws.com"),
    ];
    for (variables, scope, host) in cases {
        let expected = Target { url: format!("https://{host}"), replaced: None, signing_scope: scope.to_owned() };
        assert_eq!(found(variables, scope).await, Ok(expected), "{variables:?} {scope}");
    }
    let global = Target { url: "https://ec2.amazonaws.com".into(), replaced: None, signing_scope: "us-east-1".into() };
    assert_eq!(found(&[], "aws-global").await, Ok(global));
    let error = found(&[DUAL_STACK], "cn-north-1").await.expect_err("no such endpoint");
    assert!(error.contains("EC2") && error.contains("cn-north-1") && error.contains("dual-stack"), "{error}");
    let error = found(&[("AWS_USE_FIPS_ENDPOINT", "yes")], "us-east-1").await.expect_err("no truth value");
    assert!(error.contains("AWS_USE_FIPS_ENDPOINT"), "{error}");
}

#[tokio::test]
async fn a_flag_goes_before_all_and_signing_keeps_the_scope() {
    let environment = [("AWS_ENDPOINT_URL_EC2", "http://y"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")];
    let environment = environment.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let profile = Profile::load(&environment).expect("no profile files");
    let settings = Settings { endpoint_url: Some("http://flag".into()), ..Settings::default() };
    let found = target(&settings, Some(&profile), &partitioned(), Some("cn-north-1"), Some("https://own"));
    assert_eq!(
        found,
        Ok(Target {
            url: "http://flag".into(),
            replaced: Some("https://own".into()),
            signing_scope: "cn-north-1".into(),
        })
    );
    let found = target(&Settings::default(), Some(&profile), &Endpoints::default(), None, Some("https://own"));
    assert_eq!(found, Ok(Target { url: "https://own".into(), replaced: None, signing_scope: String::new() }));
}
