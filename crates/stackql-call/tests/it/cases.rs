//! The folders below `testdata`: one road through the crate each, a file a stage.
//!
//! Given: `resource.yaml` (the operation), `bindings.json` (what the statement bound), `page.json` (optional: which
//! page, how many rows are wanted, which columns), `response.http` (optional). Checked: `call.txt`, `request.http`,
//! `rows.txt`. A stage that ends the road says so in its file, and the files of later stages must be absent.
//! `UPDATE_CASES=1` writes what is checked anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use serde_json::Value as Json;
use stackql_call::{AnswerError, Bindings, Call, Cursor, Page, Response, RowPlan, Value, bind, page, request};
use stackql_provider::{Carrier, Column, NextPage};

use crate::model::operation;

/// What is given, and what a stage answers with.
const GIVEN: [&str; 4] = ["resource.yaml", "bindings.json", "page.json", "response.http"];
const CHECKED: [&str; 3] = ["call.txt", "request.http", "rows.txt"];

#[test]
fn every_stage_of_every_case() {
    let update = std::env::var_os("UPDATE_CASES").is_some_and(|v| v == "1");
    let mut failures = Vec::new();
    let folders = folders();
    assert!(folders.len() >= 20, "only {} cases", folders.len());
    for folder in folders {
        let case = folder.file_name().unwrap().to_string_lossy().into_owned();
        let stages = stages(&folder);
        for name in CHECKED {
            let path = folder.join(name);
            let found = stages.get(name).map(String::as_str);
            let wanted = std::fs::read_to_string(&path).ok();
            match (found, wanted.as_deref()) {
                (found, wanted) if found == wanted => {}
                (Some(text), _) if update => std::fs::write(&path, text).unwrap(),
                (None, _) if update => std::fs::remove_file(&path).unwrap(),
                (found, wanted) => {
                    let shown = |text: Option<&str>| text.unwrap_or("(no such stage)\n").to_owned();
                    failures.push(format!("{case}/{name}\n--- wanted\n{}--- found\n{}", shown(wanted), shown(found)));
                    // Later stages follow from this one.
                    break;
                }
            }
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            if !GIVEN.contains(&name.as_str()) && !CHECKED.contains(&name.as_str()) {
                failures.push(format!("{case}/{name} belongs to no stage"));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n(UPDATE_CASES=1 takes over what was found)", failures.join("\n"));
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// The text of each stage that the case reaches.
fn stages(folder: &Path) -> BTreeMap<&'static str, String> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let document: Json = yaml_serde::from_str(&text("resource.yaml").expect("a case has a resource.yaml")).unwrap();
    let wanted: Json = text("page.json").map_or(Json::Null, |text| serde_json::from_str(&text).unwrap());
    let (operation, columns) = operation(&document);
    let mut stages = BTreeMap::new();
    let name = format!("{}.{}", operation.table(), operation.method().name);

    let bindings = bindings(&text("bindings.json").expect("a case has bindings.json"));
    let mut tokens = (1..).map(|n| format!("token-{n}"));
    let call = match bind(operation, &bindings, &mut || tokens.next().unwrap()) {
        Ok(call) => call,
        Err(error) => {
            stages.insert("call.txt", format!("{name}\nerror: {error}\n"));
            return stages;
        }
    };
    let size = wanted["rows"].as_u64().map(|n| u32::try_from(n).unwrap());
    let scope = call.scope().map(|s| format!(" in {s}")).unwrap_or_default();
    stages.insert("call.txt", format!("{name}{scope}\n{}\n", request(&call, None, size).summary()));

    let cursor = wanted["after"].as_str().map(|page| cursor(&call, page));
    let request = request(&call, cursor.as_ref(), size);
    let mut written = format!("# may be sent again: {}\n", if request.repeatable { "yes" } else { "no" });
    let query: Vec<String> = request.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    writeln!(written, "{} {}{query} HTTP/1.1", request.http_method, request.path).unwrap();
    for (name, value) in &request.headers {
        writeln!(written, "{name}: {value}").unwrap();
    }
    writeln!(written, "\n{}", std::str::from_utf8(&request.body).unwrap()).unwrap();
    stages.insert("request.http", written);

    if let Ok(answer) = std::fs::read(folder.join("response.http")) {
        let plan = RowPlan::new(
            &call.operation().resource.types,
            &chosen(columns, &wanted["columns"]),
            wanted["extra"] == true,
        );
        let rows = match page(&call, &plan, &response(&answer)) {
            Ok(page) => rows(&page),
            Err(error) => refusal(&error),
        };
        stages.insert("rows.txt", rows);
    }
    stages
}

/// Values as SQL has them: an array or object stands for one that is nested already.
fn bindings(text: &str) -> Bindings {
    let given: BTreeMap<String, Json> = serde_json::from_str(text).unwrap();
    let value = |json: Json| match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Boolean(b),
        Json::Number(n) if n.is_i64() => Value::Integer(n.as_i64().unwrap()),
        Json::Number(n) => Value::Number(n.as_f64().unwrap()),
        Json::String(text) => Value::Text(text),
        nested => Value::Json(nested),
    };
    given.into_iter().map(|(name, json)| (name, value(json))).collect()
}

/// The cursor that an answer with this token gives: there is no other way to one.
fn cursor(call: &Call, token: &str) -> Cursor {
    let paging = call.operation().method().paging.clone().unwrap();
    let NextPage::Token { answer: Carrier::Body(answer), .. } = paging.next else { panic!("no token in a body") };
    let open: String = answer.iter().map(|name| format!("<{name}>")).collect();
    let close: String = answer.iter().rev().map(|name| format!("</{name}>")).collect();
    let body = Bytes::from(format!("<R>{open}{token}{close}</R>"));
    let plan = RowPlan::new(&call.operation().resource.types, &[], false);
    let response = Response { status: 200, body, ..Response::default() };
    page(call, &plan, &response).unwrap().next.unwrap()
}

/// The columns of these names, or all.
fn chosen(columns: Vec<Column>, names: &Json) -> Vec<Column> {
    let Some(names) = names.as_array() else { return columns };
    let named = |name: &Json| columns.iter().find(|c| c.name == name.as_str().unwrap()).unwrap().clone();
    names.iter().map(named).collect()
}

/// Status line and headers, an empty line, and the body to the end of the file but for its last line feed.
fn response(file: &[u8]) -> Response {
    let end = file.windows(2).position(|two| two == b"\n\n").expect("an empty line ends the headers");
    let head = std::str::from_utf8(&file[..end]).unwrap();
    let body = file[end + 2..].strip_suffix(b"\n").unwrap_or(&file[end + 2..]);
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_lowercase(), value.to_owned())
    };
    Response { status, headers: lines.map(header).collect(), body: Bytes::copy_from_slice(body), ..Response::default() }
}

/// The columns with their types, a line a row, and where the page ends.
fn rows(page: &Page) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<ArrayFormatter<'_>> =
        page.rows.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
    let schema = page.rows.schema();
    let head = schema.fields().iter().map(|field| {
        let json = field.metadata().contains_key(RowPlan::FORMAT_KEY);
        format!("{} {}", field.name(), if json { "Json".to_owned() } else { field.data_type().to_string() })
    });
    let mut out = head.collect::<Vec<_>>().join(" | ") + "\n";
    for row in 0..page.rows.num_rows() {
        let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string().replace('\n', "\\n")).collect();
        writeln!(out, "{}", cells.join(" | ")).unwrap();
    }
    writeln!(out, "rows: {}", page.rows.num_rows()).unwrap();
    writeln!(out, "next: {}", page.next.as_ref().map_or("none", Cursor::as_str)).unwrap();
    writeln!(out, "request id: {}", page.request_id.as_deref().unwrap_or("none")).unwrap();
    out
}

fn refusal(error: &AnswerError) -> String {
    let mut out = format!("error: {error}\n");
    match error {
        AnswerError::Fault(fault) => {
            writeln!(out, "kind: {:?}\ncode: {}\nmessage: {}", fault.kind, fault.code, fault.message).unwrap();
            writeln!(out, "request id: {}", fault.request_id.as_deref().unwrap_or("none")).unwrap();
            writeln!(out, "hint: {}", fault.hint.as_deref().unwrap_or("none")).unwrap();
        }
        AnswerError::Unreadable { .. } => out.push_str("kind: Unreadable\n"),
        AnswerError::Value { .. } => out.push_str("kind: Value\n"),
        _ => {}
    }
    out
}
