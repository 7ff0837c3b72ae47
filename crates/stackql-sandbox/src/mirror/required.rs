//! Validates that an action has its required parameters.

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

/// The parameters that locate a target, of which exactly one is required.
const PLACES: [&str; 3] = ["NetworkInterfaceId", "NetworkLoadBalancerArn", "GatewayLoadBalancerEndpointId"];

/// Rejects an action that lacks a required parameter.
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
