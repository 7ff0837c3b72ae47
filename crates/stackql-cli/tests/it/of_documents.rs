//! Documents of a provider on disk and an API on this machine: what depends on the environment, on what an answer leads
//! to, and on `--compat=stackql`.

use crate::endpoint::{Endpoint, response};
use crate::installed::{exec, installed};

const PROVIDER: &str = "id: other
name: other
version: v9
providerServices:
  yard: {title: Yard, service: {$ref: dock/v1.2.3/services/yard.yaml}}
  attic: {title: Attic, service: {$ref: dock/v1.2.3/services/attic.yaml}}
";

const SERVICE: &str = "openapi: 3.0.3
info: {title: Yard, version: '1'}
servers:
  - url: URL/{tier}
    variables: {tier: {x-stackQL-envVar: DOCK_TIER}}
paths:
  /crates:
    get: {responses: {'200': {content: {application/json: {schema: {type: object, properties: {
      items: {type: array, items: {type: object, properties: {name: {type: string}, open: {type: bool}}}}, nextLink: {type: string}}}}}}}}
  '/tags?kind=x':
    get: {responses: {'200': {content: {text/xml: {schema: {type: object, properties: {
      item: {type: array, items: {type: object, properties: {name: {type: string}, tags: {type: array, items: {type: string}}, lid: {type: object, properties: {colour: {type: string}}}}}}}}}}}}}
components:
  x-stackQL-resources:
    crates:
      name: crates
      methods: {list: {operation: {$ref: '#/paths/~1crates/get'}, response: {mediaType: application/json, openAPIDocKey: '200', objectKey: $.items}}}
      sqlVerbs: {select: [{$ref: '#/components/x-stackQL-resources/crates/methods/list'}]}
    tags:
      name: tags
      methods: {list: {operation: {$ref: '#/paths/~1tags?kind=x/get'}, response: {mediaType: text/xml, openAPIDocKey: '200', objectKey: /*/item}}}
      sqlVerbs: {select: [{$ref: '#/components/x-stackQL-resources/tags/methods/list'}]}
";

/// What a statement comes to: standard output, standard error and the exit code.
fn output(statement: &str, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let endpoint = Endpoint::start(|request| {
        let path = request.split(' ').nth(1).unwrap_or_default();
        match path {
            "/gold/crates" => response(
                "200 OK",
                r#"{"items": [{"open": true, "name": "a"}], "nextLink": "https://elsewhere.example/crates?page=2"}"#,
            ),
            "/gold/tags?kind=x" => response(
                "200 OK",
                "<R><item><name>a</name><tags><t>k</t> <t>v&amp;w</t></tags><lid><colour>red</colour></lid></item>\
                 <item><name>b</name><tags/><lid/></item></R>",
            ),
            other => response("404 Not Found", &format!("{{\"message\": \"no {other}\"}}")),
        }
    });
    let home = installed("dock/v1.2.3", PROVIDER, ("yard.yaml", &SERVICE.replace("URL", &endpoint.url)));
    let run = exec(&home, flags).args(["-o", "csv", statement]).envs(variables.iter().copied()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&endpoint.url, "URL");
    format!("{}{}exit {}", text(run.stdout), text(run.stderr), run.status.code().unwrap())
}

const GOLD: [(&str, &str); 1] = [("DOCK_TIER", "gold")];
const COMPAT: &str = "--compat=stackql";

/// Where nothing says that an answer's link is the next page, one to another server is not the end of the statement.
#[test]
fn a_guessed_page_on_another_server_leaves_the_rows_that_came() {
    let statement = "SELECT name, open FROM dock.yard.crates";
    let found = output(statement, &[], &GOLD);
    assert!(found.starts_with("name,open\na,1\n") && found.ends_with("exit 3"), "{found}");
    let line =
        "dock.yard.crates: stopped after 1 page: the answer leads to https://elsewhere.example, and only URL is asked";
    assert!(found.contains(line), "{found}");
    assert_eq!(output(statement, &[COMPAT], &GOLD), "name,open\na,1\nexit 0");
}

#[test]
fn a_variable_of_a_server_is_asked_for_while_the_environment_has_none() {
    let methods = "SHOW METHODS IN dock.yard.crates";
    assert_eq!(output(methods, &[], &[]), "MethodName,RequiredParams,SQLVerb\nlist,tier,SELECT\nexit 0");
    assert_eq!(output(methods, &[], &GOLD), "MethodName,RequiredParams,SQLVerb\nlist,,SELECT\nexit 0");
    let statement = "SELECT name FROM dock.yard.tags ORDER BY name";
    let found = output(statement, &[], &[]);
    assert!(found.contains("cannot find any viable servers: ") && found.contains("DOCK_TIER"), "{found}");
    assert_eq!(output(statement, &[], &GOLD), "name\na\nb\nexit 0");
    // What the statement says counts before it.
    let stated = "SELECT name FROM dock.yard.tags WHERE tier = 'gold' ORDER BY name";
    assert_eq!(output(stated, &[], &[("DOCK_TIER", "tin")]), "name\na\nb\nexit 0");
}

#[test]
fn nested_elements_are_their_text_for_the_go_programs_users() {
    let statement = "SELECT name, tags, lid FROM dock.yard.tags ORDER BY name";
    let own = "name,tags,lid\na,\"[\"\"k\"\",\"\"v&w\"\"]\",\"{\"\"colour\"\":\"\"red\"\"}\"\nb,[],{}\nexit 0";
    assert_eq!(output(statement, &[], &GOLD), own);
    assert_eq!(output(statement, &[COMPAT], &GOLD), "name,tags,lid\na,k v&w,red\nb,,\nexit 0");
}

/// The folder says what a provider is called and which version it is; a service without its document is its own trouble.
#[test]
fn a_provider_is_called_as_its_folder_and_read_as_far_as_it_is_there() {
    assert_eq!(output("SHOW PROVIDERS", &[], &[]), "name,version\ndock,v1.2.3\nexit 0");
    let also = "name,version\ndock,v1.2.3\nstackql_preview,internal\nexit 0";
    assert_eq!(output("SHOW PROVIDERS", &[COMPAT], &[]), also);
    let services = "id,name,title\nattic,attic,Attic\nyard,yard,Yard\nexit 0";
    assert_eq!(output("SHOW SERVICES IN dock", &[], &[]), services);
    let set = "SET SESSION \"$.auth.dock.type\" = 'null_auth'; SELECT name FROM dock.yard.tags ORDER BY name LIMIT 1";
    assert!(output(set, &[], &GOLD).ends_with("name\na\nOK\nexit 0"), "{}", output(set, &[], &GOLD));
    let missing = output("SHOW RESOURCES IN dock.attic", &[], &[]);
    assert!(missing.contains("dock/v1.2.3/services/attic.yaml: cannot be read"), "{missing}");
}

#[test]
fn a_context_need_not_say_its_type() {
    let statement = "SELECT name FROM dock.yard.tags ORDER BY name LIMIT 1";
    let with = |contexts: &str| output(statement, &["--auth", contexts], &GOLD);
    assert_eq!(with(r#"{"google": {"credentialsfilepath": "/nowhere.json"}}"#), "name\na\nexit 0");
    assert_eq!(with(r#"{"dock": {"credentialsfilepath": "/nowhere.json"}}"#), "name\na\nexit 0");
    // A key that is none may be the type, misspelt.
    let misspelt = with(r#"{"dock": {"typ": "basic"}}"#);
    assert!(misspelt.contains("has the key 'typ', which is not known"), "{misspelt}");
}

#[test]
fn the_log_of_calls_has_the_whole_address_and_the_rows() {
    let crates = output("SELECT name FROM dock.yard.crates", &["--http.log.enabled", COMPAT], &GOLD);
    let rows = "processed http response body object: [\n  {\n    \"name\": \"a\",\n    \"open\": true\n  }\n]\n";
    assert!(crates.contains("http request url: 'URL/gold/crates', method: 'GET'\n"), "{crates}");
    assert!(crates.contains(rows), "{crates}");
    let tags = output("SELECT name FROM dock.yard.tags", &["--http.log.enabled"], &GOLD);
    assert!(tags.contains("http request url: 'URL/gold/tags?kind=x', method: 'GET'\n"), "{tags}");
    assert!(!tags.contains("processed"), "{tags}");
}
