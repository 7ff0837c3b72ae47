//! Derives the endpoints of a service from the partitions file.

use serde_json::Value;
use stackql_provider::{Endpoints, Host, Partition, Variant};

use crate::shapes::text;

/// The endpoints of the service with this metadata.
pub(crate) fn endpoints(file: &Value, metadata: &Value, scope: Option<&str>) -> Endpoints {
    let prefix = text(&metadata["endpointPrefix"]);
    let override_id = text(&metadata["serviceId"]).to_uppercase().replace([' ', '-'], "_");
    let partitions = file["partitions"].as_array().into_iter().flatten().map(|p| partition(p, prefix)).collect();
    Endpoints { override_id, scope: scope.map(str::to_owned), partitions, ..Endpoints::default() }
}

fn partition(file: &Value, prefix: &str) -> Partition {
    let suffix = text(&file["dnsSuffix"]);
    let service = &file["services"][prefix];
    let url = |template: &str, suffix: &str, place: &str| {
        let host = template.replace("{service}", prefix).replace("{region}", place).replace("{dnsSuffix}", suffix);
        format!("https://{host}")
    };
    let mut templates = Vec::new();
    for defaults in [&service["defaults"], &file["defaults"]] {
        let mut add = |variant: Variant, template: &str, suffix: &str| {
            if !template.is_empty() && !templates.iter().any(|(v, _)| *v == variant) {
                templates.push((variant, url(template, suffix, "{scope}")));
            }
        };
        add(Variant::default(), text(&defaults["hostname"]), suffix);
        for entry in defaults["variants"].as_array().into_iter().flatten() {
            add(variant(entry), text(&entry["hostname"]), entry["dnsSuffix"].as_str().unwrap_or(suffix));
        }
    }
    let mut hosts = Vec::new();
    for (member, entry) in service["endpoints"].as_object().into_iter().flatten() {
        let signing = entry["credentialScope"]["region"].as_str().map(str::to_owned);
        let mut add = |variant, host: &Value| {
            if let Some(host) = host.as_str() {
                let url = url(host, suffix, member);
                hosts.push(Host { member: member.clone(), variant, url, signing_scope: signing.clone() });
            }
        };
        add(Variant::default(), &entry["hostname"]);
        for other in entry["variants"].as_array().into_iter().flatten() {
            add(variant(other), &other["hostname"]);
        }
    }
    Partition {
        name: text(&file["partition"]).to_owned(),
        pattern: text(&file["regionRegex"]).to_owned(),
        members: file["regions"].as_object().into_iter().flatten().map(|(n, _)| n.clone()).collect(),
        templates,
        hosts,
    }
}

fn variant(entry: &Value) -> Variant {
    let has = |tag: &str| entry["tags"].as_array().is_some_and(|t| t.iter().any(|t| t == tag));
    Variant { fips: has("fips"), dual_stack: has("dualstack") }
}
