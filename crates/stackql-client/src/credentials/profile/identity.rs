//! The choice of the credential source from environment and profiles, in the order of boto3. Owns that order and the
//! configurations that are rejected; sends no request and runs no program. A source that is configured but incomplete is an
//! error, since a fallback would find the credentials of another identity.

use std::time::Duration;

use aws_credential_types::Credentials;

use super::Profile;
use super::files::{Keys, Value, uncommented};
use crate::auth::aws::Role;
use crate::auth::lookup::set;

/// A credential source.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Static access keys.
    Keys(Credentials),
    /// The command of a program that prints credentials.
    Process(String),
    /// A web identity token, which is exchanged for the credentials of a role.
    WebIdentity(WebIdentity),
    /// A login by single sign-on.
    SignOn(SignOn),
    /// A role that is assumed with the credentials of another source.
    Role(Box<Role>, Box<Self>),
    /// The metadata service of the container that runs this process.
    Container,
    /// The metadata service of the machine that runs this process.
    Machine,
    /// No source is configured: the container's metadata service, else the machine's.
    Surroundings,
}

/// A role that is assumed with a web identity token from a file.
#[derive(Debug)]
pub(crate) struct WebIdentity {
    pub(crate) role_arn: String,
    pub(crate) token_file: String,
    pub(crate) session_name: Option<String>,
}

/// A role of single sign-on.
#[derive(Debug)]
pub(crate) struct SignOn {
    pub(crate) session: Option<String>,
    pub(crate) start_url: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) role: String,
}

impl Profile {
    /// The credential source that the environment and the selected profile configure.
    pub(crate) fn origin(&self) -> Result<Origin, String> {
        let variable = |name: &str| set(&self.environment, name).map(str::to_owned);
        if let Some(key) = variable("AWS_ACCESS_KEY_ID") {
            let Some(secret) = variable("AWS_SECRET_ACCESS_KEY") else {
                return Err(
                    "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither".to_owned()
                );
            };
            let token = variable("AWS_SECURITY_TOKEN").or_else(|| variable("AWS_SESSION_TOKEN"));
            return Ok(Origin::Keys(Credentials::new(key, secret, token, None, "environment")));
        }
        if asks_for_role(&self.selected().all) {
            return self.role(self.name(), &mut vec![self.name()]);
        }
        let own = self.own(self.name(), true)?;
        Ok(own.unwrap_or(Origin::Surroundings))
    }

    /// The source that a profile configures directly, without assuming a role. `variables` is whether environment variables
    /// override its web identity keys.
    fn own(&self, name: &str, variables: bool) -> Result<Option<Origin>, String> {
        let Some(profile) = self.files.profiles.get(name) else {
            return if variables { self.web_identity(&Keys::default(), true) } else { Ok(None) };
        };
        let all = &profile.all;
        if let Some(token) = self.web_identity(all, variables)? {
            return Ok(Some(token));
        }
        if all.has("sso_account_id") || all.has("sso_role_name") {
            return self.sign_on(name, all).map(|found| Some(Origin::SignOn(found)));
        }
        if profile.credentials.has("aws_access_key_id") {
            return keys(&profile.credentials).map(Some);
        }
        if let Some(session) = all.get("login_session") {
            return Err(format!(
                "{}: sessions of 'aws login' are not read; run: eval \"$(aws configure export-credentials --profile {name} --format env)\"",
                session.place()
            ));
        }
        if let Some(process) = all.get("credential_process") {
            // A trailing comment is kept, since the shell that runs the command parses it.
            return match process.line()? {
                "" => Err(format!("{} is blank; give a command, or take it out", process.place())),
                command => Ok(Some(Origin::Process(command.to_owned()))),
            };
        }
        if profile.config.has("aws_access_key_id") {
            return keys(&profile.config).map(Some);
        }
        Ok(None)
    }

    fn web_identity(&self, keys: &Keys, variables: bool) -> Result<Option<Origin>, String> {
        let find = |variable: &str, key: &str| -> Result<Option<String>, String> {
            match set(&self.environment, variable).filter(|_| variables) {
                Some(value) => Ok(Some(value.to_owned())),
                None => Ok(keys.filled(key)?.map(str::to_owned)),
            }
        };
        let Some(token_file) = find("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file")? else {
            return Ok(None);
        };
        let Some(role_arn) = find("AWS_ROLE_ARN", "role_arn")? else {
            let place = keys.get("web_identity_token_file").map(Value::place);
            let place = place.unwrap_or_else(|| "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned());
            return Err(format!("{place}: there is a token and no role; set AWS_ROLE_ARN, or role_arn in the profile"));
        };
        let session_name = find("AWS_ROLE_SESSION_NAME", "role_session_name")?;
        Ok(Some(Origin::WebIdentity(WebIdentity { role_arn, token_file, session_name })))
    }

    fn sign_on(&self, name: &str, keys: &Keys) -> Result<SignOn, String> {
        let mut session = None;
        if let Some((word, value)) = keys.filled("sso_session")?.zip(keys.get("sso_session")) {
            let known = |name| self.files.sso_sessions.get_key_value(name);
            let Some((name, found)) = known(value.line()?).or_else(|| known(word)) else {
                return Err(format!("{}: there is no section [sso-session {word}]; add it", value.place()));
            };
            // The name is passed to aws-config in a profile file, whose grammar is stricter there.
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c)) {
                return Err(format!(
                    "{}: the name of an sso-session has letters of English, digits and any of _-/.%@:+ here; rename it",
                    value.place()
                ));
            }
            session = Some((name, found));
        }
        let find = |key: &str| -> Result<String, String> {
            let own = keys.filled(key)?;
            let of_session = session.map(|(_, found)| found.filled(key)).transpose()?.flatten();
            match (own, of_session, keys.get(key)) {
                (Some(own), Some(other), Some(value)) if own != other => {
                    Err(format!("{} is not what the sso-session has; take one of them out", value.place()))
                }
                (Some(found), ..) | (None, Some(found), _) => Ok(found.to_owned()),
                (None, None, _) => {
                    let place = ["sso_account_id", "sso_role_name"].into_iter().find_map(|key| keys.get(key));
                    let place = place.map(Value::place).unwrap_or_default();
                    Err(format!("{place}: profile '{name}' uses single sign-on and has no {key}; add it"))
                }
            }
        };
        let of_session = session.and_then(|(_, found)| found.get("sso_region"));
        let place = keys.get("sso_region").or(of_session).map(Value::place).unwrap_or_default();
        Ok(SignOn {
            start_url: find("sso_start_url")?,
            region: super::checked_region(&find("sso_region")?, &place)?,
            account: find("sso_account_id")?,
            role: find("sso_role_name")?,
            session: session.map(|(name, _)| name.clone()),
        })
    }

    /// The role of a profile and the source that assumes it. `visited` is the chain of source profiles up to and including
    /// this one.
    fn role<'a>(&'a self, name: &'a str, visited: &mut Vec<&'a str>) -> Result<Origin, String> {
        let keys = &self.files.profiles[name].all;
        let place = |key: &str| keys.get(key).map(Value::place).unwrap_or_default();
        let Some(arn) = keys.filled("role_arn")? else {
            return Err(format!("{}: there is no role", place("role_arn")));
        };
        if keys.has("mfa_serial") {
            return Err(format!(
                "{}: the role of profile '{name}' wants a code of an MFA device, which is not asked for here; take a session with it first: eval \"$(aws configure export-credentials --profile {name} --format env)\"",
                place("mfa_serial")
            ));
        }
        let duration = keys.word("duration_seconds")?.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let role = Role {
            arn: arn.to_owned(),
            session_name: keys.filled("role_session_name")?.unwrap_or("stackql").to_owned(),
            external_id: keys.filled("external_id")?.map(str::to_owned),
            region: None,
            endpoint: None,
            duration,
        };
        let base = match (keys.get("credential_source"), self.source(keys)?) {
            (Some(source), Some(_)) => {
                return Err(format!("{}: profile '{name}' has source_profile, too; take one out", source.place()));
            }
            (None, None) => {
                return Err(format!(
                    "{}: profile '{name}' has neither source_profile nor credential_source, of which a role needs one",
                    place("role_arn")
                ));
            }
            (Some(source), None) => named_source(source)?,
            (None, Some((source, found))) => {
                let is_loop = visited.contains(&source) && (source != name || !has_keys(&found.all));
                if is_loop {
                    let place = place("source_profile");
                    return Err(format!(
                        "{place}: the profiles form an infinite loop: {}, {source}",
                        visited.join(", ")
                    ));
                }
                visited.push(source);
                match has_keys(&found.all) || !asks_for_role(&found.all) {
                    false => self.role(source, visited)?,
                    true => self.own(source, false)?.ok_or_else(|| {
                        format!("{}: the profile '{source}' has no credentials; add them", place("source_profile"))
                    })?,
                }
            }
        };
        Ok(Origin::Role(Box::new(role), Box::new(base)))
    }
}

/// Whether a profile configures a role that is assumed with other credentials.
fn asks_for_role(keys: &Keys) -> bool {
    keys.has("role_arn") && !keys.has("web_identity_token_file")
}

fn has_keys(keys: &Keys) -> bool {
    keys.has("aws_access_key_id") || keys.has("aws_secret_access_key")
}

fn keys(keys: &Keys) -> Result<Origin, String> {
    let place = keys.get("aws_access_key_id").map(Value::place).unwrap_or_default();
    let secret = keys.filled("aws_secret_access_key")?;
    let (Some(key), Some(secret)) = (keys.filled("aws_access_key_id")?, secret) else {
        return Err(format!("{place}: the profile has no aws_secret_access_key in this file; add it"));
    };
    // If both keys exist, the older name takes precedence, even if it is blank.
    let token = if keys.has("aws_security_token") { "aws_security_token" } else { "aws_session_token" };
    let token = keys.word(token)?.map(str::to_owned);
    Ok(Origin::Keys(Credentials::new(key, secret, token, None, "profile")))
}

fn named_source(source: &Value) -> Result<Origin, String> {
    match uncommented(source.line()?) {
        "EcsContainer" => Ok(Origin::Container),
        "Ec2InstanceMetadata" => Ok(Origin::Machine),
        // If both variables were set, they would be the credentials, and no role would be assumed.
        "Environment" => Err(format!(
            "{} is Environment, and AWS_ACCESS_KEY_ID is not set; set it and AWS_SECRET_ACCESS_KEY",
            source.place()
        )),
        other => Err(format!(
            "{} is '{other}', and knows Environment, EcsContainer and Ec2InstanceMetadata; change it",
            source.place()
        )),
    }
}

#[cfg(test)]
mod tests;
