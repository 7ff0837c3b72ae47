//! The settings of the AWS tools, from environment variables and profile files: the selected profile, its region, endpoints
//! and their variants, CA bundle and retries. A variable takes precedence over the profile. Owns the names of the settings
//! and their valid values; endpoints are resolved in `config::endpoint`, credentials in [`identity`].

mod files;
pub(crate) mod identity;
mod text;

use std::path::PathBuf;

use stackql_provider::Variant;

use self::files::{DEFAULT, Files, Keys, Profiled};
use crate::Environment;
use crate::auth::lookup::set;

/// The maximum number of profiles that an error lists.
const LISTED: usize = 20;

/// The environment and the profiles, one of which is selected.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    environment: Environment,
    files: Files,
    /// The profile that a variable selects.
    named: Option<String>,
}

/// The value of a setting and its origin: a variable, or a line of a file.
struct Setting<'a> {
    text: &'a str,
    place: String,
}

impl Profile {
    /// Reads the files that the environment names, else those in the home folder.
    ///
    /// # Errors
    ///
    /// A file cannot be read or parsed, the variables that select a profile conflict, or the selected profile is missing.
    /// There is no fallback from these.
    pub(crate) fn load(environment: &Environment) -> Result<Self, String> {
        let mut sound = environment.clone();
        sound.retain(|_, v| !v.trim().is_empty());
        let files = Files::read(&sound)?;
        let named = match (set(&sound, "AWS_PROFILE"), set(&sound, "AWS_DEFAULT_PROFILE")) {
            (Some(one), Some(other)) if one != other => {
                return Err(format!(
                    "AWS_PROFILE is '{one}' and AWS_DEFAULT_PROFILE is '{other}', and AWS tools differ in which counts; unset one of them"
                ));
            }
            (Some(one), _) => Some(("AWS_PROFILE", one.to_owned())),
            (None, other) => other.map(|name| ("AWS_DEFAULT_PROFILE", name.to_owned())),
        };
        if let Some((variable, name)) = named.as_ref().filter(|(_, name)| !files.profiles.contains_key(name)) {
            return Err(missing(&files, variable, name));
        }
        Ok(Self { environment: sound, files, named: named.map(|(_, name)| name) })
    }

    /// The environment variables, without blank ones.
    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The endpoint URL that is configured for the service with this id, else for all services.
    pub(crate) fn endpoint_url(&self, service: &str) -> Result<Option<String>, String> {
        if self.on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls")? {
            return Ok(None);
        }
        let service = service.replace([' ', '-'], "_");
        let variable = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
        let told = set(&self.environment, &variable).or_else(|| set(&self.environment, "AWS_ENDPOINT_URL"));
        if let Some(url) = told {
            return Ok(Some(url.to_owned()));
        }
        let keys = &self.selected().all;
        if let Some((name, value)) = keys.filled("services")?.zip(keys.get("services")) {
            let Some(services) = self.files.services.get(value.line()?).or_else(|| self.files.services.get(name))
            else {
                return Err(format!(
                    "{}: there is no section [services {name}]; add it, or take the key out",
                    value.place()
                ));
            };
            let own =
                services.get(&service.to_ascii_lowercase()).map(|value| value.inner("endpoint_url")).transpose()?;
            if let Some(url) = own.flatten() {
                return Ok(Some(url.to_owned()));
            }
        }
        Ok(keys.word("endpoint_url")?.map(str::to_owned))
    }

    /// The endpoint variant: FIPS, dual-stack, both or neither.
    pub(crate) fn variant(&self) -> Result<Variant, String> {
        Ok(Variant {
            fips: self.on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?,
            dual_stack: self.on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?,
        })
    }

    /// The region of the selected profile, else of its chain of source profiles.
    pub(crate) fn region(&self) -> Result<Option<String>, String> {
        let mut keys = &self.selected().all;
        for _ in 0..=self.files.profiles.len() {
            if let Some((region, value)) = keys.word("region")?.zip(keys.get("region")) {
                return checked_region(region, &value.place()).map(Some);
            }
            match self.source(keys)? {
                Some((_, next)) => keys = &next.all,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The CA bundle that replaces the system's certificates, and the origin of the setting.
    pub(crate) fn ca_bundle(&self) -> Result<Option<(PathBuf, String)>, String> {
        let told = self.setting("AWS_CA_BUNDLE", "ca_bundle")?;
        Ok(told.map(|setting| (PathBuf::from(setting.text), setting.place)))
    }

    /// The maximum number of attempts per request, if it is configured directly or by the retry mode.
    pub(crate) fn max_attempts(&self) -> Result<Option<u32>, String> {
        let mode = self.setting("AWS_RETRY_MODE", "retry_mode")?;
        let of_mode = match mode {
            None => None,
            Some(Setting { text: "legacy", .. }) => Some(5),
            Some(Setting { text: "standard" | "adaptive", .. }) => Some(3),
            Some(Setting { text, place }) => {
                return Err(format!("{place} is '{text}', and knows legacy, standard and adaptive; change it"));
            }
        };
        match self.setting("AWS_MAX_ATTEMPTS", "max_attempts")? {
            None => Ok(of_mode),
            Some(Setting { text, place }) => match text.parse() {
                Ok(most @ 1..) => Ok(Some(most)),
                _ => Err(format!("{place} is '{text}', and takes a whole number from 1; change it")),
            },
        }
    }

    /// The selected profile; an empty one if none is selected and there is no default profile.
    fn selected(&self) -> &Profiled {
        static NOTHING: Profiled = Profiled::nothing();
        self.files.profiles.get(self.name()).unwrap_or(&NOTHING)
    }

    fn name(&self) -> &str {
        self.named.as_deref().unwrap_or(DEFAULT)
    }

    /// The source profile of `keys`, and its name.
    fn source(&self, keys: &Keys) -> Result<Option<(&str, &Profiled)>, String> {
        let Some((word, value)) = keys.filled("source_profile")?.zip(keys.get("source_profile")) else {
            return Ok(None);
        };
        let profile = |name| self.files.profiles.get_key_value(name);
        let found = profile(value.line()?).or_else(|| profile(word));
        let found = found.ok_or_else(|| {
            let listed = listed(&self.files);
            format!("{} is '{word}', and there is no such profile; {listed}", value.place())
        });
        found.map(|(name, profile)| Some((name.as_str(), profile)))
    }

    fn on(&self, variable: &str, key: &str) -> Result<bool, String> {
        let Some(setting) = self.setting(variable, key)? else { return Ok(false) };
        match setting.text.to_ascii_lowercase().as_str() {
            "false" => Ok(false),
            "true" => Ok(true),
            _ => Err(format!("{} is neither true nor false; change it", setting.place)),
        }
    }

    /// The value of the variable, else of the selected profile's key.
    fn setting(&self, variable: &str, key: &str) -> Result<Option<Setting<'_>>, String> {
        if let Some(text) = set(&self.environment, variable) {
            return Ok(Some(Setting { text, place: variable.to_owned() }));
        }
        let keys = &self.selected().all;
        let found = keys.word(key)?.zip(keys.get(key));
        Ok(found.map(|(text, value)| Setting { text, place: value.place() }))
    }
}

fn missing(files: &Files, variable: &str, name: &str) -> String {
    let [config, credentials] = &files.named;
    let listed = listed(files);
    format!("the AWS profile '{name}', which {variable} names, is not in {config} or {credentials}; {listed}")
}

/// The list of profiles for an error.
fn listed(files: &Files) -> String {
    let names: Vec<&str> = files.profiles.keys().map(String::as_str).collect();
    match names.len() {
        0 => "there are no profiles".to_owned(),
        all if all > LISTED => format!("there are: {} and {} more", names[..LISTED].join(", "), all - LISTED),
        _ => format!("there are: {}", names.join(", ")),
    }
}

/// Validates a region configured at `place`, since it becomes a part of host names.
fn checked_region(region: &str, place: &str) -> Result<String, String> {
    let wrong = |_| format!("{place} is '{region}', which is no region; give one like us-east-1");
    stackql_call::region(region).map(|()| region.to_owned()).map_err(wrong)
}

#[cfg(test)]
mod tests;
