//! Completes the simulated network interfaces, subnets and security groups: assigns addresses and availability zones,
//! and adds fields that the simulation does not return.

use std::net::Ipv4Addr;

use crate::account::Region;
use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::resource_kind::{INTERFACE, SUBNET};

/// Fills in the values that the service would choose itself.
pub(crate) async fn chosen(action: &str, form: Form, region: Region<'_>) -> Result<Form, ApiError> {
    match action {
        // The simulation expects this parameter under another name.
        "CreateSecurityGroup" => Ok(match form.get("GroupDescription").map(str::to_owned) {
            Some(description) => form.with("Description", description),
            None => form,
        }),
        "CreateSubnet" if form.get("AvailabilityZone").is_none() => {
            Ok(form.with("AvailabilityZone", format!("{}a", region.name)))
        }
        "CreateNetworkInterface" if form.get("PrivateIpAddress").is_none() => {
            let wanted = form.get("SubnetId").unwrap_or_default();
            let Some(subnet) = region.find(&SUBNET, wanted).await? else { return Ok(form) };
            let others = region.all(&INTERFACE).await?;
            let mut taken = others.iter().filter(|i| i.text_of("subnetId") == wanted);
            let taken: Vec<&str> = taken.by_ref().map(|i| i.text_of("privateIpAddress")).collect();
            match free_address(subnet.text_of("cidrBlock"), &taken) {
                Some(address) => Ok(form.with("PrivateIpAddress", address.to_string())),
                None => {
                    let message = format!("There are no free addresses in the subnet '{wanted}'");
                    Err(ApiError::new("InsufficientFreeAddressesInSubnet", message))
                }
            }
        }
        _ => Ok(form),
    }
}

/// The first free address of a block: the service reserves the first four and the last.
fn free_address(block: &str, taken: &[&str]) -> Option<Ipv4Addr> {
    let (base, length) = block.split_once('/')?;
    let base = u32::from(base.parse::<Ipv4Addr>().ok()?);
    let size = 1_u32.checked_shl(32_u32.checked_sub(length.parse().ok()?)?)?;
    let addresses = (4..size.saturating_sub(1)).map_while(|n| base.checked_add(n)).map(Ipv4Addr::from);
    addresses.into_iter().find(|address| !taken.contains(&address.to_string().as_str()))
}

/// Adds the missing fields to the network interfaces of a response.
pub(crate) async fn complete(action: &str, answer: &mut Element, region: Region<'_>) -> Result<(), ApiError> {
    let subnets = match action {
        "CreateNetworkInterface" | "DescribeNetworkInterfaces" => region.all(&SUBNET).await?,
        _ => return Ok(()),
    };
    if let Some(made) = answer.children.iter_mut().find(|c| c.name == "networkInterface")
        && let Some(row) = region.find(&INTERFACE, made.text_of(INTERFACE.id)).await?
    {
        made.children = row.children;
    }
    answer.each(&mut |element| {
        if element.name != "networkInterface" && (element.name != "item" || element.child("subnetId").is_none()) {
            return;
        }
        let subnet = subnets.iter().find(|s| s.text_of("subnetId") == element.text_of("subnetId"));
        let zone = subnet.map_or("", |s| s.text_of("availabilityZone")).to_owned();
        let address = element.text_of("privateIpAddress").to_owned();
        let dns = format!("ip-{}.{}.compute.internal", address.replace('.', "-"), region.name);
        let number = element.text_of(INTERFACE.id).rsplit('-').next().and_then(|n| u32::from_str_radix(n, 16).ok());
        let [a, b, c, d] = number.unwrap_or_default().to_be_bytes();
        element.set("availabilityZone", zone);
        element.set("ownerId", region.number());
        element.set("interfaceType", "interface");
        element.set("macAddress", format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"));
        element.set("privateDnsName", dns.as_str());
        element.set("requesterManaged", "false");
        let private = [
            Element::leaf("primary", "true"),
            Element::leaf("privateDnsName", dns),
            Element::leaf("privateIpAddress", address),
        ];
        element.put(Element::with_children("privateIpAddressesSet", [Element::with_children("item", private)]));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_given_out_in_turn() {
        let free = |block, taken: &[&str]| free_address(block, taken).map(|a| a.to_string());
        assert_eq!(free("10.0.1.0/24", &[]).as_deref(), Some("10.0.1.4"));
        assert_eq!(free("10.0.1.0/24", &["10.0.1.5", "10.0.1.4"]).as_deref(), Some("10.0.1.6"));
        assert_eq!(free("10.0.1.0/29", &["10.0.1.4", "10.0.1.5", "10.0.1.6"]), None);
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "x/8", "0.0.0.0/0"] {
            assert_eq!(free(wrong, &[]), None, "{wrong}");
        }
    }
}
