//! Validates references to other resources: that they exist, that a deleted resource is unused, that a number is free.

use crate::account::Region;
use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::list::unknown;
use crate::resource_kind::{FILTER, INTERFACE, Kind, RULE, SESSION, SUBNET, TARGET, VPC, resource_type};

/// The kinds whose ids must exist, in the order in which errors are reported: a resource precedes those it refers to.
const CHECKED: [&Kind; 7] = [&SESSION, &RULE, &FILTER, &TARGET, &INTERFACE, &SUBNET, &VPC];

/// Rejects ids of resources that do not exist.
pub(super) async fn exist(action: &str, form: &Form, region: Region<'_>) -> Result<(), ApiError> {
    if action.starts_with("Describe") {
        return Ok(());
    }
    for kind in CHECKED {
        if let Some(id) = form.get(kind.parameter)
            && region.find(kind, id).await?.is_none()
        {
            return Err(unknown(kind, id));
        }
    }
    if !matches!(action, "CreateTags" | "DeleteTags") {
        return Ok(());
    }
    for id in form.list("ResourceId") {
        let of_kind = |kind: &&Kind| resource_type(&id).is_some_and(|name| name == kind.resource_type());
        if let Some(kind) = CHECKED.into_iter().find(of_kind)
            && region.find(kind, &id).await?.is_none()
        {
            return Err(unknown(kind, &id));
        }
    }
    Ok(())
}

/// Rejects the deletion of resources that are in use.
pub(super) async fn unused(action: &str, form: &Form, region: Region<'_>) -> Result<(), ApiError> {
    // The deleted kind, the kind that may use it, and the error code. The service documents no code for an interface
    // that is the source or target of a mirror; this is the one for an interface in use.
    let interface = "InvalidNetworkInterface.InUse";
    let uses: &[(&Kind, &Kind, &str)] = match action {
        "DeleteTrafficMirrorFilter" => &[(&FILTER, &SESSION, "TrafficMirrorFilterInUse")],
        "DeleteTrafficMirrorTarget" => &[(&TARGET, &SESSION, "TrafficMirrorTargetInUseException")],
        "DeleteNetworkInterface" => &[(&INTERFACE, &SESSION, interface), (&INTERFACE, &TARGET, interface)],
        "DeleteSubnet" => &[(&SUBNET, &INTERFACE, "DependencyViolation")],
        "DeleteVpc" => &[(&VPC, &SUBNET, "DependencyViolation")],
        _ => &[],
    };
    for (kind, user, code) in uses {
        let id = form.get(kind.parameter).unwrap_or_default();
        if let Some(row) = region.all(user).await?.iter().find(|row| row.text_of(kind.id) == id) {
            let (noun, user, by) = (kind.noun, user.noun, row.text_of(user.id));
            let message = format!("The {noun} '{id}' is used by the {user} '{by}' and cannot be deleted");
            return Err(ApiError::new(*code, message));
        }
    }
    Ok(())
}

/// Rejects a number that is used by another session of the interface, or another rule of the filter and direction.
pub(super) async fn distinct(action: &str, form: &Form, region: Region<'_>) -> Result<(), ApiError> {
    match action {
        "CreateTrafficMirrorSession" | "ModifyTrafficMirrorSession" => {
            let scope = [("NetworkInterfaceId", "networkInterfaceId")];
            let number = ("SessionNumber", "sessionNumber");
            // The service documents no error code for this case.
            let Some(taken) = taken(&SESSION, form, region, &scope, number).await? else { return Ok(()) };
            let message = format!(
                "The session number {} is already used on the network interface '{}' by the traffic mirror session '{}'",
                taken.text_of("sessionNumber"),
                taken.text_of("networkInterfaceId"),
                taken.text_of("trafficMirrorSessionId"),
            );
            Err(ApiError::new("InvalidParameterValue", message))
        }
        "CreateTrafficMirrorFilterRule" | "ModifyTrafficMirrorFilterRule" => {
            let scope = [("TrafficMirrorFilterId", "trafficMirrorFilterId"), ("TrafficDirection", "trafficDirection")];
            let Some(taken) = taken(&RULE, form, region, &scope, ("RuleNumber", "ruleNumber")).await? else {
                return Ok(());
            };
            let message = format!(
                "The rule number {} is already used for {} traffic by the traffic mirror filter rule '{}'",
                taken.text_of("ruleNumber"),
                taken.text_of("trafficDirection"),
                taken.text_of("trafficMirrorFilterRuleId"),
            );
            Err(ApiError::new("TrafficMirrorFilterRuleAlreadyExists", message))
        }
        _ => Ok(()),
    }
}

/// The other resource of a kind with the same number in the same scope. Fields missing from the request are taken from
/// the resource being modified.
async fn taken(
    kind: &Kind,
    form: &Form,
    region: Region<'_>,
    scope: &[(&str, &str)],
    number: (&str, &str),
) -> Result<Option<Element>, ApiError> {
    let rows = region.all(kind).await?;
    let itself = form.get(kind.parameter);
    let before = rows.iter().find(|row| Some(row.text_of(kind.id)) == itself);
    let fields: Vec<(&str, String)> = scope
        .iter()
        .chain([&number])
        .map(|(parameter, field)| {
            let old = before.map_or("", |row| row.text_of(field));
            (*field, number_or_text(form.get(parameter).unwrap_or(old)))
        })
        .collect();
    let same = |row: &&Element| fields.iter().all(|(field, value)| row.text_of(field) == value);
    Ok(rows.iter().filter(|row| Some(row.text_of(kind.id)) != itself).find(same).cloned())
}

/// Normalizes a number as the service does: `07` becomes `7`.
fn number_or_text(value: &str) -> String {
    value.parse::<u32>().map_or_else(|_| value.to_owned(), |n| n.to_string())
}
