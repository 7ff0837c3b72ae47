//! Validation of traffic mirroring actions, and of deletions of the networks they use, before they are performed.
//! Comments mark error codes that the service does not document.

mod limits;
mod references;
mod required;

use crate::account::Region;
use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::{list, resource_kind};

/// Rejects actions that the service would reject.
pub(crate) async fn check(action: &str, form: &Form, region: Region<'_>) -> Result<(), ApiError> {
    if let Some(kind) = resource_kind::listed_by(action) {
        return list::check(kind, form);
    }
    required::check(action, form)?;
    limits::check(action, form)?;
    references::exist(action, form, region).await?;
    references::unused(action, form, region).await?;
    references::distinct(action, form, region).await
}

/// Fills in what the service would choose: a random virtual network if the request names none.
pub(crate) fn chosen(action: &str, form: Form) -> Form {
    let removed = form.list("RemoveField");
    let wanted = match action {
        "CreateTrafficMirrorSession" => form.get("VirtualNetworkId").is_none(),
        "ModifyTrafficMirrorSession" => removed.iter().any(|field| field == "virtual-network-id"),
        _ => false,
    };
    if !wanted {
        return form;
    }
    let mut form =
        form.without("RemoveField").with("VirtualNetworkId", fastrand::u32(1..=limits::LAST_NETWORK).to_string());
    for (n, field) in removed.iter().filter(|field| *field != "virtual-network-id").enumerate() {
        form = form.with(&format!("RemoveField.{}", n + 1), field);
    }
    form
}

/// Moves the rules of a filter to the list of their direction, which a modification may have changed.
pub(crate) fn sort_rules(answer: &mut Element) {
    answer.each(&mut |filter| {
        let is_set = |c: &Element| matches!(c.name.as_str(), "ingressFilterRuleSet" | "egressFilterRuleSet");
        let mut rules: Vec<Element> = filter
            .children
            .iter_mut()
            .filter(|c| is_set(c))
            .flat_map(|set| std::mem::take(&mut set.children))
            .collect();
        rules.sort_by_key(|rule| rule.text_of("trafficMirrorFilterRuleId").to_owned());
        for rule in rules {
            let set = format!("{}FilterRuleSet", rule.text_of("trafficDirection"));
            match filter.children.iter_mut().find(|c| c.name == set) {
                Some(set) => set.children.push(rule),
                None => filter.children.push(Element::with_children(&set, [rule])),
            }
        }
    });
}

#[cfg(test)]
mod tests;
