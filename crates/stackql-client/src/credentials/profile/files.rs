//! The profile files of the AWS tools: their location, the profiles and other sections that they define, and the position of
//! each value. Owns the precedence between the files; the meaning of the keys is up to [`super::Profile`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::text::{Entry, Section, sections};
use crate::Environment;
use crate::auth::lookup::set;

/// The profile that is used if none is selected.
pub(crate) const DEFAULT: &str = "default";
/// The default locations, as messages show them.
const USUAL: [&str; 2] = ["~/.aws/config", "~/.aws/credentials"];

/// The contents of the files. If both files have a key of a profile, the credentials file takes precedence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    pub(crate) profiles: BTreeMap<String, Profiled>,
    pub(crate) sso_sessions: BTreeMap<String, Keys>,
    pub(crate) services: BTreeMap<String, Keys>,
    /// The paths of both files, as messages show them, whether they exist or not.
    pub(crate) named: [String; 2],
}

/// The keys of one profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct Profiled {
    /// The keys of both files.
    pub(crate) all: Keys,
    /// The keys of the config file alone.
    pub(crate) config: Keys,
    /// The keys of the credentials file alone.
    pub(crate) credentials: Keys,
}

/// The keys of a section.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys(BTreeMap<String, Value>);

/// A value and its position. Debug prints only the position, since the value may be secret.
#[derive(Clone)]
pub(crate) struct Value {
    text: String,
    block: Option<BTreeMap<String, String>>,
    key: String,
    file: Arc<str>,
    line: usize,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.place())
    }
}

impl Files {
    /// Reads the files that the environment names, else those in the home folder. A missing file counts as empty.
    pub(crate) fn read(environment: &Environment) -> Result<Self, String> {
        let variables = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
        let paths = [0, 1].map(|at| path(environment, variables[at], USUAL[at]));
        let [config, credentials] = paths;
        let (config, credentials) = (config?, credentials?);
        let mut files = Self { named: [config.0, credentials.0], ..Self::default() };
        for (file, section) in load(&config.1)? {
            files.configure(&file, section);
        }
        for (file, section) in load(&credentials.1)? {
            let keys = Keys::from_section(&file, &section);
            let profile = files.profiles.entry(section.name).or_default();
            profile.all.0.extend(keys.0.clone());
            profile.credentials = keys;
        }
        Ok(files)
    }

    /// Adds a section of the config file. Of two sections with the same meaning, the later one takes precedence.
    fn configure(&mut self, file: &Arc<str>, section: Section) {
        let keys = Keys::from_section(file, &section);
        let profiled = |keys: Keys| Profiled { all: keys.clone(), config: keys, credentials: Keys::default() };
        let kind = ["profile", "sso-session", "services"].into_iter().find(|kind| section.name.starts_with(kind));
        match (kind, kind.and_then(|_| words(&section.name)).as_deref()) {
            (None, _) if section.name == DEFAULT => drop(self.profiles.insert(section.name, profiled(keys))),
            (Some("profile"), Some([_, name])) => drop(self.profiles.insert(name.clone(), profiled(keys))),
            (Some("sso-session"), Some([_, name])) => drop(self.sso_sessions.insert(name.clone(), keys)),
            (Some("services"), Some([_, name])) => drop(self.services.insert(name.clone(), keys)),
            // The AWS tools ignore such a section, too.
            _ => {}
        }
    }
}

impl Profiled {
    /// An empty profile.
    pub(crate) const fn nothing() -> Self {
        const NONE: Keys = Keys(BTreeMap::new());
        Self { all: NONE, config: NONE, credentials: NONE }
    }
}

impl Keys {
    fn from_section(file: &Arc<str>, section: &Section) -> Self {
        let value = |(key, entry): (&String, &Entry)| {
            let owned = |block: BTreeMap<&str, &str>| {
                block.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
            };
            let (text, block) = (entry.text.clone(), entry.block().map(owned));
            (key.clone(), Value { text, block, key: key.clone(), file: Arc::clone(file), line: entry.line })
        };
        Self(section.entries.iter().map(value).collect())
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether the key exists, even with a blank value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// The value of `key` without a trailing comment; `None` if it is blank or missing.
    pub(crate) fn word(&self, key: &str) -> Result<Option<&str>, String> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let word = uncommented(value.line()?);
        Ok(Some(word).filter(|word| !word.is_empty()))
    }

    /// The value of `key` without a trailing comment; `None` if it is missing, an error if it is blank.
    pub(crate) fn filled(&self, key: &str) -> Result<Option<&str>, String> {
        match (self.get(key), self.word(key)?) {
            (Some(value), None) => Err(format!("{} is blank; give it a value, or take it out", value.place())),
            (_, word) => Ok(word),
        }
    }
}

impl Value {
    /// The raw value; an error if it has several lines.
    pub(crate) fn line(&self) -> Result<&str, String> {
        match self.text.contains('\n') {
            false => Ok(&self.text),
            true => Err(format!(
                "{} goes on in the lines below it, which are indented; begin them where it begins",
                self.place()
            )),
        }
    }

    /// A value of the nested block, without a trailing comment; an error if this value is not a block.
    pub(crate) fn inner(&self, key: &str) -> Result<Option<&str>, String> {
        match &self.block {
            Some(block) => Ok(block.get(key).map(|text| uncommented(text)).filter(|text| !text.is_empty())),
            None => Err(format!("{} is no block of indented lines; put its settings below it", self.place())),
        }
    }

    /// The position for errors: file, line and key.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}: {}", self.file, self.line, self.key)
    }
}

/// Removes a trailing comment, which starts with `#` or `;` after whitespace. No value that the AWS tools accept contains
/// such a sequence.
pub(crate) fn uncommented(text: &str) -> &str {
    let starts = |(at, c): (usize, char)| {
        matches!(c, '#' | ';') && text[..at].chars().next_back().is_none_or(char::is_whitespace)
    };
    let end = text.char_indices().find(|found| starts(*found)).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end()
}

/// Reads the sections of a file, each with the file's name; none if it is not a regular file.
fn load(path: &Path) -> Result<Vec<(Arc<str>, Section)>, String> {
    // Covers missing files and also /dev/null.
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let name: Arc<str> = path.display().to_string().into();
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {name}: {e}; make it readable"))?;
    let read = sections(&bytes).map_err(|wrong| format!("{name}:{}: {}", wrong.line, wrong.what))?;
    Ok(read.into_iter().map(|section| (Arc::clone(&name), section)).collect())
}

/// The path of a file as messages show it, and the path to read.
fn path(environment: &Environment, variable: &str, usual: &str) -> Result<(String, PathBuf), String> {
    let told = set(environment, variable);
    let expanded = expanded(environment, told.unwrap_or(usual));
    let home = ["HOME", "USERPROFILE"].into_iter().find_map(|name| set(environment, name));
    let path = match (expanded.strip_prefix('~'), home) {
        (None, _) => PathBuf::from(&expanded),
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with(std::path::is_separator) => {
            Path::new(home).join(rest.trim_start_matches(std::path::is_separator))
        }
        // Without a home folder, the file at the default location is missing.
        (Some(_), None) if told.is_none() => PathBuf::new(),
        (Some(_), _) => {
            return Err(format!(
                "{variable} is {expanded}, and whose folder that is is not known; give the whole path"
            ));
        }
    };
    Ok((told.map_or_else(|| usual.to_owned(), |_| path.display().to_string()), path))
}

/// Expands `$NAME` and `${NAME}` in a path; variables that are not set stay as they are.
fn expanded(environment: &Environment, path: &str) -> String {
    let mut parts = path.split('$');
    let mut done = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let braced = part.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = braced.unwrap_or_else(|| {
            part.split_at(part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len()))
        });
        match environment.get(name) {
            Some(value) => done.extend([value, rest]),
            None => done.extend(["$", part]),
        }
    }
    done
}

/// Splits a section's name into words and removes quotes, by the rules of a shell; `None` if a quote is not closed.
fn words(name: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            // Within double quotes, a backslash escapes only a quote or a backslash.
            (Some('"'), '\\') if matches!(chars.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, '"' | '\'') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests;
