//! Processes an action of EC2 or STS: checks the client token, validates, handles the dry run, calls the simulated
//! service, and completes its response.

use axum::http::StatusCode;

use crate::account::{Accounts, Region};
use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::signature::{Caller, SECRET};
use crate::{list, mirror, network, resource_kind};

/// Performs the action of a request.
pub(crate) async fn perform(accounts: &Accounts, caller: &Caller, form: Form) -> Result<Element, ApiError> {
    let action = form.get("Action").unwrap_or_default().to_owned();
    if action.is_empty() {
        let message = "The request names no action; give it as the parameter Action";
        return Err(ApiError::new("MissingAction", message));
    }
    let account = accounts.for_access_key(&caller.access_key);
    let region = Region { account: &account, name: &caller.region };
    if caller.service != "ec2" {
        let mut answer = region.call(&caller.service, &form).await?;
        sign_in(accounts, &caller.access_key, &form, region, &mut answer);
        return Ok(answer);
    }
    let notes = account.notes(&caller.region);
    // The lock excludes other changes of this region, so the results of the checks stay valid.
    let mut notes = notes.lock().await;
    let dry = form.is_true("DryRun");
    let form = form.without("DryRun");
    let token = form.get("ClientToken").filter(|token| !token.is_empty() && !dry);
    let token = token.map(|token| (action.clone(), token.to_owned()));
    if let Some((asked, answer)) = token.as_ref().and_then(|token| notes.answered.get(token)) {
        if *asked == form {
            return Ok(answer.clone());
        }
        let message = "The request uses the same client token as a previous, but non-identical request.";
        return Err(ApiError::new("IdempotentParameterMismatch", message));
    }
    mirror::check(&action, &form, region).await?;
    if dry {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(ApiError::with(StatusCode::PRECONDITION_FAILED, "DryRunOperation", message));
    }
    let is_list = action.starts_with("Describe") && !action.ends_with("Attribute");
    let mut answer = match action.as_str() {
        "DescribeTags" => notes.tags.describe_tags(),
        "CreateTags" | "DeleteTags" => {
            match action.as_str() {
                "CreateTags" => notes.tags.create(&form),
                _ => notes.tags.delete(&form),
            }
            Element::with_children(&format!("{action}Response"), [Element::leaf("return", "true")])
        }
        _ => {
            let going = gone_with(&action, &form, region).await?;
            let asked = if is_list { list::whole(&form) } else { form.clone() };
            let sent = mirror::chosen(&action, network::chosen(&action, asked, region).await?);
            let mut answer = region.call("ec2", &sent).await?;
            going.iter().for_each(|id| notes.tags.forget(id));
            network::complete(&action, &mut answer, region).await?;
            mirror::sort_rules(&mut answer);
            notes.tags.created(&form, &mut answer);
            notes.tags.write(&mut answer);
            answer
        }
    };
    if is_list {
        list::narrow(&action, &form, &mut answer)?;
    }
    if let Some(token) = token {
        notes.answered.insert(token, (form, answer.clone()));
    }
    Ok(answer)
}

/// The ids that an action deletes: the one in its id parameter, and for a filter those of its rules.
async fn gone_with(action: &str, form: &Form, region: Region<'_>) -> Result<Vec<String>, ApiError> {
    let Some(noun) = action.strip_prefix("Delete") else { return Ok(Vec::new()) };
    let Some(id) = form.get(&format!("{noun}Id")) else { return Ok(Vec::new()) };
    let mut gone = vec![id.to_owned()];
    if action == "DeleteTrafficMirrorFilter" {
        let rules = region.all(&resource_kind::RULE).await?;
        let of_filter = rules.iter().filter(|rule| rule.text_of(resource_kind::FILTER.id) == id);
        gone.extend(of_filter.map(|rule| rule.text_of(resource_kind::RULE.id).to_owned()));
    }
    Ok(gone)
}

/// Rewrites credentials that STS issues so that this endpoint accepts them: they get its secret, and belong to the
/// account of the role or else of the caller. Also fills in the caller's identity.
fn sign_in(accounts: &Accounts, access_key: &str, form: &Form, region: Region<'_>, answer: &mut Element) {
    let role = form.get("RoleArn").and_then(|arn| arn.split(':').nth(4)).filter(|number| !number.is_empty());
    let number = role.unwrap_or(region.number());
    answer.each(&mut |element| match element.name.as_str() {
        "Credentials" => {
            accounts.issue(element.text_of("AccessKeyId"), number);
            element.set("SecretAccessKey", SECRET);
        }
        "GetCallerIdentityResult" => {
            element.set("Arn", format!("arn:aws:iam::{}:user/{access_key}", region.number()));
            element.set("UserId", access_key);
        }
        _ => {}
    });
}
