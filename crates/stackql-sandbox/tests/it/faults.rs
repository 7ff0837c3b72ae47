//! What goes wrong on purpose.

use std::time::Duration;

use stackql_sandbox::Options;

use crate::start_with;

fn faults(texts: &[&str]) -> Options {
    Options { faults: texts.iter().map(|text| text.parse().unwrap()).collect(), ..Options::default() }
}

#[tokio::test]
async fn refusals_do_nothing_and_end() {
    let (_sandbox, client) = start_with(faults(&[
        "CreateVpc=500*1",
        "CreateVpc=503*1",
        "CreateVpc=VpcLimitExceeded*1",
        "DescribeSubnets=UnauthorizedOperation",
    ]))
    .await;
    for expected in [(500, "InternalError"), (503, "Unavailable"), (400, "VpcLimitExceeded"), (200, "")] {
        assert_eq!(client.call("CreateVpc", "CidrBlock=10.0.0.0/16").await.error(), expected);
    }
    assert_eq!(client.call("DescribeVpcs", "").await.texts("vpcId").len(), 1);
    for _ in 0..3 {
        assert_eq!(client.call("DescribeSubnets", "").await.error(), (400, "UnauthorizedOperation"));
    }
}

#[tokio::test]
async fn bodies_are_cut_or_no_xml() {
    let (_sandbox, client) = start_with(faults(&["DescribeVpcs=truncated*1", "DescribeVpcs=not-xml*1"])).await;
    let cut = client.call("DescribeVpcs", "").await;
    assert!(cut.status == 200 && cut.body.starts_with("<?xml") && !cut.body.ends_with('>'), "{cut:?}");
    let page = client.call("DescribeVpcs", "").await;
    assert!(page.status == 200 && page.body.starts_with("<!DOCTYPE html>"), "{page:?}");
    assert!(client.call("DescribeVpcs", "").await.body.ends_with("</DescribeVpcsResponse>"));
}

#[tokio::test]
async fn a_list_goes_on_with_the_token_that_was_sent() {
    let (_sandbox, client) = start_with(faults(&["*=repeated-token"])).await;
    let first = client.call("DescribeTrafficMirrorSessions", "").await;
    let token = first.text("nextToken").unwrap();
    for _ in 0..3 {
        let next = client.call("DescribeTrafficMirrorSessions", &format!("NextToken={token}")).await;
        assert_eq!(next.text("nextToken"), Some(token));
    }
}

#[tokio::test]
async fn no_answer_comes_until_the_client_gives_up() {
    let (_sandbox, client) = start_with(faults(&["DescribeVpcs=hang*1"])).await;
    let waiting = client.call("DescribeVpcs", "");
    assert!(tokio::time::timeout(Duration::from_millis(200), waiting).await.is_err());
    assert_eq!(client.call("DescribeVpcs", "").await.status, 200);
}

#[tokio::test]
async fn every_nth_request_is_one_too_many() {
    let (_sandbox, client) = start_with(Options { throttle: Some(2), ..Options::default() }).await;
    for expected in [(200, ""), (503, "RequestLimitExceeded"), (200, ""), (503, "RequestLimitExceeded")] {
        assert_eq!(client.call("DescribeVpcs", "").await.error(), expected);
    }
}
