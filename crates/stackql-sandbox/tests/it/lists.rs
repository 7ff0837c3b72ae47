//! Lists: order, filters, pages, ids.

use crate::start;
use crate::world::World;

#[tokio::test]
async fn pages_of_sessions_are_all_sessions_in_order() {
    let (_sandbox, client) = start().await;
    let world = World::make(&client).await;
    for number in (1..=12).rev() {
        client.create("CreateTrafficMirrorSession", &world.session(number), "trafficMirrorSessionId").await;
    }
    let mut seen = Vec::new();
    let mut parameters = "MaxResults=5".to_owned();
    for expected in [5, 5, 2] {
        let page = client.call("DescribeTrafficMirrorSessions", &parameters).await;
        let numbers: Vec<u32> = page.texts("sessionNumber").into_iter().map(|n| n.parse().unwrap()).collect();
        assert_eq!(numbers.len(), expected);
        seen.extend(numbers);
        match page.text("nextToken") {
            Some(token) => parameters = format!("MaxResults=5&NextToken={token}"),
            None => assert_eq!(expected, 2),
        }
    }
    assert!(seen.into_iter().eq((1..=12).rev()), "sessions are listed as they were made");
    let filters = "Filter.1.Name=session-number&Filter.1.Value.1=1?&Filter.1.Value.2=3&Filter.2.Name=network-interface-id&Filter.2.Value.1=eni-*";
    let found = client.call("DescribeTrafficMirrorSessions", filters).await;
    assert_eq!(found.texts("sessionNumber"), ["12", "11", "10", "3"]);
}

#[tokio::test]
async fn what_is_not_in_a_list_is_refused() {
    let (_sandbox, client) = start().await;
    World::make(&client).await;
    let calls = [
        ("DescribeTrafficMirrorSessions", "TrafficMirrorSessionId.1=tms-9", "InvalidTrafficMirrorSessionId.NotFound"),
        ("DescribeTrafficMirrorFilters", "TrafficMirrorFilterId.1=tmf-9", "InvalidTrafficMirrorFilterId.NotFound"),
        ("DescribeTrafficMirrorTargets", "TrafficMirrorTargetId.1=tmt-9", "InvalidTrafficMirrorTargetId.NotFound"),
        ("DescribeVpcs", "VpcId.1=vpc-00000001&VpcId.2=vpc-9", "InvalidVpcID.NotFound"),
        ("DescribeSubnets", "SubnetId.1=subnet-9", "InvalidSubnetID.NotFound"),
        ("DescribeNetworkInterfaces", "NetworkInterfaceId.1=eni-9", "InvalidNetworkInterfaceID.NotFound"),
        ("DescribeInstances", "InstanceId.1=i-9", "InvalidInstanceID.NotFound"),
        ("DescribeTrafficMirrorSessions", "Filter.1.Name=colour&Filter.1.Value.1=red", "InvalidParameterValue"),
        ("DescribeTrafficMirrorSessions", "MaxResults=4", "InvalidParameterValue"),
        ("DescribeVpcs", "NextToken=abc", "InvalidNextToken"),
        ("DescribeNothing", "", "InvalidAction"),
    ];
    for (action, parameters, code) in calls {
        assert_eq!(client.call(action, parameters).await.error(), (400, code), "{action} {parameters}");
    }
}

#[tokio::test]
async fn networks_are_filtered() {
    let (_sandbox, client) = start().await;
    World::make(&client).await;
    client.create("CreateVpc", "CidrBlock=10.9.0.0/16", "vpcId").await;
    let filter = |name: &str, value: &str| format!("Filter.1.Name={name}&Filter.1.Value.1={value}");
    let calls = [
        ("DescribeVpcs", filter("cidr", "10.9.*"), "vpcId", 1),
        ("DescribeVpcs", filter("state", "available"), "vpcId", 2),
        ("DescribeVpcs", filter("is-default", "true"), "vpcId", 0),
        ("DescribeNetworkInterfaces", filter("private-ip-address", "10.0.1.4"), "macAddress", 1),
        ("DescribeNetworkInterfaces", filter("addresses.private-ip-address", "10.0.1.5"), "macAddress", 1),
        ("DescribeNetworkInterfaces", filter("availability-zone", "us-east-1a"), "macAddress", 2),
        ("DescribeRegions", filter("region-name", "us-*"), "regionName", 4),
    ];
    for (action, parameters, element, count) in calls {
        assert_eq!(client.call(action, &parameters).await.texts(element).len(), count, "{action} {parameters}");
    }
}
