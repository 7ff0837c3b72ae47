//! Filters: parsing from a request, the row values that their names refer to, and value matching.

use crate::element::Element;
use crate::form::Form;

/// One filter of a request; a row matches if any of the values does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// Filter names that differ from the path of their element.
const RENAMED: [(&str, &str); 13] = [
    ("addresses.private-ip-address", "private-ip-addresses.private-ip-address"),
    ("availability-zone", "placement.availability-zone"),
    ("cidr", "cidr-block"),
    ("description", "group-description"),
    ("group-id", "group.group-id"),
    ("group-name", "group.group-name"),
    ("instance-state-code", "instance-state.code"),
    ("instance-state-name", "instance-state.name"),
    ("ip-permission.cidr", "ip-permissions.ip-ranges.cidr-ip"),
    ("ip-permission.from-port", "ip-permissions.from-port"),
    ("ip-permission.to-port", "ip-permissions.to-port"),
    ("ip-permission.protocol", "ip-permissions.ip-protocol"),
    ("zone-state", "state"),
];

/// The filters of a request.
pub(crate) fn filters_from_form(form: &Form) -> Vec<Filter> {
    let named = (1..).map_while(|n| Some((n, form.get(&format!("Filter.{n}.Name"))?)));
    named.map(|(n, name)| Filter { name: name.to_owned(), values: form.list(&format!("Filter.{n}.Value")) }).collect()
}

impl Filter {
    /// Whether no value contains wildcards or escapes.
    pub(crate) fn is_exact(&self) -> bool {
        !self.values.iter().any(|v| v.contains(['*', '?', '\\']))
    }

    /// Whether a row matches. A row without the element does not match.
    pub(crate) fn passes(&self, row: &Element) -> bool {
        let mut found = values(row, &self.name);
        // Rows of instances are nested in reservations.
        if let Some(instances) = row.child("instancesSet") {
            found.extend(instances.children.iter().flat_map(|instance| values(instance, &self.name)));
        }
        self.values.iter().any(|wanted| found.iter().any(|value| matches_glob(wanted, value)))
    }
}

/// The values of a row that a filter name refers to: `a-b.c-d` is the path `aB/cD`, and `tag:x` is the tag `x`.
pub(crate) fn values<'a>(row: &'a Element, name: &str) -> Vec<&'a str> {
    let tags = || row.child("tagSet").into_iter().flat_map(|set| &set.children);
    match name {
        "tag-key" => tags().map(|t| t.text_of("key")).collect(),
        "tag-value" => tags().map(|t| t.text_of("value")).collect(),
        _ => match name.strip_prefix("tag:") {
            Some(key) => tags().filter(|t| t.text_of("key") == key).map(|t| t.text_of("value")).collect(),
            None => {
                let name = kebab(name);
                let other = RENAMED.iter().find(|(filter, _)| *filter == name).map(|(_, path)| *path);
                let mut found = Vec::new();
                for path in [Some(name.as_str()), other].into_iter().flatten() {
                    descend(row, &path.split('.').collect::<Vec<_>>(), &mut found);
                }
                found
            }
        },
    }
}

fn descend<'a>(element: &'a Element, path: &[&str], found: &mut Vec<&'a str>) {
    let Some((first, rest)) = path.split_first() else {
        match element.children.is_empty() {
            true => found.push(&element.text),
            false => element.children.iter().filter(|c| c.name == "item").for_each(|c| descend(c, path, found)),
        }
        return;
    };
    for child in &element.children {
        if child.name == "item" {
            descend(child, path, found);
        } else if kebab(&child.name) == *first || kebab(child.name.trim_end_matches("Set")) == *first {
            descend(child, rest, found);
        }
    }
}

fn kebab(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

/// Whether a value matches a pattern, where `*` stands for any text, `?` for one character and `\` escapes.
fn matches_glob(pattern: &str, value: &str) -> bool {
    let Some(special) = pattern.find(['*', '?', '\\']) else { return pattern == value };
    let (plain, rest) = pattern.split_at(special);
    let Some(value) = value.strip_prefix(plain) else { return false };
    let mut rest = rest.chars();
    let special = rest.next();
    let mut characters = value.chars();
    match special {
        Some('*') => {
            (0..=value.len()).filter(|n| value.is_char_boundary(*n)).any(|n| matches_glob(rest.as_str(), &value[n..]))
        }
        Some('?') => characters.next().is_some() && matches_glob(rest.as_str(), characters.as_str()),
        _ => rest.next() == characters.next() && matches_glob(rest.as_str(), characters.as_str()),
    }
}
