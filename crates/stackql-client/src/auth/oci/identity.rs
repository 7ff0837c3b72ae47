//! The signing identity for Oracle Cloud: from the keys of an auth context, or from a profile of its configuration file.

use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use secrecy::{ExposeSecret, SecretString};

use crate::Environment;
use crate::auth::context::OciKeys;
use crate::auth::lookup::{SourceError, env_or_literal, file, hidden, set};
use crate::auth::private_key::PrivateKey;

/// The section whose values every profile inherits.
const DEFAULT: &str = "DEFAULT";

/// A signing identity: a private key and its id. Debug prints no secret.
#[derive(Debug)]
pub(in crate::auth) struct OciSigner {
    key_id: SecretString,
    pub(super) key: PrivateKey,
}

/// The parts of an identity, as far as they are configured.
#[derive(Default)]
struct Parts {
    tenancy: Option<String>,
    user: Option<String>,
    fingerprint: Option<String>,
    key: Option<SecretString>,
    passphrase: Option<SecretString>,
    /// A session token, which replaces tenancy, user and fingerprint.
    session: Option<SecretString>,
}

impl OciSigner {
    /// The identity of `keys`: their own parts, else a profile of the configuration file that they name, else of the default
    /// file.
    pub(in crate::auth) fn find(keys: &OciKeys, environment: &Environment) -> Result<Self, SourceError> {
        let parts = Parts::of_context(keys, environment)?;
        if parts.are_some() {
            return parts.whole(["tenancy_ocid", "user_ocid", "fingerprint", "private_key or private_key_path"], "");
        }
        let path = env_or_literal(
            environment,
            "config_file_path_env_var",
            keys.config_file_path_env_var.as_ref(),
            keys.config_file_path.as_ref(),
        )?;
        let usual = || set(environment, "OCI_CONFIG_FILE").unwrap_or("~/.oci/config").to_owned();
        let path = at_home(&path.unwrap_or_else(usual), environment);
        let profile =
            env_or_literal(environment, "profile_env_var", keys.profile_env_var.as_ref(), keys.profile.as_ref())?;
        let profile = profile.as_deref().or(set(environment, "OCI_CLI_PROFILE")).unwrap_or(DEFAULT);
        let parts = Parts::of_file(&path, profile, environment)?;
        let place = format!(" in the profile {profile} of {}", path.display());
        parts.whole(["tenancy", "user", "fingerprint", "key_file"], &place)
    }

    /// The key id that is sent with a signature; it may contain a session token.
    pub(in crate::auth) fn key_id(&self) -> &str {
        self.key_id.expose_secret()
    }
}

impl Parts {
    fn of_context(keys: &OciKeys, environment: &Environment) -> Result<Self, SourceError> {
        let key = match hidden(
            environment,
            "private_key_env_var",
            keys.private_key_env_var.as_ref(),
            keys.private_key.as_ref(),
        )? {
            Some(key) => Some(key),
            None => {
                let (variable, literal) = (keys.private_key_path_env_var.as_ref(), keys.private_key_path.as_ref());
                let path = env_or_literal(environment, "private_key_path_env_var", variable, literal)?;
                path.map(|path| read(&path, environment)).transpose()?
            }
        };
        let (tenancy, user, fingerprint) = (
            (keys.tenancy_ocid_env_var.as_ref(), keys.tenancy_ocid.as_ref()),
            (keys.user_ocid_env_var.as_ref(), keys.user_ocid.as_ref()),
            (keys.fingerprint_env_var.as_ref(), keys.fingerprint.as_ref()),
        );
        Ok(Self {
            tenancy: env_or_literal(environment, "tenancy_ocid_env_var", tenancy.0, tenancy.1)?,
            user: env_or_literal(environment, "user_ocid_env_var", user.0, user.1)?,
            fingerprint: env_or_literal(environment, "fingerprint_env_var", fingerprint.0, fingerprint.1)?,
            key,
            passphrase: hidden(
                environment,
                "passphrase_env_var",
                keys.passphrase_env_var.as_ref(),
                keys.passphrase.as_ref(),
            )?,
            session: None,
        })
    }

    fn of_file(path: &Path, profile: &str, environment: &Environment) -> Result<Self, SourceError> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|e| {
            format!(
                "names no tenancy_ocid, user_ocid, fingerprint and private_key, and cannot read {shown}: {e}; give these, or config_file_path"
            )
        })?;
        let mut ini = Ini::new_cs();
        ini.set_inline_comment_symbols(Some(&[]));
        ini.read(text)
            .map_err(|_| format!("cannot read {shown}: it is not of the form key = value below [profiles]"))?;
        if !ini.sections().iter().any(|section| section == profile) {
            return Err(format!("has no profile {profile} in {shown}; give profile").into());
        }
        let value = |key: &str| ini.get(profile, key).or_else(|| ini.get(DEFAULT, key)).filter(|v| !v.is_empty());
        let contents = |key: &str| value(key).map(|path| read(&path, environment)).transpose();
        Ok(Self {
            tenancy: value("tenancy"),
            user: value("user"),
            fingerprint: value("fingerprint"),
            key: contents("key_file")?,
            passphrase: value("pass_phrase").map(SecretString::from),
            session: contents("security_token_file")?,
        })
    }

    fn are_some(&self) -> bool {
        self.tenancy.is_some() || self.user.is_some() || self.fingerprint.is_some() || self.key.is_some()
    }

    /// Builds the identity. `names` and `place` are what errors call the parts and their location.
    fn whole(self, names: [&str; 4], place: &str) -> Result<OciSigner, SourceError> {
        let (key_id, key) = match (self.session, self.tenancy, self.user, self.fingerprint, self.key) {
            (Some(session), _, _, _, Some(key)) => (format!("ST${}", session.expose_secret()), key),
            (None, Some(tenancy), Some(user), Some(fingerprint), Some(key)) => {
                (format!("{tenancy}/{user}/{fingerprint}"), key)
            }
            (_, tenancy, user, fingerprint, key) => {
                let there = [tenancy.is_some(), user.is_some(), fingerprint.is_some(), key.is_some()];
                let missing = names.iter().zip(there).filter(|(_, there)| !there).map(|(name, _)| *name);
                let missing = missing.collect::<Vec<_>>().join(" and ");
                return Err(format!(
                    "has no {missing}{place}, and cannot compose OCI signing credentials; give all of them"
                )
                .into());
            }
        };
        let key = PrivateKey::parse(&key, self.passphrase.as_ref())
            .map_err(|why| format!("has a private key{place} that {why}"))?;
        Ok(OciSigner { key_id: key_id.into(), key })
    }
}

fn read(path: &str, environment: &Environment) -> Result<SecretString, SourceError> {
    file(&at_home(path, environment).display().to_string())
}

/// Expands a leading `~/` to the home folder.
fn at_home(path: &str, environment: &Environment) -> PathBuf {
    let home = set(environment, if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => PathBuf::from(path),
    }
}
