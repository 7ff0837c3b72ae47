//! Templates on answers: cases of a template, an answer and what comes of it. The templates of public documents are
//! nobody's to copy: a case names its template by a hash, and finds it in the documents where they are at hand.

use std::collections::{BTreeMap, HashSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use stackql_call::Transform;
use yaml_serde::Value as Yaml;

/// A folder of `testdata_transform`.
struct Case {
    name: String,
    kind: String,
    template: Template,
    answer: Vec<u8>,
    expected: String,
}

enum Template {
    Body(String),
    Sha256(String),
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata_transform");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let case = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("transform.yaml")).unwrap();
        let transform: Yaml = yaml_serde::from_str(&text).unwrap();
        let field = |name: &str| transform.get(name).and_then(Yaml::as_str).map(str::to_owned);
        Case {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            kind: field("type").unwrap(),
            template: match field("body") {
                Some(body) => Template::Body(body),
                None => Template::Sha256(field("sha256").unwrap()),
            },
            answer: std::fs::read(folder.join("response")).unwrap(),
            expected: std::fs::read_to_string(folder.join("output.json")).unwrap(),
        }
    };
    folders.into_iter().map(case).collect()
}

impl Case {
    #[track_caller]
    fn check(&self, body: &str) {
        let transform = Transform::compile(&self.kind, body).expect(&self.name);
        let output = transform.apply(&self.answer).expect(&self.name);
        let expected: serde_json::Value = serde_json::from_str(&self.expected).unwrap();
        assert_eq!(output, expected, "{}", self.name);
    }
}

#[test]
fn templates_of_our_own() {
    for case in cases() {
        if let Template::Body(body) = &case.template {
            case.check(body);
        }
    }
}

#[test]
fn templates_of_public_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/registry/providers/dist");
    let Ok(providers) = std::fs::read_dir(root) else {
        println!("skipped: no shared data");
        return;
    };
    let folders = providers.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut archives: Vec<PathBuf> =
        folders.flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect();
    archives.sort();
    let found = std::thread::scope(|scope| {
        // The largest archive takes about half of the time.
        let (large, small): (Vec<_>, Vec<_>) =
            archives.iter().partition(|path| std::fs::metadata(path).unwrap().len() > 8_000_000);
        let other = scope.spawn(move || Documents::read(&large));
        let mut found = Documents::read(&small);
        found.add(other.join().unwrap());
        found
    });
    let mut refused = Vec::new();
    for ((kind, hash), body) in &found.templates {
        match Transform::compile(kind, body) {
            // Most need another answer; all must end.
            Ok(transform) => drop(transform.apply(b"{}")),
            Err(error) => refused.push(format!("{kind} {hash}: {error}")),
        }
    }
    println!("{} uses, {} distinct templates, {} refused", found.uses, found.templates.len(), refused.len());
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(!found.templates.is_empty(), "documents without templates");
    let mut checked = 0;
    for case in cases() {
        if let Template::Sha256(hash) = &case.template {
            let body = found.templates.get(&(case.kind.clone(), hash.clone()));
            case.check(body.unwrap_or_else(|| panic!("{}: no document has the template", case.name)));
            checked += 1;
        }
    }
    println!("{checked} of them on answers");
}

/// What is found in documents.
#[derive(Default)]
struct Documents {
    uses: usize,
    /// Bodies by type and the first 16 digits of their hash.
    templates: BTreeMap<(String, String), String>,
    /// The blocks that were read before.
    seen: HashSet<String>,
}

impl Documents {
    fn read(archives: &[&PathBuf]) -> Self {
        let mut found = Self::default();
        for path in archives {
            let file = std::fs::File::open(path).unwrap();
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
            for entry in archive.entries().unwrap() {
                let mut entry = entry.unwrap();
                let is_document = entry.path().unwrap().extension().is_some_and(|extension| extension == "yaml");
                if is_document {
                    let mut text = String::new();
                    entry.read_to_string(&mut text).unwrap();
                    found.document(&text);
                }
            }
        }
        found
    }

    fn add(&mut self, other: Self) {
        self.uses += other.uses;
        self.templates.extend(other.templates);
    }

    /// Documents are large, and their templates mostly the same: only the blocks of templates are read as YAML, each
    /// once.
    fn document(&mut self, text: &str) {
        const KEY: &str = "transform:";
        let text = &text.replace("\r\n", "\n");
        for (at, _) in text.match_indices(&format!("{KEY}\n")) {
            let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let indent = &text[start..at];
            if !indent.bytes().all(|byte| byte == b' ') {
                continue;
            }
            let rest = &text[at + KEY.len() + 1..];
            let belongs = |line: &&str| {
                line.trim().is_empty() || line.strip_prefix(indent).is_some_and(|line| line.starts_with(' '))
            };
            let lines = rest.split_inclusive('\n').take_while(belongs);
            let block: String = lines.map(|line| line.strip_prefix(indent).unwrap_or("\n")).collect();
            if !block.contains("golang_template_") {
                continue;
            }
            self.uses += 1;
            if self.seen.insert(block.clone()) {
                let transform: Yaml = yaml_serde::from_str(&block).unwrap();
                let field = |name: &str| transform.get(name).and_then(Yaml::as_str).unwrap().to_owned();
                let (kind, body) = (field("type"), field("body"));
                let hash = hex::encode(&Sha256::digest(&body)[..8]);
                self.templates.insert((kind, hash), body);
            }
        }
    }
}
