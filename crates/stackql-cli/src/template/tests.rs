use std::path::PathBuf;

use super::*;
use crate::args::groups::Variables;

fn flags(variables: &[(&str, &str)]) -> Templates {
    Templates {
        iqldata: None,
        variables: vec![Variables(variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())],
        configfile: PathBuf::new(),
        env_file: PathBuf::new(),
    }
}

fn fill(script: &str) -> String {
    render(script, &flags(&[("project", "p-1"), ("zone", "a"), ("zone", "b")]))
        .unwrap_or_else(|stop| format!("! {stop}"))
}

#[test]
fn data_in_front_fills_the_script() {
    let cases = [
        // No data: what looks like a template is none.
        ("SELECT '{{ .x }}', '<<<'", "SELECT '{{ .x }}', '<<<'"),
        (r#"<<<json {"values": {"x": 1}} >>> SELECT {{ .values.x }}"#, "SELECT 1"),
        ("<<<jsonnet\n{ values: { x: 1 + 1, y:: 3 } }\n>>>\nSELECT {{ .values.x }};\n", "SELECT 2;"),
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
fn lists_and_maps_of_the_data_are_printed_as_json() {
    let data = r#"<<<json {"d": [{"boot": true, "n": null}], "t": ["a"], "m": {"b": [1, 2], "a": "x"}, "s": "it"} >>>"#;
    let cases = [
        ("{{ .d }}", r#"[{"boot":true,"n":null}]"#),
        ("{{ .t }} {{ .s }}", r#"["a"] it"#),
        ("{{ .m.b }} {{ .m }}", r#"[1,2] {"a":"x","b":[1,2]}"#),
        ("{{ range .d }}{{ . }}{{ end }}", r#"{"boot":true,"n":null}"#),
        ("{{ range $k, $v := .m }}{{ $k }}={{ $v }};{{ end }}", "a=x;b=[1,2];"),
        ("{{ index .d 0 }} {{ (index .d 0).boot }} {{ (index .d 0).n }}", r#"{"boot":true,"n":null} true <no value>"#),
        (r#"{{ printf "%s, %v" .t .m.b }}"#, r#"["a"], [1,2]"#),
        (r#"{{ .t | printf "%q" }}"#, r#""[\"a\"]""#),
        (
            "{{ print .t }} {{ .m.b | print }} {{ html .m }}",
            r#"["a"] [1,2] {&#34;a&#34;:&#34;x&#34;,&#34;b&#34;:[1,2]}"#,
        ),
        ("{{ with .m }}{{ . }}{{ end }}{{ $x := .t }}{{ $x }}", r#"{"a":"x","b":[1,2]}["a"]"#),
        (r#"{{ define "p" }}{{ . }}{{ end }}{{ template "p" .t }}"#, r#"["a"]"#),
        // What is not printed is a list still.
        ("{{ len .t }} {{ slice .m.b 1 }} {{ eq (kindOf .m.b) \"slice\" }} {{ toJson .t }}", r#"1 [2] true ["a"]"#),
    ];
    for (script, expect) in cases {
        assert_eq!(fill(&format!("{data}{script}")), expect, "{script}");
    }
}

#[test]
fn data_may_stand_anywhere_in_a_script() {
    let cases = [
        ("-- c\n<<<json {\"a\":\"7\"} >>>\nSELECT '{{ .a }}'", "-- c\n\nSELECT '7'"),
        ("/* it's */ <<<json {\"a\":\"7\"} >>> SELECT '{{ .a }}'", "/* it's */  SELECT '7'"),
        ("SELECT '{{ .a }}';\n<<<json {\"a\":\"7\"} >>>\n", "SELECT '7';"),
        ("SELECT '{{ .a }}'; <<<jsonnet {a: 'it' + 1} >>> SELECT 2", "SELECT 'it1';  SELECT 2"),
        // Several are merged; of a name that several have, the last one counts.
        ("<<<json {\"a\": 1, \"b\": 1} >>> <<<jsonnet {b: 2} >>>SELECT {{ .a }}, {{ .b }}", "SELECT 1, 2"),
        ("<<<{a: 1}>>>SELECT {{ .a }} <<<{b: 2}>>> + {{ .b }}", "SELECT 1  + 2"),
        // In texts and comments none stands.
        ("SELECT '<<<json {} >>>'", "SELECT '<<<json {} >>>'"),
        ("SELECT 1 -- <<<json {} >>>", "SELECT 1 -- <<<json {} >>>"),
        ("SELECT '{{ .x }}' /* <<<json {} >>> */", "SELECT '{{ .x }}' /* <<<json {} >>> */"),
        ("\n  SELECT 1;\n\n", "SELECT 1;"),
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
        "SELECT 1;\n<<<json {}",
        "<<<>>> SELECT 1",
        "<<<json [1] >>> <<<json {} >>> SELECT 1",
        "SELECT 1;\n<<<json {\"a\": 1} >>>\nSELECT 1; <<<json\n{\"a\": } >>>",
        "-- c\n<<<json\n{} >>> SELECT\n {{ nosuch }}",
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
