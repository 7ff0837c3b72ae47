//! The parser of profile files: text to sections of keys and values. Owns the grammar, which is that of Python's configparser
//! as the AWS tools use it: a file that they reject is rejected here, and other files have the same meaning. Reads no files and
//! does not interpret keys.

use std::collections::BTreeMap;

/// The section whose keys all others inherit.
const INHERITED: &str = "DEFAULT";

/// A section with its entries, by key in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// The value of a key, with its continuation lines, and the number of its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Entry {
    /// The pairs of a nested block; `None` if the value is not a block.
    pub(crate) fn block(&self) -> Option<BTreeMap<&str, &str>> {
        let lines = self.text.strip_prefix('\n')?.split('\n').filter_map(|line| line.split_once('='));
        Some(lines.map(|(key, value)| (trimmed(key), trimmed(value))).collect())
    }
}

/// A syntax error. It omits the text of the line, which may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// Parses the sections in order; those of the same name are merged.
pub(crate) fn sections(bytes: &[u8]) -> Result<Vec<Section>, Wrong> {
    let text = std::str::from_utf8(bytes).map_err(|e| Wrong {
        line: lines(&String::from_utf8_lossy(&bytes[..e.valid_up_to()])).count(),
        what: "it has a byte that is not UTF-8; save the file as UTF-8".to_owned(),
    })?;
    let mut reader = Reader::default();
    for line in lines(text) {
        reader.line += 1;
        reader.take(line)?;
    }
    reader.finish()
}

/// The lines of a text, with the line ends of any system.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

#[derive(Debug, Default)]
struct Reader {
    sections: Vec<Section>,
    /// The current section, by its index.
    section: Option<usize>,
    key: Option<String>,
    /// The lines of the current value.
    value: Vec<String>,
    began: usize,
    indent: usize,
    /// The number of the current line.
    line: usize,
}

impl Reader {
    fn take(&mut self, line: &str) -> Result<(), Wrong> {
        if self.line == 1 && line.starts_with('\u{feff}') {
            return Err(self.wrong("it begins with a byte order mark, which the AWS tools refuse; save it without"));
        }
        let value = trimmed(line);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            // A blank line counts only within a value; at its end it is trimmed.
            self.value.push(String::new());
            return Ok(());
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if self.key.is_some() && indent > self.indent {
            self.value.push(value.to_owned());
            return Ok(());
        }
        self.indent = indent;
        self.end_value()?;
        if value.starts_with('[') {
            let name = header(value).map_err(|what| self.wrong(what))?;
            let known = self.sections.iter().position(|section| section.name == name);
            self.section = Some(known.unwrap_or(self.sections.len()));
            if known.is_none() {
                self.sections.push(Section { name: name.to_owned(), entries: BTreeMap::new() });
            }
            return Ok(());
        }
        if self.section.is_none() {
            return Err(self.wrong("it stands in front of the first [section]; put the header of a profile above it"));
        }
        let Some((key, text)) = value.split_once(['=', ':']) else {
            return Err(self.wrong("it is not of the form key = value"));
        };
        let key = trimmed(key).to_lowercase();
        if key.is_empty() {
            return Err(self.wrong("there is no key in front of the value"));
        }
        (self.key, self.value, self.began) = (Some(key), vec![trimmed(text).to_owned()], self.line);
        Ok(())
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        Wrong { line: self.line, what: what.into() }
    }

    /// Ends the current value and adds it to its section.
    fn end_value(&mut self) -> Result<(), Wrong> {
        let lines = std::mem::take(&mut self.value);
        let (Some(key), Some(section)) = (self.key.take(), self.section) else { return Ok(()) };
        let joined = lines.join("\n");
        let entry = Entry { text: joined.trim_end_matches(is_space).to_owned(), line: self.began };
        let section = &mut self.sections[section];
        match section.entries.get(&key) {
            // The AWS tools differ in which of two values takes precedence, and some reject them.
            Some(first) if first.text != entry.text => {
                let (name, line) = (&section.name, first.line);
                let what = format!("[{name}] has '{key}' with another value in line {line}; take one of them out");
                Err(Wrong { line: entry.line, what })
            }
            Some(_) => Ok(()),
            None => {
                section.entries.insert(key, entry);
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<Vec<Section>, Wrong> {
        self.end_value()?;
        let mut sections = self.sections;
        if let Some(at) = sections.iter().position(|section| section.name == INHERITED) {
            let inherited = sections.remove(at).entries;
            for section in &mut sections {
                for (key, entry) in &inherited {
                    section.entries.entry(key.clone()).or_insert_with(|| entry.clone());
                }
            }
        }
        for entry in sections.iter().flat_map(|section| section.entries.values()) {
            let Some(block) = entry.text.strip_prefix('\n') else { continue };
            if block.split('\n').any(|line| !trimmed(line).is_empty() && !line.contains('=')) {
                let what = "a line of the block below it is not of the form key = value".to_owned();
                return Err(Wrong { line: entry.line, what });
            }
        }
        Ok(sections)
    }
}

/// The name in a section header. Text after the closing bracket is ignored.
fn header(line: &str) -> Result<&str, &'static str> {
    let Some((first, last)) = line.find(']').zip(line.rfind(']')) else {
        return Err("the header of the section has no ']'");
    };
    match (first == last, &line[1..first]) {
        // Some versions of the AWS tools read up to the first bracket, some up to the last.
        (false, _) => Err("the header of the section has two ']'; take out what stands behind the first"),
        (true, "") => Err("the header of the section has no name"),
        (true, name) => Ok(name),
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Whether Python counts the character as whitespace.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests;
