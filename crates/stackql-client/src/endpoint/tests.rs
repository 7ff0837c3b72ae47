use stackql_provider::Variant;

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
    };
    /// Environment, scope, and the address they lead to.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case<'_>; 6] = [
        (&[], "eu-west-1", "https://ec2.eu-west-1.one"),
        (&[], "cn-north-1", "https://ec2.cn-north-1.two"),
        (&[("AWS_USE_FIPS_ENDPOINT", "true")], "us-east-1", "https://ec2-fips.us-east-1.one"),
        (&[("AWS_ENDPOINT_URL", "http://x")], "us-east-1", "http://x"),
        (&[("AWS_ENDPOINT_URL", "http://x"), ("AWS_ENDPOINT_URL_EC2", "http://y")], "us-east-1", "http://y"),
        (
            &[("AWS_ENDPOINT_URL", "http://x"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
            "us-east-1",
            "https://ec2.us-east-1.one",
        ),
    ];
    for (variables, scope, expected) in cases {
        let environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let profile = Profile::load(&environment).await.expect("no profile files");
        let settings = Settings::default();
        assert_eq!(
            target(&settings, &profile, &endpoints, Some(scope)).map(|t| t.url),
            Ok(expected.to_owned()),
            "{variables:?} {scope}"
        );
    }
}
