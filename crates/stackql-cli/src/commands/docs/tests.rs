//! Whether the statements that pages show are statements that run.
#![expect(clippy::print_stdout, reason = "what is skipped is said")]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use clap::FromArgMatches;
use flate2::read::GzDecoder;
use futures::TryStreamExt;
use stackql_docs::Style;
use stackql_engine::Failure;
use stackql_provider::{Resource, Type, TypeRef};
use tokio::task::JoinSet;

use crate::args::flags::{Arguments, grammar};
use crate::args::groups::Common;
use crate::session_setup::connect;

/// The flags of a shell.
fn common(flags: &[&str]) -> Common {
    let matches = grammar().get_matches_from([&["stackql", "shell"], flags].concat());
    Arguments::from_arg_matches(&matches).unwrap().common
}

/// The statements of a page, as a reader copies them.
fn statements(page: &str) -> impl Iterator<Item = &str> {
    page.split("```sql\n").skip(1).filter_map(|rest| rest.split("\n```").next())
}

/// A statement with plausible values for what is to be filled in.
fn filled(statement: &str, resource: &Resource) -> String {
    let mut out = String::new();
    let mut rest = statement;
    while let Some((before, name, behind)) = placeholder(rest) {
        out += before;
        out += &value(name, before.ends_with(['\'', '"']), resource);
        rest = behind;
    }
    out + rest
}

/// The first `<name>`, with what stands before and behind it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('<')?;
    let end = start + text[start..].find('>')?;
    Some((&text[..start], &text[start + 1..end], &text[end + 1..]))
}

/// A value of the type, and in the range, of what has this name: a parameter, or a member of a nested value.
fn value(name: &str, is_quoted: bool, resource: &Resource) -> String {
    let parameter = resource.methods.iter().flat_map(|m| &m.parameters).find(|p| p.name == name);
    let shapes = (0..resource.types.len()).filter_map(|at| u32::try_from(at).ok()).map(TypeRef);
    let mut members = shapes.flat_map(|at| match resource.types.get(at) {
        Type::Structure { members } => members.iter().map(|m| (m.wire.as_str(), m.ty)).collect(),
        _ => Vec::new(),
    });
    let member = || members.find(|(known, _)| *known == name).map(|(_, ty)| ty);
    let ty = parameter.map(|p| p.ty).or_else(member).map(|ty| resource.types.get(ty));
    let at_least = |least: i64| parameter.and_then(|p| p.minimum).unwrap_or_default().max(least);
    match ty {
        _ if let Some(default) = parameter.and_then(|p| p.default.clone()) => default,
        Some(Type::Timestamp(_)) => "2030-01-31T12:00:00Z".to_owned(),
        Some(Type::Blob) => "AAAA".to_owned(),
        _ if is_quoted => "x".repeat(usize::try_from(at_least(1)).unwrap()),
        _ => at_least(7).to_string(),
    }
}

/// How many statements the pages of a provider show, and those that do not run when they are filled in.
async fn tried(flags: &Common, provider: &str, service: Option<&str>) -> (usize, Vec<String>) {
    let session = connect::session_in(BTreeMap::new(), flags)
        .map(|connected| connected.session)
        .unwrap_or_else(|_| panic!("no session"));
    let source = connect::provider(flags, provider).unwrap();
    let mut runs = JoinSet::new();
    for page in stackql_docs::pages(source.as_ref(), service, Style::Site).unwrap() {
        let page = page.unwrap();
        let parts: Vec<&str> = page.path.split('/').collect();
        let [provider, service, name, "index.md"] = parts.as_slice() else { continue };
        let resource = session.definitions().resource(provider, service, name).unwrap();
        for statement in statements(&page.text) {
            let statement = format!("EXPLAIN {}", filled(statement, &resource));
            let session = session.clone();
            runs.spawn(async move {
                let explained = match session.run(&statement).await {
                    Ok(answer) => answer.rows.unwrap().try_collect::<Vec<_>>().await.map_err(Failure::from),
                    Err(failure) => Err(failure),
                };
                explained.err().map(|failure| format!("{failure:?}\n{statement}"))
            });
        }
    }
    (runs.len(), runs.join_all().await.into_iter().flatten().collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_on_every_page_runs_when_it_is_filled_in() {
    let flags = common(&[]);
    let (count, wrong) = tried(&flags, "aws", Some("ec2")).await;
    assert!(count > 600, "{count}");
    assert!(wrong.is_empty(), "{} are wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_does_every_statement_of_published_documents() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/registry/providers/dist");
    if !shared.is_dir() {
        println!("skipped: no shared data");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let mut total = 0;
    let mut all_wrong = Vec::new();
    for (provider, version) in [("github", "v0.3.6"), ("k8s", "v0.1.1"), ("netlify", "v0.2.0"), ("sumologic", "v0.1.1")]
    {
        let archive = File::open(shared.join(provider).join(format!("{version}.tgz"))).unwrap();
        tar::Archive::new(GzDecoder::new(archive)).unpack(root.path().join("src").join(provider)).unwrap();
        let folder = root.path().display();
        let registry = format!("--registry={{url: 'file://{folder}', localDocRoot: '{folder}'}}");
        let flags = common(&[&registry, "--approot", &format!("{folder}/own")]);
        let (count, wrong) = tried(&flags, provider, None).await;
        total += count;
        all_wrong.extend(wrong);
    }
    assert!(total > 1000, "{total}");
    assert!(all_wrong.is_empty(), "{} of {total} are wrong:\n\n{}", all_wrong.len(), all_wrong.join("\n\n"));
}
