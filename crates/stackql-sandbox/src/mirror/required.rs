//! Which parameters an action cannot do without.

use crate::api_error::ApiError;
use crate::form::Form;

const REQUIRED: [(&str, &[&str]); 12] = [
    (
        "CreateTrafficMirrorFilterRule",
        &[
            "TrafficMirrorFilterId",
            "TrafficDirection",
            "RuleNumber",
            "RuleAction",
            "DestinationCidrBlock",
            "SourceCidrBlock",
        ],
    ),
    (
        "CreateTrafficMirrorSession",
        &["NetworkInterfaceId", "TrafficMirrorTargetId", "TrafficMirrorFilterId", "SessionNumber"],
    ),
    ("ModifyTrafficMirrorFilterNetworkServices", &["TrafficMirrorFilterId"]),
    ("ModifyTrafficMirrorFilterRule", &["TrafficMirrorFilterRuleId"]),
    ("ModifyTrafficMirrorSession", &["TrafficMirrorSessionId"]),
    ("DeleteTrafficMirrorFilter", &["TrafficMirrorFilterId"]),
    ("DeleteTrafficMirrorFilterRule", &["TrafficMirrorFilterRuleId"]),
    ("DeleteTrafficMirrorSession", &["TrafficMirrorSessionId"]),
    ("DeleteTrafficMirrorTarget", &["TrafficMirrorTargetId"]),
    ("DeleteNetworkInterface", &["NetworkInterfaceId"]),
    ("DeleteSubnet", &["SubnetId"]),
    ("DeleteVpc", &["VpcId"]),
];

/// The ways to say where a target is; each target has one.
const PLACES: [&str; 3] = ["NetworkInterfaceId", "NetworkLoadBalancerArn", "GatewayLoadBalancerEndpointId"];

/// Refuses an action that lacks a parameter.
pub(super) fn check(action: &str, form: &Form) -> Result<(), ApiError> {
    let required = REQUIRED.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, names)| names);
    let empty = |name: &&&str| form.get(name).is_none_or(str::is_empty);
    if let Some(name) = required.iter().find(empty) {
        return Err(ApiError::new("MissingParameter", format!("The request must contain the parameter {name}")));
    }
    if action != "CreateTrafficMirrorTarget" {
        return Ok(());
    }
    match PLACES.iter().filter(|name| form.get(name).is_some()).count() {
        0 => {
            let message = format!("The request must contain one of the parameters {}", PLACES.join(", "));
            Err(ApiError::new("MissingParameter", message))
        }
        1 => Ok(()),
        _ => {
            let message = format!("The request must contain only one of the parameters {}", PLACES.join(", "));
            Err(ApiError::new("InvalidParameterCombination", message))
        }
    }
}
