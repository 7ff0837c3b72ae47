//! The resource kinds that need special handling: those of traffic mirroring and the networks they use. Owns their
//! names and the names of their ids.

/// The names of a resource kind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Name in messages.
    pub(crate) noun: &'static str,
    /// The action that lists them.
    pub(crate) describe: &'static str,
    /// The response element that contains the list.
    pub(crate) list: &'static str,
    /// The response element with the id; the parameter has the same name, capitalized.
    pub(crate) id: &'static str,
    /// The parameter with one id or several.
    pub(crate) parameter: &'static str,
    /// The error code if there is no such resource.
    pub(crate) unknown: &'static str,
    /// The supported filters besides tags; empty if filter names are not checked.
    pub(crate) filters: &'static [&'static str],
}

impl Kind {
    /// The resource type in tags.
    pub(crate) fn resource_type(&self) -> String {
        self.noun.to_lowercase().replace(' ', "-")
    }
}

pub(crate) const FILTER: Kind = Kind {
    noun: "traffic mirror filter",
    describe: "DescribeTrafficMirrorFilters",
    list: "trafficMirrorFilterSet",
    id: "trafficMirrorFilterId",
    parameter: "TrafficMirrorFilterId",
    unknown: "InvalidTrafficMirrorFilterId.NotFound",
    filters: &["description", "traffic-mirror-filter-id"],
};

pub(crate) const RULE: Kind = Kind {
    noun: "traffic mirror filter rule",
    describe: "DescribeTrafficMirrorFilterRules",
    list: "trafficMirrorFilterRuleSet",
    id: "trafficMirrorFilterRuleId",
    parameter: "TrafficMirrorFilterRuleId",
    unknown: "InvalidTrafficMirrorFilterRuleId.NotFound",
    filters: &[
        "traffic-mirror-filter-rule-id",
        "traffic-mirror-filter-id",
        "rule-number",
        "rule-action",
        "traffic-direction",
        "protocol",
        "source-cidr-block",
        "destination-cidr-block",
        "description",
    ],
};

pub(crate) const SESSION: Kind = Kind {
    noun: "traffic mirror session",
    describe: "DescribeTrafficMirrorSessions",
    list: "trafficMirrorSessionSet",
    id: "trafficMirrorSessionId",
    parameter: "TrafficMirrorSessionId",
    unknown: "InvalidTrafficMirrorSessionId.NotFound",
    filters: &[
        "description",
        "network-interface-id",
        "owner-id",
        "packet-length",
        "session-number",
        "traffic-mirror-filter-id",
        "traffic-mirror-session-id",
        "traffic-mirror-target-id",
        "virtual-network-id",
    ],
};

pub(crate) const TARGET: Kind = Kind {
    noun: "traffic mirror target",
    describe: "DescribeTrafficMirrorTargets",
    list: "trafficMirrorTargetSet",
    id: "trafficMirrorTargetId",
    parameter: "TrafficMirrorTargetId",
    unknown: "InvalidTrafficMirrorTargetId.NotFound",
    filters: &[
        "description",
        "network-interface-id",
        "network-load-balancer-arn",
        "owner-id",
        "traffic-mirror-target-id",
    ],
};

pub(crate) const INTERFACE: Kind = Kind {
    noun: "network interface",
    describe: "DescribeNetworkInterfaces",
    list: "networkInterfaceSet",
    id: "networkInterfaceId",
    parameter: "NetworkInterfaceId",
    unknown: "InvalidNetworkInterfaceID.NotFound",
    filters: &[],
};

pub(crate) const SUBNET: Kind = Kind {
    noun: "subnet",
    describe: "DescribeSubnets",
    list: "subnetSet",
    id: "subnetId",
    parameter: "SubnetId",
    unknown: "InvalidSubnetID.NotFound",
    filters: &[],
};

pub(crate) const VPC: Kind = Kind {
    noun: "VPC",
    describe: "DescribeVpcs",
    list: "vpcSet",
    id: "vpcId",
    parameter: "VpcId",
    unknown: "InvalidVpcID.NotFound",
    filters: &[],
};

pub(crate) const INSTANCE: Kind = Kind {
    noun: "instance",
    describe: "DescribeInstances",
    list: "reservationSet",
    id: "instanceId",
    parameter: "InstanceId",
    unknown: "InvalidInstanceID.NotFound",
    filters: &[],
};

/// All kinds.
pub(crate) const ALL: [&Kind; 8] = [&FILTER, &RULE, &SESSION, &TARGET, &INTERFACE, &SUBNET, &VPC, &INSTANCE];

/// The kind that an action lists.
pub(crate) fn listed_by(action: &str) -> Option<&'static Kind> {
    ALL.into_iter().find(|kind| kind.describe == action)
}

/// Prefixes of ids, and the resource types in tags.
const TYPES: [(&str, &str); 28] = [
    ("acl-", "network-acl"),
    ("ami-", "image"),
    ("cgw-", "customer-gateway"),
    ("dopt-", "dhcp-options"),
    ("eigw-", "egress-only-internet-gateway"),
    ("eipalloc-", "elastic-ip"),
    ("eni-", "network-interface"),
    ("i-", "instance"),
    ("igw-", "internet-gateway"),
    ("key-", "key-pair"),
    ("lt-", "launch-template"),
    ("nat-", "natgateway"),
    ("pcx-", "vpc-peering-connection"),
    ("pl-", "prefix-list"),
    ("r-", "reservation"),
    ("rtb-", "route-table"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("snap-", "snapshot"),
    ("subnet-", "subnet"),
    ("tgw-", "transit-gateway"),
    ("tmf-", "traffic-mirror-filter"),
    ("tmfr-", "traffic-mirror-filter-rule"),
    ("tms-", "traffic-mirror-session"),
    ("tmt-", "traffic-mirror-target"),
    ("vgw-", "vpn-gateway"),
    ("vol-", "volume"),
    ("vpc-", "vpc"),
];

/// The resource type for an id, as used in tags.
pub(crate) fn resource_type(id: &str) -> Option<&'static str> {
    TYPES.iter().find(|(beginning, _)| id.starts_with(beginning)).map(|(_, name)| *name)
}
