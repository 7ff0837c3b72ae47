//! What tests need before a session can be made: a network, a filter, a target.

use crate::client::Client;

/// The ids of what was made.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) source: String,
    pub(crate) filter: String,
    pub(crate) target: String,
}

impl World {
    pub(crate) async fn make(client: &Client) -> Self {
        let vpc = client.create("CreateVpc", "CidrBlock=10.0.0.0/16", "vpcId").await;
        let subnet = client.create("CreateSubnet", &format!("VpcId={vpc}&CidrBlock=10.0.1.0/24"), "subnetId").await;
        let interface = format!("SubnetId={subnet}&Description=watched");
        let source = client.create("CreateNetworkInterface", &interface, "networkInterfaceId").await;
        let sink = client.create("CreateNetworkInterface", &interface, "networkInterfaceId").await;
        let filter = client.create("CreateTrafficMirrorFilter", "Description=all", "trafficMirrorFilterId").await;
        let target = format!("NetworkInterfaceId={sink}");
        let target = client.create("CreateTrafficMirrorTarget", &target, "trafficMirrorTargetId").await;
        Self { source, filter, target }
    }

    /// The parameters of a session with a number.
    pub(crate) fn session(&self, number: u32) -> String {
        let Self { source, filter, target } = self;
        format!(
            "NetworkInterfaceId={source}&TrafficMirrorFilterId={filter}&TrafficMirrorTargetId={target}&SessionNumber={number}"
        )
    }
}
