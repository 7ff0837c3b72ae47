use std::path::PathBuf;

use super::*;
use crate::arguments::Variables;

fn flags(variables: &[(&str, &str)]) -> Templates {
    Templates {
        iqldata: None,
        variables: vec![Variables(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())],
        configfile: PathBuf::new(),
        env_file: PathBuf::new(),
    }
}

fn fill(script: &str) -> String {
    filled(script.to_owned(), &flags(&[("project", "p-1"), ("zone", "a"), ("zone", "b")]))
        .unwrap_or_else(|stop| format!("! {stop}"))
}

#[test]
fn data_in_front_fills_the_script() {
    let cases = [
        // No data: what looks like a template is none.
        ("SELECT '{{ .x }}', '<<<'", "SELECT '{{ .x }}', '<<<'"),
        (r#"<<<json {"values": {"x": 1}} >>> SELECT {{ .values.x }}"#, "SELECT 1"),
        ("<<<jsonnet\n{ values: { x: 1 + 1, y:: 3 } }\n>>>\nSELECT {{ .values.x }};\n", "SELECT 2;\n"),
        ("\n<<< {x: 'it'} >>>SELECT '{{.x}}'", "SELECT 'it'"),
        // Whole numbers stay whole, and fractions short.
        (r#"<<<json {"a": 123456789012, "b": 0.5} >>>SELECT {{.a}}, {{.b}}"#, "SELECT 123456789012, 0.5"),
        ("<<<jsonnet {a: 123456789012} >>>SELECT {{.a}}", "SELECT 123456789012"),
        (
            "<<<jsonnet {l: ['a', 'b']} >>>SELECT {{range $i, $e := .l}}{{if $i}}, {{end}}'{{$e}}'{{end}}",
            "SELECT 'a', 'b'",
        ),
        ("<<<json {} >>>SELECT '{{ .nothing }}'", "SELECT '<no value>'"),
        ("<<<jsonnet {p: std.extVar('project'), z: std.extVar('zone')} >>>{{.p}} {{.z}}", "p-1 b"),
        (r#"<<<json {"b": true, "n": null} >>>{{if .b}}yes{{else}}no{{end}}{{if .n}}yes{{else}}no{{end}}"#, "yesno"),
        (r#"<<<json {"o": {"k": [1]}} >>>{{toJson .o}}"#, r#"{"k":[1]}"#),
    ];
    for (script, expect) in cases {
        assert_eq!(fill(script), expect, "{script}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let scripts = [
        "<<<json {\"a\": } >>> SELECT 1",
        "<<<json\n{\n  \"a\": 1,\n}\n>>>\nSELECT 1",
        "<<<yaml a: 1 >>> SELECT 1",
        "<<<json {} SELECT 1",
        "<<<jsonnet {a: } >>> SELECT 1",
        "<<<jsonnet {a: 1 >>> SELECT 1",
        "<<<jsonnet\n{ a: 'x\n>>>\nSELECT 1",
        "<<<jsonnet\nlocal x = 1;\n{ a: y }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: 1, b: self.c }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: std.extVar('nosuch') }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: import '/etc/passwd' }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: importstr '/etc/passwd' }\n>>>\nSELECT 1",
        "<<<jsonnet\nlocal f(x) = f(x + 1); { a: f(1) }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: 1 / 0, b: {} - 1 }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: {} - 1 }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: std.length(1) }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: error 'no zone' }\n>>>\nSELECT 1",
        "<<<jsonnet\n{ a: function(x) x }\n>>>\nSELECT 1",
        // What would take all memory.
        "<<<jsonnet { a: std.repeat('x', 1e12) } >>> SELECT 1",
        "<<<jsonnet { a: std.repeat('x', 7e7) } >>> SELECT 1",
        "<<<jsonnet local a = [a]; { a: a } >>> SELECT 1",
        "<<<json {} >>>\nSELECT\n  {{ .a | nosuch }}",
        "<<<json {\"a\": 1} >>>\nSELECT\n  {{ range .a }} 1",
        "<<<json {} >>> SELECT {{ 1 }} {{end}}",
        "<<<json {} >>> SELECT {{ 1",
        "<<<json {\"a\": 1} >>>\nSELECT {{ .a.b.c }}",
        "<<<json {\"a\": \"x\"} >>> SELECT {{ index .a \"b\" }}",
    ];
    insta::assert_snapshot!(scripts.map(|script| format!("{script}\n{}\n", fill(script))).join("\n"));
}
