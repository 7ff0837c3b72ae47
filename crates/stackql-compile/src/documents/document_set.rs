//! The documents of one provider version: loads files and resolves references between them. Their meaning is not
//! interpreted.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::diagnostic::{Diagnostic, SourceLocation};
use super::secrets;
use super::yaml_tree::YamlTree;

/// Longest chain of references that is followed.
const MAX_HOPS: usize = 64;

/// Loaded documents, including all that they refer to.
#[derive(Debug, Clone)]
pub(crate) struct DocumentSet {
    /// The root directory; references that begin with a provider's name are relative to it.
    root: PathBuf,
    documents: Vec<Arc<Document>>,
    /// Indices of documents by file name relative to the root.
    names: HashMap<String, usize>,
    /// Errors of files that could not be read, by file name.
    broken: HashMap<String, Diagnostic>,
}

#[derive(Debug)]
struct Document {
    /// File name relative to the root.
    name: String,
    tree: YamlTree,
    digest: [u8; 32],
    /// Whether anything in it is marked as secret.
    marks_secrets: bool,
}

/// A reference to a node of a document.
#[derive(Clone, Copy)]
pub(crate) struct NodeRef<'a> {
    library: &'a DocumentSet,
    document: usize,
    node: u32,
}

impl DocumentSet {
    /// Loads `first`, given relative to `root`, without the documents that it refers to.
    pub(crate) fn alone(root: &Path, first: &str) -> Result<Self, Diagnostic> {
        let (root, documents) = (root.to_owned(), Vec::new());
        let mut library = Self { root, documents, names: HashMap::new(), broken: HashMap::new() };
        library.read(first)?;
        Ok(library)
    }

    /// Loads the documents that the values of the map at `key` refer to, and those that they refer to in turn.
    pub(crate) fn complete(&mut self, key: (usize, u32)) {
        let wanted: Vec<String> = self.at(key).entries().filter_map(|(_, at)| at.text("$ref")).map(file_of).collect();
        self.read_all(0, &wanted);
        let mut next = 1;
        while next < self.documents.len() {
            let foreign = self.documents[next].tree.foreign.clone();
            self.read_all(next, &foreign);
            next += 1;
        }
    }

    fn read_all(&mut self, document: usize, files: &[String]) {
        for file in files {
            let name = self.resolve(document, file);
            if self.names.contains_key(&name) || self.broken.contains_key(&name) {
                continue;
            }
            if let Err(problem) = self.read(&name) {
                self.broken.insert(name, problem);
            }
        }
    }

    fn read(&mut self, name: &str) -> Result<(), Diagnostic> {
        let place = |line| SourceLocation { file: name.to_owned(), line };
        let bytes = self.bytes(name)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|e| Diagnostic::new(place(0), &format!("is not UTF-8: {e}"), "write it as UTF-8"))?;
        let tree = YamlTree::parse(text).map_err(|m| Diagnostic::new(place(m.line), &m.reason, "correct the YAML"))?;
        self.names.insert(name.to_owned(), self.documents.len());
        let marks_secrets = tree.has_entry(&secrets::MARKS);
        let (name, digest) = (name.to_owned(), Sha256::digest(&bytes).into());
        self.documents.push(Arc::new(Document { name, tree, digest, marks_secrets }));
        Ok(())
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Diagnostic> {
        let place = SourceLocation { file: name.to_owned(), line: 0 };
        let is_inside = Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        if !is_inside {
            return Err(Diagnostic::new(place, "leads out of the registry's folder", "name a file below it"));
        }
        let path = self.root.join(name);
        let read = std::fs::read(&path).or_else(|e| std::fs::read(in_other_case(&path).ok_or(e)?));
        read.map_err(|e| {
            Diagnostic::new(place, &format!("cannot be read: {e}"), "pull the provider again, or add the file")
        })
    }

    /// SHA-256 of a file, which need not be loaded.
    pub(crate) fn digest_of(&self, name: &str) -> Result<[u8; 32], Diagnostic> {
        Ok(Sha256::digest(self.bytes(name)?).into())
    }

    /// SHA-256 of the file that the reference at `at` names; of its own file if the reference names none.
    pub(crate) fn digest_behind(&self, at: NodeRef<'_>) -> Result<[u8; 32], Diagnostic> {
        match at.text("$ref").map(file_of).filter(|file| !file.is_empty()) {
            Some(file) => self.digest_of(&self.resolve(at.document, &file)),
            None => Ok(self.documents[at.document].digest),
        }
    }

    /// The file name, relative to the root, for a reference in a document. References are relative to the root or to
    /// the document.
    fn resolve(&self, document: usize, file: &str) -> String {
        let file = file.trim_start_matches("./");
        let beside = Path::new(&self.documents[document].name).parent().unwrap_or(Path::new("")).join(file);
        let both = [file.to_owned(), beside.to_string_lossy().into_owned()];
        // A file that was loaded before resolves to the same name again; the disk is only checked for others.
        let is_read = |name: &&String| self.names.contains_key(*name) || self.broken.contains_key(*name);
        let is_there = |name: &&String| self.root.join(name).is_file();
        both.iter().find(is_read).or_else(|| both.iter().find(is_there)).unwrap_or(&both[0]).clone()
    }

    /// The root node of the first document.
    pub(crate) fn first(&self) -> NodeRef<'_> {
        self.at((0, 0))
    }

    /// The node of a key, as returned by [`NodeRef::key`].
    pub(crate) fn at(&self, (document, node): (usize, u32)) -> NodeRef<'_> {
        NodeRef { library: self, document, node }
    }

    /// The extensions in all documents but the first, with their number of occurrences.
    pub(crate) fn extensions(&self) -> BTreeMap<String, usize> {
        let mut out = BTreeMap::new();
        for name in self.documents.iter().skip(1).flat_map(|document| document.tree.extensions()) {
            *out.entry(name.to_owned()).or_default() += 1;
        }
        out
    }

    /// The files that were looked up with their SHA-256, `None` for missing files; used to detect changes.
    pub(crate) fn digests(&self) -> Vec<(String, Option<[u8; 32]>)> {
        let read = self.documents.iter().map(|d| (d.name.clone(), Some(d.digest)));
        let broken = self.broken.keys().map(|name| (name.clone(), self.digest_of(name).ok()));
        read.chain(broken).collect()
    }
}

/// The only file in the directory whose name differs from `path` by case alone: authors may use case-insensitive file
/// systems.
fn in_other_case(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let siblings = std::fs::read_dir(path.parent()?).ok()?.filter_map(|e| Some(e.ok()?.path()));
    let mut alike =
        siblings.filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.eq_ignore_ascii_case(name)));
    alike.next().filter(|_| alike.next().is_none())
}

/// The file part of a reference.
fn file_of(reference: &str) -> String {
    reference.split('#').next().unwrap_or_default().to_owned()
}

impl<'a> NodeRef<'a> {
    /// The root of the document that contains this node.
    pub(crate) fn document(self) -> Self {
        self.at(0)
    }

    fn tree(self) -> &'a YamlTree {
        &self.library.documents[self.document].tree
    }

    fn at(self, node: u32) -> Self {
        Self { node, ..self }
    }

    /// The value of a key, without following references.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        self.tree().get(self.node, key).map(|n| self.at(n))
    }

    /// The value of a key, after following references.
    pub(crate) fn follow(self, key: &str) -> Option<Self> {
        self.get(key)?.target().ok()
    }

    /// The text of a key's scalar value.
    pub(crate) fn text(self, key: &str) -> Option<&'a str> {
        self.get(key)?.scalar()
    }

    /// Whether the value of a key is `true`.
    pub(crate) fn says(self, key: &str) -> bool {
        self.text(key) == Some("true")
    }

    /// The text of this node, if it is a scalar.
    pub(crate) fn scalar(self) -> Option<&'a str> {
        self.tree().text(self.node)
    }

    pub(crate) fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.tree().entries(self.node).map(move |(k, n)| (k, self.at(n)))
    }

    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        self.tree().items(self.node).iter().map(move |n| self.at(*n))
    }

    pub(crate) fn is_map(self) -> bool {
        self.tree().is_map(self.node)
    }

    pub(crate) fn json(self) -> serde_json::Value {
        self.tree().json(self.node)
    }

    /// Whether any loaded document marks something as secret.
    pub(crate) fn marks_secrets(self) -> bool {
        self.library.documents.iter().any(|document| document.marks_secrets)
    }

    /// A key that identifies this node within the set.
    pub(crate) fn key(self) -> (usize, u32) {
        (self.document, self.node)
    }

    pub(crate) fn place(self) -> SourceLocation {
        SourceLocation { file: self.library.documents[self.document].name.clone(), line: self.tree().line(self.node) }
    }

    /// The last segment of this node's reference, such as the name of a schema.
    pub(crate) fn reference_name(self) -> Option<&'a str> {
        self.text("$ref")?.rsplit('/').next()
    }

    /// The node after following all references.
    ///
    /// # Errors
    ///
    /// A reference leads nowhere, or the chain is longer than [`MAX_HOPS`].
    pub(crate) fn target(self) -> Result<Self, Diagnostic> {
        let mut here = self;
        for _ in 0..MAX_HOPS {
            let Some(reference) = here.text("$ref") else { return Ok(here) };
            here = here.referred(reference)?;
        }
        Err(Diagnostic::new(self.place(), "a reference that leads back to itself", "let it lead to what is meant"))
    }

    /// This node, and the node after following its references.
    pub(crate) fn places(self) -> impl Iterator<Item = Self> {
        std::iter::once(self).chain(self.target().ok())
    }

    /// Resolves a reference that is written in this document.
    pub(crate) fn referred(self, reference: &str) -> Result<Self, Diagnostic> {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let document = match file {
            "" => self.document,
            file => {
                let name = self.library.resolve(self.document, file);
                match (self.library.names.get(&name), self.library.broken.get(&name)) {
                    (Some(document), _) => *document,
                    (None, Some(problem)) => return Err(problem.clone()),
                    (None, None) => return Err(self.dangling(reference)),
                }
            }
        };
        let mut here = Self { library: self.library, document, node: 0 };
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let next = here.get(&step).or_else(|| {
                let decoded = percent_decode_str(&step).decode_utf8().ok()?;
                here.get(&decoded).or_else(|| here.items().nth(decoded.parse().ok()?))
            });
            here = next.ok_or_else(|| self.dangling(reference))?;
        }
        Ok(here)
    }

    fn dangling(self, reference: &str) -> Diagnostic {
        let said = format!("the reference {reference} leads nowhere");
        Diagnostic::new(self.place(), &said, "correct it, or add what it names")
    }
}
