//! The committed facts give the tables that they should.

use std::path::Path;

use stackql_compile::{AWS_OVERLAY, aws};
use stackql_provider::{NextPage, PredicateEncoding, ProviderSource, Resource, ResponseLocation, Verb};

fn provider() -> ProviderSource {
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers/aws/facts");
    aws(&facts, &[], AWS_OVERLAY, true).expect("the committed facts compile")
}

fn resource<'a>(provider: &'a ProviderSource, name: &str) -> &'a Resource {
    provider.services[0].resources.iter().find(|r| r.name == name).expect("the resource exists")
}

#[test]
fn traffic_mirror_sessions_are_the_seed() {
    let provider = provider();
    let table = resource(&provider, "traffic_mirror_sessions");
    let methods: Vec<_> = table.methods.iter().map(|m| (m.name.as_str(), m.verb, m.required().join(", "))).collect();
    let create = "NetworkInterfaceId, SessionNumber, TrafficMirrorFilterId, TrafficMirrorTargetId";
    assert_eq!(
        methods,
        [
            ("traffic_mirror_sessions_Describe", Verb::Select, String::new()),
            ("traffic_mirror_session_Create", Verb::Insert, create.to_owned()),
            ("traffic_mirror_session_Delete", Verb::Delete, "TrafficMirrorSessionId".to_owned()),
            ("traffic_mirror_session_Modify", Verb::Exec, "TrafficMirrorSessionId".to_owned()),
        ]
    );
    let mut fields: Vec<_> = table.columns.iter().map(|c| (c.name.as_str(), table.type_of(c).label())).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            ("description", "string"),
            ("networkInterfaceId", "string"),
            ("ownerId", "string"),
            ("packetLength", "integer"),
            ("sessionNumber", "integer"),
            ("tagSet", "array"),
            ("trafficMirrorFilterId", "string"),
            ("trafficMirrorSessionId", "string"),
            ("trafficMirrorTargetId", "string"),
            ("virtualNetworkId", "integer"),
        ]
    );
    let describe = &table.methods[0];
    assert_eq!(describe.response.rows, ["trafficMirrorSessionSet", "item"]);
    assert!(matches!(
        describe.paging.as_ref().map(|p| &p.next),
        Some(NextPage::Token { answer: ResponseLocation::Body(path), .. }) if *path == ["nextToken"]
    ));
    let filter = |n: &&stackql_provider::PredicatePushdown| n.column == "networkInterfaceId";
    let via = &describe.predicate_pushdowns.iter().find(filter).unwrap().encoding;
    assert!(matches!(via, PredicateEncoding::Filter { name, .. } if name == "network-interface-id"));
    assert_eq!(table.methods[1].response.rows, ["trafficMirrorSession"]);
}

#[test]
fn version_and_scope_come_from_data() {
    let provider = provider().provider;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../providers/aws");
    let manifest = stackql_compile::Manifest::load(&folder).unwrap().expect("the provider has a manifest");
    assert_eq!(provider.version, format!("v{}", manifest.version));
    assert_eq!(provider.scopes.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["region"]);
}

#[test]
fn every_method_that_reads_has_columns() {
    for service in provider().services {
        for table in service.resources {
            let reads = table.methods_of(Verb::Select).next().is_some();
            assert!(!reads || !table.columns.is_empty(), "{} has no columns", table.name);
        }
    }
}
