//! Traffic mirroring from the first call to the last.

use crate::start;
use crate::world::World;

/// The elements of a session, in the order of their names.
const FIELDS: [&str; 7] = [
    "description",
    "networkInterfaceId",
    "packetLength",
    "sessionNumber",
    "trafficMirrorFilterId",
    "trafficMirrorTargetId",
    "virtualNetworkId",
];

#[tokio::test]
async fn what_is_created_is_described_modified_and_deleted() {
    let (_sandbox, client) = start().await;
    let world = World::make(&client).await;
    let tags = "TagSpecification.1.ResourceType=traffic-mirror-session&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=a%26b";
    let wanted = format!("{}&Description=one&PacketLength=100&{tags}", world.session(1));
    let created = client.call("CreateTrafficMirrorSession", &wanted).await;
    let id = created.text("trafficMirrorSessionId").unwrap();
    let by_id = format!("TrafficMirrorSessionId.1={id}");
    let described = client.call("DescribeTrafficMirrorSessions", &by_id).await;
    for answer in [&created, &described] {
        let network: u32 = answer.text("virtualNetworkId").unwrap().parse().unwrap();
        assert!((1..=16_777_215).contains(&network));
        assert_eq!(answer.text("ownerId").unwrap().len(), 12);
        assert!(
            answer.body.contains("<tagSet><item><key>env</key><value>a&amp;b</value></item></tagSet>"),
            "{answer:?}"
        );
    }
    for field in FIELDS {
        assert_eq!(created.text(field), described.text(field), "{field}");
    }
    let changes = format!("TrafficMirrorSessionId={id}&SessionNumber=2&Description=two&RemoveField.1=packet-length");
    let modified = client.call("ModifyTrafficMirrorSession", &changes).await;
    let described = client.call("DescribeTrafficMirrorSessions", &by_id).await;
    for answer in [&modified, &described] {
        let changed = ["sessionNumber", "description", "packetLength"].map(|field| answer.text(field));
        assert_eq!(changed, [Some("2"), Some("two"), None]);
        assert!(answer.body.contains("<key>env</key>"));
    }
    let deleted = client.call("DeleteTrafficMirrorSession", &format!("TrafficMirrorSessionId={id}")).await;
    assert_eq!(deleted.text("trafficMirrorSessionId"), Some(id));
    assert!(client.call("DescribeTrafficMirrorSessions", "").await.texts("sessionNumber").is_empty());
    assert!(client.call("DescribeTags", "").await.texts("resourceId").is_empty());
}

#[tokio::test]
async fn a_dry_run_does_nothing() {
    let (_sandbox, client) = start().await;
    let world = World::make(&client).await;
    let dry = format!("{}&DryRun=true", world.session(1));
    assert_eq!(client.call("CreateTrafficMirrorSession", &dry).await.error(), (412, "DryRunOperation"));
    let wrong = format!("{}&DryRun=true", world.session(0));
    assert_eq!(client.call("CreateTrafficMirrorSession", &wrong).await.error(), (400, "InvalidParameterValue"));
    assert_eq!(client.call("DescribeTrafficMirrorSessions", "DryRun=true").await.error(), (412, "DryRunOperation"));
    assert!(client.call("DescribeTrafficMirrorSessions", "").await.texts("sessionNumber").is_empty());
}

#[tokio::test]
async fn a_client_token_creates_once() {
    let (_sandbox, client) = start().await;
    let world = World::make(&client).await;
    let wanted = format!("{}&ClientToken=once", world.session(1));
    let first = client.create("CreateTrafficMirrorSession", &wanted, "trafficMirrorSessionId").await;
    let second = client.create("CreateTrafficMirrorSession", &wanted, "trafficMirrorSessionId").await;
    assert_eq!(first, second);
    let other = format!("{}&ClientToken=once", world.session(2));
    assert_eq!(client.call("CreateTrafficMirrorSession", &other).await.error(), (400, "IdempotentParameterMismatch"));
    assert_eq!(client.call("DescribeTrafficMirrorSessions", "").await.texts("sessionNumber"), ["1"]);
}

#[tokio::test]
async fn rules_are_where_their_direction_says() {
    let (_sandbox, client) = start().await;
    let world = World::make(&client).await;
    let rule = format!(
        "TrafficMirrorFilterId={}&TrafficDirection=ingress&RuleNumber=1&RuleAction=accept&Protocol=6&SourceCidrBlock=10.0.0.0/8&DestinationCidrBlock=0.0.0.0/0&DestinationPortRange.FromPort=80&DestinationPortRange.ToPort=443",
        world.filter
    );
    let created = client.call("CreateTrafficMirrorFilterRule", &rule).await;
    let id = created.text("trafficMirrorFilterRuleId").unwrap();
    assert_eq!([created.text("fromPort"), created.text("toPort")], [Some("80"), Some("443")]);
    let tag = format!("ResourceId.1={id}&Tag.1.Key=env&Tag.1.Value=x");
    assert_eq!(client.call("CreateTags", &tag).await.text("return"), Some("true"));
    let changes = format!("TrafficMirrorFilterRuleId={id}&TrafficDirection=egress");
    assert_eq!(client.call("ModifyTrafficMirrorFilterRule", &changes).await.text("trafficDirection"), Some("egress"));
    let filter = client.call("DescribeTrafficMirrorFilters", "").await;
    let egress =
        filter.body.split_once("<egressFilterRuleSet>").unwrap().1.split_once("</egressFilterRuleSet>").unwrap().0;
    assert!(egress.contains(id) && egress.contains("<key>env</key>"), "{filter:?}");
    let rules = client.call("DescribeTrafficMirrorFilterRules", "Filter.1.Name=tag:env&Filter.1.Value.1=x").await;
    assert_eq!(rules.texts("trafficMirrorFilterRuleId"), [id]);
    let tags = client.call("DescribeTags", "Filter.1.Name=resource-type&Filter.1.Value.1=traffic-mirror-*").await;
    assert_eq!(tags.text("resourceType"), Some("traffic-mirror-filter-rule"));
    let gone = format!("TrafficMirrorFilterId={}", world.filter);
    assert_eq!(client.call("DeleteTrafficMirrorFilter", &gone).await.status, 200);
    assert!(client.call("DescribeTags", "").await.texts("resourceId").is_empty());
}

#[tokio::test]
async fn interfaces_have_all_their_fields() {
    let (_sandbox, client) = start().await;
    World::make(&client).await;
    let tagged = "SubnetId=subnet-00000001&Description=third&TagSpecification.1.ResourceType=network-interface&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v";
    let created = client.call("CreateNetworkInterface", tagged).await;
    let id = created.text("networkInterfaceId").unwrap();
    let described = client.call("DescribeNetworkInterfaces", &format!("NetworkInterfaceId.1={id}")).await;
    for field in ["vpcId", "subnetId", "description", "privateIpAddress", "availabilityZone", "ownerId", "macAddress"] {
        assert!(created.text(field).is_some(), "{field} in {created:?}");
        assert_eq!(created.text(field), described.text(field), "{field}");
    }
    assert_eq!(created.text("privateIpAddress"), Some("10.0.1.6"));
    assert!(created.body.contains("<key>k</key>") && described.body.contains("<key>k</key>"));
}
