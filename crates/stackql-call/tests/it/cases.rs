//! The folders below `testdata`: one road through the crate each, a file a stage.
//!
//! Given: `resource.yaml` (the operation), `bindings.json` (what the statement bound), `page.json` (optional: which
//! page, how many rows are wanted, which columns), `before.http` (optional: the answer that leads to the page),
//! `response.http` (optional). Where what is started goes on after its answer also `state_1.http` and so on, the answers
//! to how far it is, and `made.http`, what it made. Checked: `call.txt`, `request.http`, `progress.txt`,
//! `rows.txt`. A stage that ends the road says so in its file, and the files of later stages must be absent.
//! `UPDATE_CASES=1` writes what is checked anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use stackql_call::{
    Bindings, Call, Cursor, LroResult, LroStatus, Page, Payload, Request, Response, ResponseError, RowProjection,
    Value, bind, decode_lro_result, decode_page, lro_status, request,
};
use stackql_provider::{BodyFormat, Column, NextPage, ResponseLocation, ResponseShape};

use crate::model::operation;

/// What is given, and what a stage answers with.
const GIVEN: [&str; 6] = ["resource.yaml", "bindings.json", "page.json", "before.http", "response.http", "made.http"];
const CHECKED: [&str; 4] = ["call.txt", "request.http", "progress.txt", "rows.txt"];

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
            if !GIVEN.contains(&name.as_str()) && !name.starts_with("state_") && !CHECKED.contains(&name.as_str()) {
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
    let name = format!("{}.{}", operation.qualified_name(), operation.method().name);

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
    let first = match request(&call, None, size) {
        Ok(request) => request.summary(),
        Err(error) => {
            stages.insert("call.txt", format!("{name}{scope}\nerror: {error}\n"));
            return stages;
        }
    };
    stages.insert("call.txt", format!("{name}{scope}\n{first}\n"));

    let cursor = match std::fs::read(folder.join("before.http")) {
        Ok(before) => {
            let plan = RowProjection::new(&call.operation().resource.types, &[], false);
            decode_page(&call, &plan, None, &response(&before)).unwrap().next
        }
        Err(_) => (!wanted["after"].is_null()).then(|| cursor(&call, &wanted["after"])),
    };
    let request = request(&call, cursor.as_ref(), size).unwrap();
    stages.insert("request.http", written(&request));

    if let Ok(answer) = std::fs::read(folder.join("response.http")) {
        let plan = RowProjection::new(
            &call.operation().resource.types,
            &chosen(columns, &wanted["columns"]),
            wanted["extra"] == true,
        );
        if call.operation().method().lro.is_some() {
            let (progress, answer) = progressed(folder, &request, &response(&answer));
            stages.insert("progress.txt", progress);
            if let Some(answer) = answer {
                let rows =
                    decode_lro_result(&call, &plan, &answer).map_or_else(|error| refusal(&error), |page| rows(&page));
                stages.insert("rows.txt", rows);
            }
            return stages;
        }
        let rows = match decode_page(&call, &plan, cursor.as_ref(), &response(&answer)) {
            Ok(page) => rows(&page),
            Err(error) => refusal(&error),
        };
        stages.insert("rows.txt", rows);
    }
    stages
}

/// The request as it is before endpoint and signature.
fn written(request: &Request) -> String {
    let mut written = format!("# may be sent again: {}\n", if request.retryable { "yes" } else { "no" });
    for (what, address) in [("to", &request.url), ("next", &request.next_url)] {
        if let Some(address) = address {
            writeln!(written, "# {what}: {address}").unwrap();
        }
    }
    let beside = |(name, _): &&(String, String)| Some(name) != request.operation.service.endpoints.scope.as_ref();
    for (name, value) in request.server_variables.iter().filter(beside) {
        writeln!(written, "# {name}: {value}").unwrap();
    }
    match &request.payload {
        Payload::Http => {}
        Payload::Command { program, arguments } => {
            let words: Vec<String> = std::iter::once(program).chain(arguments).map(|w| format!("{w:?}")).collect();
            writeln!(written, "run {}", words.join(" ")).unwrap();
        }
        Payload::Query { text, values } => writeln!(written, "query {text}\nvalues {values:?}").unwrap(),
    }
    let query: Vec<String> = request.query.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    if request.payload == Payload::Http {
        writeln!(written, "{} {}{query} HTTP/1.1", request.http_method, request.path).unwrap();
        for (name, value) in &request.headers {
            writeln!(written, "{name}: {value}").unwrap();
        }
        writeln!(written, "\n{}", std::str::from_utf8(&request.body).unwrap()).unwrap();
    }
    written
}

/// How far what `sent` started is, answer by answer, and the answer with what it made.
fn progressed(folder: &Path, sent: &Request, answer: &Response) -> (String, Option<Response>) {
    let file = |name: &str| std::fs::read(folder.join(name)).ok().map(|text| response(&text));
    let mut out = String::new();
    let mut now = lro_status(sent, answer);
    for state in 1.. {
        match now {
            Err(error) => {
                out.push_str(&refusal(&error));
                return (out, None);
            }
            Ok(LroStatus::Immediate) => {
                out.push_str("done: the answer is all there is\n");
                return (out, Some(answer.clone()));
            }
            Ok(LroStatus::Finished { label, made }) => {
                writeln!(out, "finished: {label}").unwrap();
                return match made {
                    LroResult::None => (out + "made: nothing\n", None),
                    LroResult::Response(answer) => (out + "made: in the answer\n", Some(answer)),
                    LroResult::Request(request) => (out + "made: at\n" + &written(&request), file("made.http")),
                };
            }
            Ok(LroStatus::Running(waiting)) => {
                let after = waiting.retry_after.map(|wait| format!(" after {} s", wait.as_secs())).unwrap_or_default();
                write!(out, "pending: {}\nask{after}\n{}", waiting.label, written(&waiting.poll)).unwrap();
                let Some(state) = file(&format!("state_{state}.http")) else { return (out, None) };
                now = waiting.update(&state);
            }
        }
    }
    (out, None)
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

/// The cursor that an answer gives which says this: there is no other way to one. A number is how many pages of
/// one row were before.
fn cursor(call: &Call, said: &Json) -> Cursor {
    let method = call.operation().method();
    let plan = RowProjection::new(&call.operation().resource.types, &[], false);
    let get =
        |asked: Option<&Cursor>, response: Response| decode_page(call, &plan, asked, &response).unwrap().next.unwrap();
    let answer =
        |body: String, headers| Response { status: 200, body: Bytes::from(body), headers, ..Response::default() };
    let text = || said.as_str().unwrap().to_owned();
    match &method.paging.clone().unwrap().next {
        NextPage::Token { answer: ResponseLocation::Header(name), .. }
        | NextPage::Address { answer: ResponseLocation::Header(name), .. } => {
            let value = if name == "link" { format!("<{}>; rel=next", text()) } else { text() };
            get(None, answer(rows_of(&method.response, 1), vec![(name.clone(), value)]))
        }
        NextPage::Token { answer: ResponseLocation::Body(path), .. }
        | NextPage::Address { answer: ResponseLocation::Body(path), .. } => {
            let mut json = path.iter().rev().fold(said.clone(), |inside, name| json!({name: inside}));
            for sibling in &method.response.siblings {
                json[sibling].is_null().then(|| json[sibling] = Json::Null);
            }
            let xml = |text: String| path.iter().rev().fold(text, |inside, name| format!("<{name}>{inside}</{name}>"));
            let body = match method.response.format {
                BodyFormat::Json => json.to_string(),
                BodyFormat::Xml => format!("<R>{}</R>", xml(text())),
            };
            get(None, answer(body, Vec::new()))
        }
        NextPage::Cursor { .. } => unreachable!("what leads to such a page stands in before.http"),
        NextPage::Number { .. } | NextPage::Offset { .. } => {
            let turn =
                |asked: Option<Cursor>, _| Some(get(asked.as_ref(), answer(rows_of(&method.response, 1), Vec::new())));
            (0..said.as_u64().unwrap()).fold(None, turn).unwrap()
        }
    }
}

/// A JSON answer with so many empty rows.
fn rows_of(response: &ResponseShape, rows: usize) -> String {
    let rows = Json::from(vec![json!({}); rows]);
    response.rows.iter().rev().fold(rows, |inside, name| json!({name: inside})).to_string()
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
        let json = field.metadata().contains_key(RowProjection::FORMAT_KEY);
        format!("{} {}", field.name(), if json { "Json".to_owned() } else { field.data_type().to_string() })
    });
    let mut out = head.collect::<Vec<_>>().join(" | ") + "\n";
    for row in 0..page.rows.num_rows() {
        let cells: Vec<String> = columns.iter().map(|c| c.value(row).to_string().replace('\n', "\\n")).collect();
        writeln!(out, "{}", cells.join(" | ")).unwrap();
    }
    writeln!(out, "rows: {}", page.rows.num_rows()).unwrap();
    writeln!(out, "next: {}", page.next.as_ref().map_or("none", Cursor::as_str)).unwrap();
    if let Some(count) = page.count {
        writeln!(out, "of all: {count}").unwrap();
    }
    if page.truncated {
        writeln!(out, "cut off").unwrap();
    }
    writeln!(out, "request id: {}", page.request_id.as_deref().unwrap_or("none")).unwrap();
    out
}

fn refusal(error: &ResponseError) -> String {
    let mut out = format!("error: {error}\n");
    match error {
        ResponseError::Fault(fault) => {
            writeln!(out, "kind: {:?}\ncode: {}\nmessage: {}", fault.kind, fault.code, fault.message).unwrap();
            writeln!(out, "request id: {}", fault.request_id.as_deref().unwrap_or("none")).unwrap();
            writeln!(out, "hint: {}", fault.hint.as_deref().unwrap_or("none")).unwrap();
        }
        ResponseError::Malformed { .. } => out.push_str("kind: Unreadable\n"),
        ResponseError::Value { .. } => out.push_str("kind: Value\n"),
        _ => {}
    }
    out
}
