//! What a provider's definition marks as secret is in results and in nothing else; a script that SHOW INSERT INTO prints
//! sends what is filled in.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::endpoint::{Endpoint, response};
use crate::installed::{exec, installed};

const PROVIDER: &str = "id: dock
name: dock
version: v1.0.0
providerServices:
  yard: {title: Yard, service: {$ref: dock/v1.0.0/services/yard.yaml}}
";

const SERVICE: &str = "openapi: 3.0.3
info: {title: Yard, version: '1'}
servers: [{url: URL}]
paths:
  /crew:
    get: {responses: {'200': {content: {application/json: {schema: {type: object, properties: {
      items: {type: array, items: {$ref: '#/components/schemas/Sailor'}}}}}}}}}
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Sailor'}}}}
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Sailor'}}}}}
components:
  schemas:
    Sailor:
      type: object
      properties:
        id: {type: string, readOnly: true}
        name: {type: string}
        badge: {type: object, properties: {code: {type: string, format: password}, level: {type: integer}}}
        phrases: {type: array, items: {type: string, format: password}}
        label: {type: object, properties: {code: {type: string}}}
        ships: {type: array, items: {type: object, properties: {name: {type: string}, since: {type: integer}}}}
        notes: {type: object, additionalProperties: {type: string}}
        papers: {type: object, properties: {function: {type: string}, a-b: {type: integer}}}
  x-stackQL-resources:
    crew:
      name: crew
      methods:
        list: {operation: {$ref: '#/paths/~1crew/get'}, response: {mediaType: application/json, openAPIDocKey: '200', objectKey: $.items}}
        make: {operation: {$ref: '#/paths/~1crew/post'}, response: {mediaType: application/json, openAPIDocKey: '200'}}
      sqlVerbs:
        select: [{$ref: '#/components/x-stackQL-resources/crew/methods/list'}]
        insert: [{$ref: '#/components/x-stackQL-resources/crew/methods/make'}]
";

const SAILOR: &str = r#"{"id": "1", "name": "a", "badge": {"code": "hush", "level": 2}, "phrases": ["hush", "hush"], "label": {"code": "loud"}}"#;

/// A home with the provider installed, whose API answers.
struct Dock(tempfile::TempDir);

impl Dock {
    /// `expected` ends the requests that create something.
    fn open(expected: &'static str) -> Self {
        let endpoint = Endpoint::start(move |request| match request.starts_with("POST") {
            true => {
                assert!(request.ends_with(expected), "{request}");
                response("200 OK", SAILOR)
            }
            false => response("200 OK", &format!("{{\"items\": [{SAILOR}]}}")),
        });
        Self(installed("dock/v1.0.0", PROVIDER, ("yard.yaml", &SERVICE.replace("URL", &endpoint.url))))
    }

    fn run(&self, statement: &str, flags: &[&str]) -> Output {
        let run = exec(&self.0, flags).arg(statement).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{run:?}");
        run
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// All files below a folder as one text.
fn files(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| if path.is_dir() { files(&path) } else { text(&fs::read(path).unwrap()) }).collect()
}

#[test]
fn marked_secrets_are_in_no_log_archive_or_recording() {
    let dock = Dock::open("");
    let place = |name: &str| dock.0.path().join(name);
    let (har, record) = (place("calls.har"), place("recording"));
    let kept =
        ["--har", har.to_str().unwrap(), "--record", record.to_str().unwrap(), "--http.log.enabled", "-o", "csv"];
    let read = "SELECT name, badge, phrases, label FROM dock.yard.crew";
    let make = r#"INSERT INTO dock.yard.crew(data__name, data__badge) SELECT 'b', '{"code": "hush", "level": 1}' RETURNING badge"#;
    let calls = "SELECT request FROM system.calls WHERE provider = 'dock'";
    let run = dock.run(&format!("{read}; {make}; {calls}"), &kept);
    let (rows, told) = (text(&run.stdout), text(&run.stderr));
    let (result, logged) = rows.split_at(rows.find("request\n").unwrap());
    assert_eq!(result.matches("hush").count(), 4, "{rows}");
    for (what, written) in [
        ("log", told.as_str()),
        ("archive", &text(&fs::read(&har).unwrap())),
        ("recording", &files(&record)),
        ("calls", logged),
    ] {
        assert!(!written.contains("hush") && written.contains("****"), "{what}: {written}");
        assert!(what == "calls" || written.contains("loud"), "{what}: {written}");
    }
    let again = dock.run(read, &["--replay", record.to_str().unwrap(), "-o", "csv"]);
    let rows = "name,badge,phrases,label\na,\"{\"\"code\"\":\"\"****\"\",\"\"level\"\":2}\",\"[\"\"****\"\",\"\"****\"\"]\",\"{\"\"code\"\":\"\"loud\"\"}\"\n";
    assert_eq!(text(&again.stdout), rows);
}

#[test]
fn a_template_of_nested_values_runs_once_it_is_filled_in() {
    let dock = Dock::open(
        r#"{"badge":{"code":"c","level":3},"label":{"code":"l"},"name":"n","notes":{"k":"v"},"papers":{"a-b":5,"function":"f"},"phrases":["p"],"ships":[{"name":"s","since":1999}]}"#,
    );
    let shown = text(&dock.run("SHOW INSERT INTO dock.yard.crew", &["-o", "text", "-H"]).stdout);
    assert!(!shown.contains("data__id"), "{shown}");
    let values = [
        ("   code: << code >>,\n   level: << level >>", "   code: 'c',\n   level: 3"),
        ("   code: << code >>\n", "   code: 'l'\n"),
        ("<< data__name >>", "'n'"),
        ("<< data__notes[0].key >>: << data__notes[0].val >>", "k: 'v'"),
        ("<< data__phrases[0] >>", "'p'"),
        ("'a-b': << a-b >>,\n   'function': << function >>", "'a-b': 5,\n   'function': 'f'"),
        ("name: << name >>,\n     since: << since >>", "name: 's',\n     since: 1999"),
    ];
    let mut script = shown;
    for (placeholder, value) in values {
        assert_eq!(script.matches(placeholder).count(), 1, "{placeholder}: {script}");
        script = script.replace(placeholder, value);
    }
    assert!(!script.contains("<< "), "{script}");
    let run = dock.run(&script, &[]);
    assert!(text(&run.stderr).contains("The operation was despatched successfully"), "{run:?}");
}
