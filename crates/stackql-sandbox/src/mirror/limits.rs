//! Validates parameter values of traffic mirroring.

use std::net::IpAddr;

use crate::api_error::ApiError;
use crate::form::Form;

/// The highest virtual network number.
pub(super) const LAST_NETWORK: u32 = 16_777_215;

const NUMBERS: [(&str, u32, u32); 9] = [
    ("SessionNumber", 1, 32766),
    ("RuleNumber", 1, 32766),
    ("VirtualNetworkId", 0, LAST_NETWORK),
    ("PacketLength", 1, 8500),
    ("Protocol", 0, 255),
    ("DestinationPortRange.FromPort", 0, 65535),
    ("DestinationPortRange.ToPort", 0, 65535),
    ("SourcePortRange.FromPort", 0, 65535),
    ("SourcePortRange.ToPort", 0, 65535),
];

const WORDS: [(&str, &[&str]); 2] =
    [("TrafficDirection", &["ingress", "egress"]), ("RuleAction", &["accept", "reject"])];

/// Rejects values that are out of range.
pub(super) fn check(action: &str, form: &Form) -> Result<(), ApiError> {
    if !action.contains("TrafficMirror") {
        return Ok(());
    }
    for (name, first, last) in NUMBERS {
        let fits = |text: &str| text.parse().is_ok_and(|n: u32| (first..=last).contains(&n));
        if let Some(text) = form.get(name).filter(|text| !fits(text)) {
            return Err(ApiError::value(name, text, &format!("Expecting a number from {first} to {last}.")));
        }
    }
    for (name, words) in WORDS {
        if let Some(text) = form.get(name) {
            one_of(name, text, words)?;
        }
    }
    let removable: &[&str] = match action {
        "ModifyTrafficMirrorSession" => &["packet-length", "description", "virtual-network-id"],
        _ => &["destination-port-range", "source-port-range", "protocol", "description"],
    };
    let lists =
        [("RemoveField", removable), ("AddNetworkService", &["amazon-dns"]), ("RemoveNetworkService", &["amazon-dns"])];
    for (name, words) in lists {
        form.list(name).iter().try_for_each(|text| one_of(name, text, words))?;
    }
    for name in ["DestinationCidrBlock", "SourceCidrBlock"] {
        if let Some(text) = form.get(name).filter(|text| !is_block(text)) {
            return Err(ApiError::value(name, text, "Expecting a CIDR block."));
        }
    }
    ["DestinationPortRange", "SourcePortRange"].into_iter().try_for_each(|name| ports(name, form))
}

fn one_of(name: &str, text: &str, words: &[&str]) -> Result<(), ApiError> {
    match words.contains(&text) {
        true => Ok(()),
        false => Err(ApiError::value(name, text, &format!("Expecting one of: {}.", words.join(", ")))),
    }
}

/// Checks that a port range has both ends, in order, and a protocol that has ports.
fn ports(name: &str, form: &Form) -> Result<(), ApiError> {
    let end = |end: &str| form.get(&format!("{name}.{end}")).and_then(|n| n.parse::<u16>().ok());
    match (end("FromPort"), end("ToPort")) {
        (None, None) => Ok(()),
        (Some(from), Some(to)) if from <= to => match form.get("Protocol") {
            Some(protocol) if !["6", "17"].contains(&protocol) => {
                let message = format!("{name} needs the protocol 6 (TCP) or 17 (UDP), not {protocol}");
                Err(ApiError::new("InvalidParameterCombination", message))
            }
            _ => Ok(()),
        },
        (Some(from), Some(to)) => {
            Err(ApiError::value(name, &format!("{from}-{to}"), "Expecting the lower port first."))
        }
        (from, _) => {
            let lacking = if from.is_none() { "FromPort" } else { "ToPort" };
            Err(ApiError::new("MissingParameter", format!("The request must contain the parameter {name}.{lacking}")))
        }
    }
}

fn is_block(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    match address.parse() {
        Ok(IpAddr::V4(_)) => length.parse().is_ok_and(|n: u8| n <= 32),
        Ok(IpAddr::V6(_)) => length.parse().is_ok_and(|n: u8| n <= 128),
        Err(_) => false,
    }
}
