//! YAML 1.2 documents (and therefore JSON) as trees with line numbers. Parses text; does not interpret the content.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Maximum size of a document in bytes.
const MAX_BYTES: usize = 64 << 20;
/// Maximum nesting depth of a document.
const MAX_DEPTH: usize = 256;
/// Maximum number of nodes of a value that is converted to JSON.
const MAX_JSON: usize = 100_000;
/// Maps with more entries get a sorted index for binary search.
const SMALL: usize = 16;

/// A document as a tree of nodes.
#[derive(Debug)]
pub(crate) struct YamlTree {
    nodes: Vec<Node>,
    /// The distinct files that its references name: the parts before `#`.
    pub(crate) foreign: Vec<String>,
}

#[derive(Debug)]
struct Node {
    line: u32,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Scalar { text: Box<str>, plain: bool },
    List(Vec<u32>),
    Map { entries: Vec<(Box<str>, u32)>, sorted: Vec<u32> },
}

impl Node {
    /// The entries of a map; empty for other nodes.
    fn entries(&self) -> &[(Box<str>, u32)] {
        match &self.content {
            Content::Map { entries, .. } => entries,
            _ => &[],
        }
    }
}

/// Why a text is no valid document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// A node being parsed: a list, or a map with the key whose value comes next.
enum Open {
    List(u32, Vec<u32>),
    Map(u32, Vec<(Box<str>, u32)>, Option<Box<str>>),
}

impl YamlTree {
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim_start_matches('\u{feff}');
        if text.len() > MAX_BYTES {
            return Err(Malformed { line: 1, reason: format!("larger than {} MiB", MAX_BYTES >> 20) });
        }
        let mut tree = Self { nodes: Vec::new(), foreign: Vec::new() };
        let mut open: Vec<Open> = Vec::new();
        let mut anchors: HashMap<usize, u32> = HashMap::new();
        let mut documents = 0;
        for event in Parser::new_from_str(text) {
            let (event, span) =
                event.map_err(|e| Malformed { line: e.marker().line(), reason: e.info().to_owned() })?;
            let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
            let malformed = |reason: String| Malformed { line: span.start.line(), reason };
            let done = match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(malformed("a second document begins; definitions are one document".to_owned()));
                    }
                    continue;
                }
                Event::Scalar(text, style, anchor, _) => {
                    if let Some(Open::Map(_, _, key @ None)) = open.last_mut() {
                        *key = Some(text.into());
                        continue;
                    }
                    let plain = style == ScalarStyle::Plain;
                    let node = tree.push(line, Content::Scalar { text: text.into(), plain });
                    note(&mut anchors, anchor, node);
                    node
                }
                Event::Alias(anchor) => {
                    let node = *anchors.get(&anchor).ok_or_else(|| malformed("an unknown anchor".to_owned()))?;
                    if open.iter().any(|o| matches!(o, Open::List(n, _) | Open::Map(n, ..) if *n == node)) {
                        return Err(malformed("an alias inside of what it stands for".to_owned()));
                    }
                    node
                }
                Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= MAX_DEPTH => {
                    return Err(malformed(format!("nested deeper than {MAX_DEPTH} levels")));
                }
                Event::SequenceStart(anchor, _) => {
                    let node = tree.push(line, Content::List(Vec::new()));
                    note(&mut anchors, anchor, node);
                    open.push(Open::List(node, Vec::new()));
                    continue;
                }
                Event::MappingStart(anchor, _) => {
                    if matches!(open.last(), Some(Open::Map(_, _, None))) {
                        return Err(malformed("a key that is no scalar".to_owned()));
                    }
                    let node = tree.push(line, Content::Map { entries: Vec::new(), sorted: Vec::new() });
                    note(&mut anchors, anchor, node);
                    open.push(Open::Map(node, Vec::new(), None));
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                    Some(Open::List(node, items)) => {
                        tree.nodes[node as usize].content = Content::List(items);
                        node
                    }
                    Some(Open::Map(node, entries, _)) => {
                        tree.close(node, entries);
                        node
                    }
                    None => continue,
                },
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => continue,
            };
            match open.last_mut() {
                Some(Open::List(_, items)) => items.push(done),
                Some(Open::Map(_, entries, key)) => entries.push((key.take().unwrap_or_default(), done)),
                None => {}
            }
        }
        if tree.nodes.is_empty() {
            tree.push(1, Content::Scalar { text: Box::default(), plain: true });
        }
        Ok(tree)
    }

    fn push(&mut self, line: u32, content: Content) -> u32 {
        self.nodes.push(Node { line, content });
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }

    fn close(&mut self, node: u32, entries: Vec<(Box<str>, u32)>) {
        for (key, value) in &entries {
            if &**key == "$ref"
                && let Content::Scalar { text, .. } = &self.nodes[*value as usize].content
                && let file = text.split('#').next().unwrap_or_default()
                && !file.is_empty()
                && !self.foreign.iter().any(|f| f == file)
            {
                let file = file.to_owned();
                self.foreign.push(file);
            }
        }
        let mut sorted = Vec::new();
        if entries.len() > SMALL {
            sorted = (0..u32::try_from(entries.len()).unwrap_or(u32::MAX)).collect();
            sorted.sort_by(|a, b| entries[*a as usize].0.cmp(&entries[*b as usize].0));
        }
        self.nodes[node as usize].content = Content::Map { entries, sorted };
    }

    pub(crate) fn line(&self, node: u32) -> usize {
        self.nodes[node as usize].line as usize
    }

    /// The value of a key, if the node is a map with this key.
    pub(crate) fn get(&self, node: u32, key: &str) -> Option<u32> {
        let Content::Map { entries, sorted } = &self.nodes[node as usize].content else { return None };
        if sorted.is_empty() {
            return entries.iter().find(|(k, _)| &**k == key).map(|(_, v)| *v);
        }
        let at = sorted.binary_search_by(|i| (*entries[*i as usize].0).cmp(key)).ok()?;
        Some(entries[sorted[at] as usize].1)
    }

    /// The entries of a map in document order; empty for other nodes.
    pub(crate) fn entries(&self, node: u32) -> impl Iterator<Item = (&str, u32)> + '_ {
        self.nodes[node as usize].entries().iter().map(|(k, v)| (&**k, *v))
    }

    /// All keys in the document that are StackQL extensions.
    pub(crate) fn extensions(&self) -> impl Iterator<Item = &str> {
        let is_ours = |key: &&str| key.get(..10).is_some_and(|p| p.eq_ignore_ascii_case("x-stackql-"));
        self.nodes.iter().flat_map(|node| node.entries()).map(|(key, _)| &**key).filter(is_ours)
    }

    /// Whether any map has one of these keys with this text.
    pub(crate) fn has_entry(&self, entries: &[(&str, &str)]) -> bool {
        let mut all = self.nodes.iter().flat_map(Node::entries);
        all.any(|(key, value)| entries.iter().any(|(k, text)| **key == **k && self.text(*value) == Some(text)))
    }

    /// The elements of a list; empty for other nodes.
    pub(crate) fn items(&self, node: u32) -> &[u32] {
        match &self.nodes[node as usize].content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn is_map(&self, node: u32) -> bool {
        matches!(self.nodes[node as usize].content, Content::Map { .. })
    }

    /// The text of a scalar, whatever its type; `None` for null, lists and maps.
    pub(crate) fn text(&self, node: u32) -> Option<&str> {
        match &self.nodes[node as usize].content {
            Content::Scalar { text, plain } => (!plain || !is_null(text)).then_some(&**text),
            _ => None,
        }
    }

    /// Converts a node to JSON by the core schema of YAML 1.2. Nodes beyond [`MAX_JSON`], which nested aliases can
    /// produce, become null.
    pub(crate) fn json(&self, node: u32) -> serde_json::Value {
        self.json_within(node, &mut { MAX_JSON })
    }

    fn json_within(&self, node: u32, left: &mut usize) -> serde_json::Value {
        use serde_json::Value;
        *left = left.saturating_sub(1);
        if *left == 0 {
            return Value::Null;
        }
        match &self.nodes[node as usize].content {
            Content::Scalar { text, plain: false } => Value::String(text.to_string()),
            Content::Scalar { text, .. } => match &**text {
                text if is_null(text) => Value::Null,
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                text => match serde_json::from_str::<serde_json::Number>(text) {
                    Ok(number) => Value::Number(number),
                    Err(_) => Value::String(text.to_owned()),
                },
            },
            Content::List(items) => items.iter().map(|i| self.json_within(*i, left)).collect(),
            Content::Map { entries, .. } => {
                entries.iter().map(|(k, v)| (k.to_string(), self.json_within(*v, left))).collect()
            }
        }
    }
}

fn note(anchors: &mut HashMap<usize, u32>, anchor: usize, node: u32) {
    if anchor > 0 {
        anchors.insert(anchor, node);
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}
