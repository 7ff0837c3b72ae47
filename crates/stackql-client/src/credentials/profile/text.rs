//! The text of a profile file as sections of keys with values. Owns the grammar, which is that of Python's configparser
//! as the AWS tools use it: what they refuse is refused here, and what they read means the same. Reads no files and knows
//! no key.

use std::collections::BTreeMap;

/// The section whose keys all others have, too.
const INHERITED: &str = "DEFAULT";

/// A section: its keys, in small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// The value of a key, the lines that continue it included, and the line that it begins at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) text: String,
    pub(crate) line: usize,
}

impl Entry {
    /// The pairs of a value that is a block of its own, if it is one.
    pub(crate) fn block(&self) -> Option<BTreeMap<&str, &str>> {
        let lines = self.text.strip_prefix('\n')?.split('\n').filter_map(|line| line.split_once('='));
        Some(lines.map(|(key, value)| (trimmed(key), trimmed(value))).collect())
    }
}

/// What is wrong with a line. The line itself may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// The sections in their order, those of the same name as one.
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

/// Lines as they end on any system.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    })
}

#[derive(Debug, Default)]
struct Reader {
    sections: Vec<Section>,
    /// The section and the key that are read.
    section: Option<usize>,
    key: Option<String>,
    /// The lines of the value that is read.
    value: Vec<String>,
    began: usize,
    indent: usize,
    /// The number of the line that is read.
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
            // It counts in a value only, and not at its end.
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

    /// Puts the value that was read where it belongs.
    fn end_value(&mut self) -> Result<(), Wrong> {
        let lines = std::mem::take(&mut self.value);
        let (Some(key), Some(section)) = (self.key.take(), self.section) else { return Ok(()) };
        let joined = lines.join("\n");
        let entry = Entry { text: joined.trim_end_matches(is_space).to_owned(), line: self.began };
        let section = &mut self.sections[section];
        match section.entries.get(&key) {
            // The tools differ in which of them counts, and some refuse both.
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

/// The name in a header. What stands behind the bracket does not count.
fn header(line: &str) -> Result<&str, &'static str> {
    let Some((first, last)) = line.find(']').zip(line.rfind(']')) else {
        return Err("the header of the section has no ']'");
    };
    match (first == last, &line[1..first]) {
        // Some versions of the tools read up to the first bracket, some up to the last.
        (false, _) => Err("the header of the section has two ']'; take out what stands behind the first"),
        (true, "") => Err("the header of the section has no name"),
        (true, name) => Ok(name),
    }
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// What Python takes for space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests;
