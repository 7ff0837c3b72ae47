//! What the profile files say beside credentials: region, endpoints and their variants. Read by aws-runtime; the
//! environment goes before them. Owns the names of the settings; not how endpoints are built.

use std::convert::Infallible;

use aws_runtime::env_config::EnvConfigValue;
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_runtime::env_config::section::{EnvConfigSections, Profile as Section};
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use stackql_provider::Variant;

use crate::Environment;
use crate::credentials::{one_line, reason};
use crate::signing::is_visible;

/// The environment and the selected profile.
#[derive(Clone)]
pub(crate) struct Profile {
    environment: Env,
    sections: EnvConfigSections,
}

impl Profile {
    /// Reads the files that the environment names, else those in the home folder.
    pub(crate) async fn load(environment: &Environment) -> Result<Self, String> {
        let unreadable = |why: String| {
            let why = one_line(&why);
            format!(
                "cannot read the profile files: {why}; mend them, or set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
            )
        };
        let mut sound = environment.clone();
        sound.retain(|_, v| !v.trim().is_empty());
        let environment = Env::from(sound.into_iter().collect::<std::collections::HashMap<_, _>>());
        let files = source::load(&environment, &Fs::real(), &EnvConfigFiles::default()).await;
        let files = files.map_err(|e| unreadable(reason(&e)))?;
        let sections = EnvConfigSections::parse(files).map_err(|e| unreadable(e.to_string()))?;
        let profile = Self { environment, sections };
        profile.fits_requests().map_err(unreadable)?;
        Ok(profile)
    }

    /// Checks what the chain of credentials puts into hosts and headers without a look at it.
    fn fits_requests(&self) -> Result<(), String> {
        for profile in self.line() {
            fits(&format!("profile {}", profile.name()), &|key| profile.get(key))?;
            if let Some(name) = profile.get("sso_session")
                && let Some(session) = self.sections.sso_session(name)
            {
                fits(&format!("sso-session {name}"), &|key| session.get(key))?;
            }
        }
        Ok(())
    }

    /// The selected profile, and those it takes its credentials from.
    fn line(&self) -> impl Iterator<Item = &Section> {
        let source = |profile: &&Section| self.sections.get_profile(profile.get("source_profile")?);
        let first = self.sections.get_profile(self.sections.selected_profile());
        std::iter::successors(first, source).take(self.sections.profiles().count())
    }

    /// The variables, without those that are blank.
    pub(crate) fn environment(&self) -> Env {
        self.environment.clone()
    }

    /// The address configured for the service of this id, else for all services.
    pub(crate) fn endpoint_url(&self, service: &str) -> Result<Option<String>, String> {
        if self.on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")? {
            return Ok(None);
        }
        let service = service.replace([' ', '-'], "_");
        let value = EnvConfigValue::new().env("AWS_ENDPOINT_URL").profile("endpoint_url").service_id(&service);
        Ok(self.text(value))
    }

    /// Which of the parallel endpoints is wanted.
    pub(crate) fn variant(&self) -> Result<Variant, String> {
        Ok(Variant {
            fips: self.on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: self.on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
        })
    }

    /// The region of the selected profile, else of those it takes its credentials from.
    pub(crate) fn region(&self) -> Option<String> {
        let mut regions = self.line().filter_map(|profile| profile.get("region"));
        regions.find(|region| !region.trim().is_empty()).map(str::to_owned)
    }

    fn on(&self, variable: &str, key: &str) -> Result<bool, String> {
        let value = self.text(EnvConfigValue::new().env(variable).profile(key));
        match value.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(format!("{variable}, or {key} in the profile, is neither true nor false; change it")),
        }
    }

    fn text(&self, value: EnvConfigValue<'_>) -> Option<String> {
        let same = |text: &str| Ok::<_, Infallible>(text.to_owned());
        value.validate(&self.environment, Some(&self.sections), same).ok().flatten()
    }
}

/// Checks the values of a section that go into requests.
fn fits<'v>(of: &str, value: &dyn Fn(&str) -> Option<&'v str>) -> Result<(), String> {
    for key in ["aws_access_key_id", "aws_session_token", "role_arn", "role_session_name", "external_id"] {
        if value(key).is_some_and(|value| !is_visible(value)) {
            return Err(format!("{key} of {of} has characters that no request can carry"));
        }
    }
    for key in ["region", "sso_region"] {
        if let Some(value) = value(key).filter(|value| !value.trim().is_empty()) {
            stackql_call::region(value).map_err(|e| format!("{key} of {of}: {e}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
