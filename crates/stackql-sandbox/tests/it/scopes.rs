//! Signatures, accounts and regions.

use std::time::Duration;

use stackql_sandbox::Options;

use crate::client::{Client, answered};
use crate::{start, start_with};

#[tokio::test]
async fn requests_must_be_signed() {
    let (_sandbox, client) = start().await;
    assert_eq!(client.call("DescribeVpcs", "").await.status, 200);
    let wrong = Client { secret: "guess", ..client.clone() }.call("DescribeVpcs", "").await;
    assert_eq!(wrong.error(), (403, "SignatureDoesNotMatch"));
    assert!(wrong.text("Message").unwrap().contains("'test'"), "{}", wrong.body);
    let late = Client { behind: Duration::from_secs(301), ..client.clone() }.call("DescribeVpcs", "").await;
    assert_eq!(late.error(), (400, "RequestExpired"));
    assert!(late.headers.contains_key("date") && late.headers.contains_key("x-amzn-requestid"));
    let mut request = client.signed("Action=DescribeVpcs".to_owned());
    request.headers_mut().remove("authorization");
    let unsigned = client.sent(request).await;
    assert_eq!(unsigned.error(), (403, "MissingAuthenticationToken"));
    let sts = Client { secret: "guess", service: "sts", ..client.clone() }.call("GetCallerIdentity", "").await;
    assert!(
        sts.body.contains("<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"),
        "{sts:?}"
    );
}

#[tokio::test]
async fn signatures_need_not_be_right_on_request() {
    let (sandbox, client) = start_with(Options { verify_signatures: false, ..Options::default() }).await;
    assert_eq!(Client { secret: "guess", ..client }.call("DescribeVpcs", "").await.status, 200);
    let plain = reqwest::Client::new().get(format!("{}/?Action=DescribeRegions", sandbox.url()));
    let plain = answered(plain.send().await.unwrap()).await;
    assert!(plain.texts("regionName").contains(&"eu-west-1"), "{plain:?}");
}

#[tokio::test]
async fn accounts_and_regions_are_apart() {
    let (_sandbox, here) = start().await;
    let there = Client { region: "eu-west-1", ..here.clone() };
    let other = Client { key: "123456789012", ..here.clone() };
    let filter = "TagSpecification.1.ResourceType=traffic-mirror-filter&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b";
    here.create("CreateTrafficMirrorFilter", filter, "trafficMirrorFilterId").await;
    for (client, count) in [(&here, 1), (&there, 0), (&other, 0)] {
        let filters = client.call("DescribeTrafficMirrorFilters", "").await;
        assert_eq!(filters.texts("trafficMirrorFilterId").len(), count, "{client:?}");
        assert_eq!(client.call("DescribeTags", "").await.texts("resourceId").len(), count, "{client:?}");
    }
    let subnet = there.create("CreateVpc", "CidrBlock=10.0.0.0/16", "vpcId").await;
    let zone = there.create("CreateSubnet", &format!("VpcId={subnet}&CidrBlock=10.0.1.0/24"), "availabilityZone").await;
    assert_eq!(zone, "eu-west-1a");
}

#[tokio::test]
async fn assumed_roles_are_let_into_their_account() {
    let (sandbox, client) = start().await;
    let role = Client { service: "sts", ..client.clone() };
    let caller = role.create("GetCallerIdentity", "", "Account").await;
    assert_eq!(caller.len(), 12);
    let role = role.call("AssumeRole", "RoleArn=arn:aws:iam::000000000042:role/reader&RoleSessionName=s").await;
    assert_eq!(role.text("SecretAccessKey"), Some("test"), "{role:?}");
    let key: &'static str = role.text("AccessKeyId").unwrap().to_owned().leak();
    let assumed = Client { key, service: "sts", ..Client::for_sandbox(&sandbox) };
    assert_eq!(assumed.create("GetCallerIdentity", "", "Account").await, "000000000042");
}
