//! What templates do: the language against what Go's `text/template` is known to do, the functions, the limits.

use proptest::prelude::*;
use serde_json::json;

use super::meter::Budget;
use super::{Transform, TransformError};
use crate::transform::meter::TransformLimit;

const JSON: &str = "golang_template_json_v0.3.0";
const XML: &str = "golang_template_mxj_v0.3.0";
const TEXT: &str = "golang_template_text_v0.3.0";

/// What a template writes for an answer.
fn rendered(kind: &str, template: &str, answer: &str) -> String {
    let written = Transform::compile(kind, template).and_then(|transform| transform.render(answer.as_bytes()));
    written.unwrap_or_else(|error| format!("error: {error}"))
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let answer = r#"{"name": "x", "n": 3, "f": 1.5, "yes": true, "none": null, "empty": [], "s": "héllo <b>",
        "list": ["a", "b", "c"], "map": {"b": 2, "a": 1}, "deep": {"list": [{"k": "v"}]}}"#;
    assert_eq!(rendered(JSON, template, answer), expected, "{template}");
}

#[test]
fn values_print_as_in_go() {
    check("{{.name}} {{.n}} {{.f}} {{.yes}}", "x 3 1.5 true");
    check("{{.absent}}|{{.none}}|{{.absent.below}}", "<no value>|<no value>|<no value>");
    check("{{.list}} {{.map}} {{.empty}}", "[a b c] map[a:1 b:2] []");
    check(
        "{{42}} {{0x10}} {{1_000}} {{'a'}} {{1.5}} {{\"q\\\"\"}} {{`raw\\n`}} {{true}}",
        "42 16 1000 97 1.5 q\" raw\\n true",
    );
    check("{{.deep.list}}", "[map[k:v]]");
    check("{{$.name}}{{with .deep}}{{$.name}}{{end}}", "xx");
}

#[test]
fn white_space_is_trimmed_at_marks() {
    check("a {{- .name -}} b", "axb");
    check("a \n\t {{- .name}} b", "ax b");
    check("{{.n -}}  \n c", "3c");
    check("{{/* a comment */}}a{{- /* another */ -}} b", "ab");
    check("{{-3}}", "-3");
}

#[test]
fn branches() {
    check("{{if .yes}}a{{else}}b{{end}}{{if .empty}}a{{else if eq .n 3}}c{{else}}b{{end}}", "ac");
    check("{{if .none}}a{{end}}{{if .absent}}b{{end}}{{if 0}}c{{end}}{{if \"\"}}d{{end}}", "");
    check("{{with .map}}{{.a}}{{end}}{{with .none}}a{{else}}b{{end}}", "1b");
    check("{{with $x := .n}}{{$x}}{{end}}{{if $y := .name}}{{$y}}{{end}}", "3x");
    check("{{with .none}}a{{else with .map}}{{.b}}{{end}}", "2");
}

#[test]
fn loops() {
    check("{{range .list}}{{.}},{{end}}", "a,b,c,");
    check("{{range $i, $e := .list}}{{if $i}},{{end}}{{$i}}={{$e}}{{end}}", "0=a,1=b,2=c");
    check("{{range $e := .list}}{{$e}}{{end}}", "abc");
    check("{{range $k, $v := .map}}{{$k}}{{$v}}{{end}}", "a1b2");
    check("{{range .empty}}a{{else}}none{{end}}{{range .none}}a{{else}}nil{{end}}", "nonenil");
    check("{{range .list}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac");
    check("{{range .list}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a");
    check("{{range 3}}{{.}}{{end}}", "012");
    check("{{range .name}}{{end}}", "error: the template fails at line 1, column 3: cannot range over string");
}

#[test]
fn variables_belong_to_their_block() {
    check("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21");
    check("{{$x := 1}}{{if true}}{{$x = 2}}{{$x}}{{end}}{{$x}}", "22");
    check("{{$sep := \"\"}}{{range .list}}{{$sep}}{{.}}{{$sep = \",\"}}{{end}}", "a,b,c");
    check("{{$l := 0}}{{range $i, $_ := .list}}{{$l = $i}}{{end}}{{$l}}", "2");
    check(
        "{{if true}}{{$x := 1}}{{end}}{{$x}}",
        "error: the template cannot be read at line 1, column 32: undefined variable \"$x\"",
    );
    check("{{$x = 1}}", "error: the template cannot be read at line 1, column 3: undefined variable \"$x\"");
    check("{{$x := .deep}}{{$x.list}}{{(index $x.list 0).k}}", "[map[k:v]]v");
}

#[test]
fn pipelines_give_the_last_argument() {
    check("{{.name | printf \"%s-%s\" \"a\"}}", "a-x");
    check("{{.list | len | printf \"%03d\"}}", "003");
    check("{{printf \"%d\" (len .map)}}", "2");
    check("{{printf \"%.0f %5.1f%% %s\" .n .f .name}}|{{.n | printf \"%s %.2f\" .name}}", "3   1.5% x|x 3.00");
    check("{{\"%v\" | printf}}", "%!v(MISSING)");
    check(
        "{{.name | 3}}",
        "error: the template fails at line 1, column 3: can't give argument to non-function <number>",
    );
}

#[test]
fn functions_of_go() {
    check(
        "{{printf \"%s %q %v %d %5.2f %t %x %%\" .name .name .map .n .f .yes \"hi\"}}",
        "x \"x\" map[a:1 b:2] 3  1.50 true 6869 %",
    );
    check("{{printf \"%q\" \"a\\\"b\\n\"}}", "\"a\\\"b\\n\"");
    check("{{printf \"%-4s|%4s|%04d\" \"a\" \"b\" 7}}", "a   |   b|0007");
    check("{{print 1 2 \"a\" 3}}|{{println \"a\" 1}}", "1 2a3|a 1\n");
    check(
        "{{index .list 1}} {{index .map \"a\"}} {{index .deep \"list\" 0 \"k\"}} {{index .map \"z\"}}",
        "b 1 v <no value>",
    );
    check("{{index .list 3}}", "error: the template fails at line 1, column 3: index out of range: 3");
    check("{{index .none \"a\"}}", "error: the template fails at line 1, column 3: index of untyped nil");
    check("{{len .list}} {{len .s}} {{slice .list 1}} {{slice .name 0 1}}", "3 10 [b c] x");
    check("{{not .yes}} {{and .yes .n}} {{or .none .name}} {{and .none (index .list 9)}}", "false 3 x <no value>");
    check(
        "{{eq .n 3}} {{eq .name \"a\" \"x\"}} {{ne .n 3}} {{lt 1 2}} {{le 2 2}} {{gt .f 1.0}} {{ge \"b\" \"a\"}}",
        "true true false true true true true",
    );
    check("{{eq .none nil}} {{eq .n nil}} {{eq .n 3.0}} {{gt .f 1}}", "true false true true");
    check(
        "{{eq .n \"3\"}}",
        "error: the template fails at line 1, column 3: incompatible types for comparison: int and string",
    );
    check("{{html .s}} {{urlquery .s}} {{js \"a'b\"}}", "héllo &lt;b&gt; h%C3%A9llo+%3Cb%3E a\\'b");
}

#[test]
fn templates_call_templates() {
    check("{{define \"t\"}}<{{.}}>{{end}}{{template \"t\" .name}}{{template \"t\" .n}}", "<x><3>");
    check("{{block \"b\" .name}}[{{.}}]{{end}}", "[x]");
    check("{{$x := 1}}{{define \"t\"}}{{$}}{{end}}{{template \"t\"}}", "<no value>");
    check(
        "{{define \"t\"}}{{$x}}{{end}}{{$x := 1}}",
        "error: the template cannot be read at line 1, column 17: undefined variable \"$x\"",
    );
    check("{{template \"absent\"}}", "error: the template fails at line 1, column 3: undefined template: absent");
    check(
        "{{define \"t\"}}a{{end}}{{define \"t\"}}b{{end}}",
        "error: the template cannot be read at line 1, column 25: multiple definition of template \"t\"",
    );
}

#[test]
fn functions_of_documents() {
    check("{{$s := separator \", \"}}{{range .list}}{{call $s}}{{.}}{{end}}", "a, b, c");
    check(
        "{{toJson .}}",
        r#"{"deep":{"list":[{"k":"v"}]},"empty":[],"f":1.5,"list":["a","b","c"],"map":{"a":1,"b":2},"n":3,"name":"x","none":null,"s":"héllo <b>","yes":true}"#,
    );
    check(
        "{{kindOf .map}} {{kindOf .list}} {{kindOf .name}} {{kindOf .n}} {{kindOf .f}} {{kindOf .yes}} {{kindOf .none}}",
        "map slice string float64 float64 bool invalid",
    );
    check(
        "{{plus1 .n}} {{toInt \"12\"}} {{toInt .f}} {{toInt .none}} {{toBool \"true\"}} {{toBool \"\"}} {{toBool .n}}",
        "4 12 1 0 true false true",
    );
    check("{{toInt .name}}", "error: the template fails at line 1, column 3: toInt cannot read 'x'");
    check(
        "{{safeIndex .deep \"list\" 0 \"k\"}} {{safeIndex .deep \"absent\" 7}} {{safeIndex .list 9}}",
        "v <no value> <no value>",
    );
    check("{{(jsonMapFromString `{\"a\": {\"b\": [1]}}`).a.b}}", "[1]");
    check(
        "{{jsonMapFromString `[1]`}}",
        "error: the template fails at line 1, column 3: jsonMapFromString takes the text of an object",
    );
    check(
        r#"{{getRegexpFirstMatch "key: 12 bit, 13 bit" "([0-9]+) bit"}}|{{getRegexpFirstMatch "a1" "[0-9]"}}|{{getRegexpFirstMatch "a" "b"}}"#,
        "12|1|",
    );
    check(r#"{{getRegexpAllMatches "12 bit, 13 bit" "(?P<n>[0-9]+) bit"}}"#, "[12 13]");
    check(
        r#"{{getRegexpFirstMatch "a" "("}}"#,
        "error: the template fails at line 1, column 3: the pattern cannot be read: error: unclosed group",
    );
}

#[test]
fn functions_come_with_versions() {
    let error = "error: the template cannot be read at line 2, column 3: function \"toJson\" is not defined in this template type";
    assert_eq!(rendered("golang_template_json_v0.1.0", "\n{{toJson .}}", "{}"), error);
    assert_eq!(rendered("golang_template_json_v0.2.0", "{{toJson .}}", "{}"), "{}");
    for absent in ["env", "readFile", "exec", "include", "(arrive)"] {
        let written = rendered(JSON, &format!("{{{{{absent} \"HOME\"}}}}"), "{}");
        assert!(written.starts_with("error: the template cannot be read"), "{absent}: {written}");
    }
}

#[test]
fn types_by_name() {
    for (kind, expected) in [
        ("golang_template_v0.1.0", "map[a:1]"),
        ("golang_template_v0.3.0", "map[a:1]"),
        ("golang_template_text_v0.1.0", "{\"a\": 1}"),
        ("golang_template_json_v0.2.0", "map[a:1]"),
        ("golang_template_yaml_v0.1.0", "error: unsupported template type: golang_template_yaml_v0.1.0"),
        ("golang_template_json_v0.9.0", "error: unsupported template type: golang_template_json_v0.9.0"),
        ("golang_template_jsonv0.1.0", "error: unsupported template type: golang_template_jsonv0.1.0"),
        ("golang_template__v0.1.0", "error: unsupported template type: golang_template__v0.1.0"),
        ("jsonnet", "error: unsupported template type: jsonnet"),
        ("", "error: unsupported template type: "),
    ] {
        assert_eq!(rendered(kind, "{{.}}", "{\"a\": 1}"), expected, "{kind}");
    }
    assert_eq!(rendered("golang_template_v0.3.0", "{{.}}", "plain"), "plain");
}

#[test]
fn xml_becomes_a_map() {
    let check = |xml: &str, expected: &str| assert_eq!(rendered(XML, "{{toJson .}}", xml), expected, "{xml}");
    check("<a/>", r#"{"a":""}"#);
    check("<?xml version=\"1.0\"?>\n<a> 1 </a>", r#"{"a":1}"#);
    check("<a x='1'>t</a>", r##"{"a":{"#text":"t","-x":1}}"##);
    check("<n:a xmlns:n='u' n:y='&lt;'/>", r#"{"a":{"-n":"u","-y":"<"}}"#);
    check(
        "<a><b>1</b><c/><b>2</b><b><d>x &amp; <![CDATA[<y>]]></d></b></a>",
        r#"{"a":{"b":[1,2,{"d":"x & <y>"}],"c":""}}"#,
    );
    check("<a>s<b/>t</a>", r##"{"a":{"#text":"s","b":""}}"##);
    // Leaves that read as numbers or truths are such, but for numbers with needless zeros.
    check(
        "<a n=\"7\"><b>10</b><c>-1.50</c><d>true</d><e>False</e><f>007</f><g>1 2</g><h>nan</h><i>-</i><j>1e400</j><k>18446744073709551615</k><l>truth</l></a>",
        r#"{"a":{"-n":7,"b":10,"c":-1.5,"d":true,"e":false,"f":"007","g":"1 2","h":"nan","i":"-","j":"1e400","k":18446744073709551615,"l":"truth"}}"#,
    );
    check(
        "<a><b></a>",
        "error: the answer cannot be read as XML at byte 6: not well-formed XML: ill-formed document: expected `</b>`, but `</a>` was found",
    );
    check("<a>", "error: the answer cannot be read as XML at byte 3: it ends in the middle");
    check("", "error: the answer cannot be read as XML at byte 0: no element");
    check(
        "<!DOCTYPE a><a/>",
        "error: the answer cannot be read as XML at byte 0: a document type declaration, which is refused",
    );
    check("<a>&x;</a>", "error: the answer cannot be read as XML at byte 3: the unknown entity &x;");
    let deepest = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    assert_eq!(rendered(XML, "{{toJson .}}", &deepest).matches('{').count(), 100);
    assert_eq!(rendered(TEXT, "{{len (getXPathAllOuter . `//a`)}}", &deepest), "100");
    let deep = "<a>".repeat(200);
    check(&deep, "error: the answer cannot be read as XML at byte 300: nested too deeply");
}

#[test]
fn paths_into_xml() {
    let xml = "<r><i id='1'><n>a</n></i><i id='2'><n>b</n><n>c</n></i><x><i><n>d</n></i></x></r>";
    let first = |path: &str| rendered(TEXT, &format!("{{{{getXPath . \"{path}\"}}}}"), xml);
    for (path, expected) in [
        ("/r/i/n", "a"),
        ("r/i[2]/n", "b"),
        ("//n[last()]", "a"),
        ("/r/i[@id='2']/n[2]", "c"),
        ("/r/i[n='c']/@id", "2"),
        ("/r/*[n]/n/text()", "a"),
        ("//x//n", "d"),
        ("/*/x", "d"),
        ("//@id", "1"),
        ("/r/absent", ""),
        ("//n[.='d']", "d"),
        ("./r/x/i", "d"),
    ] {
        assert_eq!(first(path), expected, "{path}");
    }
    for path in
        ["", "/r/", "count(//n)", "/r/i[position()<3]", "/r/../x", "ancestor::a", "/r/i[", "/r/@id/n", "//.", "a | b"]
    {
        let written = first(path);
        assert!(written.contains("is no path this reads"), "{path}: {written}");
    }
    let all = |path: &str| rendered(TEXT, &format!("{{{{toJson (getXPathAllOuter . \"{path}\")}}}}"), xml);
    assert_eq!(all("//n"), r#"["<n>a</n>","<n>b</n>","<n>c</n>","<n>d</n>"]"#);
    assert_eq!(all("/r/i[1]"), r#"["<i id='1'><n>a</n></i>"]"#);
    assert_eq!(all("//*//n"), all("//n"));
    assert_eq!(all("/absent"), "[]");
}

#[test]
fn numbers_keep_their_digits() {
    let answer = r#"{"id": 9007199254740993, "big": 18446744073709551615, "million": 1000000, "f": 0.1}"#;
    assert_eq!(
        rendered(JSON, "{{.id}} {{.big}} {{.million}} {{toJson .}}", answer),
        r#"9007199254740993 18446744073709551615 1000000 {"big":18446744073709551615,"f":0.1,"id":9007199254740993,"million":1000000}"#
    );
}

#[test]
fn texts_need_not_be_unicode() {
    let transform = Transform::compile(TEXT, "[{\"contents\": {{toJson .}}}]").unwrap();
    assert_eq!(transform.apply(b"a\xff\"b").unwrap(), json!([{"contents": "a\u{fffd}\"b"}]));
}

#[test]
fn errors_say_where() {
    let compile = |template: &str| Transform::compile(JSON, template).unwrap_err().to_string();
    assert_eq!(compile("a\n{{if}}"), "the template cannot be read at line 2, column 7: empty command");
    assert_eq!(compile("{{.a"), "the template cannot be read at line 1, column 5: unclosed action");
    for (template, expected) in [
        ("a\n{{end}} b", "line 2, column 1: unexpected {{end}}"),
        ("{{- else -}} b", "line 1, column 1: unexpected {{else}}"),
        (
            "{{if .a}}{{end}}\n {{range .a}} b {{if .c}}{{else if .d}}{{end}}",
            "line 2, column 2: {{range}} has no {{end}}",
        ),
        ("{{define \"x\"}}", "line 1, column 1: {{define}} has no {{end}}"),
    ] {
        assert_eq!(compile(template), format!("the template cannot be read at {expected}"));
    }
    check(r#"{{/* {{if}} */}}{{"{{if}}"}}{{if true}}{{else}}{{end}}"#, "{{if}}");
    let apply = |template: &str, answer: &str| {
        Transform::compile(JSON, template).unwrap().apply(answer.as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(
        apply("{\n \"a\": {{.a}}\n}", "{}"),
        "the template wrote no JSON: line 2, column 7 of its output, near ' \"a\": <no value>': expected value"
    );
    assert_eq!(
        apply("{{if true}}\n  {{range .a}}\n    {{index . 5}}{{end}}{{end}}", r#"{"a": [[1]]}"#),
        "the template fails at line 3, column 7: index out of range: 5"
    );
    assert_eq!(apply("", "{\n\"a\": }"), "the answer cannot be read as JSON at byte 7: expected value");
    assert_eq!(
        apply("", "{}"),
        "the template wrote no JSON: line 1, column 1 of its output, near '': EOF while parsing a value"
    );
}

#[test]
fn braces_before_actions_are_text() {
    check("[{{{- if .yes}} \"a\": 1 {{- end}}}]", "[{ \"a\": 1}]");
    check("{{{{.n}}}}", "{{3}}");
    check("{{/* {{{ */}}{{\"{{{\"}}{{`}}`}}", "{{{}}");
    check(
        "é{{{absent}}",
        "error: the template cannot be read at line 1, column 5: function \"absent\" is not defined in this template type",
    );
    check(
        "{{{.n}}\n{{{.n}} {{{index .list 9}}",
        "error: the template fails at line 2, column 12: index out of range: 9",
    );
    check("{{{", "error: the template cannot be read at line 1, column 4: unclosed action");
}

#[test]
fn templates_are_stopped() {
    let stopped = |template: &str| {
        let allowance = Budget { work: 1 << 20, output: 1 << 12 };
        let transform = Transform::compile(JSON, template).unwrap();
        match transform.run(gotmpl::Value::Nil, allowance) {
            Err(TransformError::Stopped { limit, .. }) => limit,
            other => panic!("{template}: {other:?}"),
        }
    };
    for (template, limit) in [
        ("{{range 1000000000}}{{end}}", TransformLimit::Work),
        ("{{range 1000000000}}x{{end}}", TransformLimit::Output),
        ("{{$s := \"xxxxxxxx\"}}{{range 64}}{{$s = print $s $s}}{{end}}", TransformLimit::Work),
        ("{{$s := \"xxxxxxxx\"}}{{range 64}}{{$s = $s | printf \"%f%f\" $s}}{{end}}", TransformLimit::Work),
        ("{{$s := \"xxxxxxxx\"}}{{range 64}}{{$s = printf \"%s%s\" $s $s}}{{end}}", TransformLimit::Work),
        ("{{$s := \"xxxxxxxx\"}}{{range 64}}{{$s = $s | printf \"%s%[1]s%[1]s\"}}{{end}}", TransformLimit::Work),
        (
            "{{$s := \"&\"}}{{range 64}}{{$s = html $s}}{{end}}{{$s}}{{range 99}}{{$s = js (print $s $s)}}{{end}}",
            TransformLimit::Work,
        ),
        ("{{range 1000}}{{$x := printf \"%9999999d\" 1}}{{end}}", TransformLimit::Work),
        ("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}", TransformLimit::Depth),
        (
            "{{define \"t\"}}{{if .}}{{template \"t\" (slice . 1)}}{{template \"t\" (slice . 1)}}{{end}}{{end}}\
             {{template \"t\" \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}}",
            TransformLimit::Work,
        ),
    ] {
        assert_eq!(stopped(template), limit, "{template}");
    }
    let patterns = "{{range 100000}}{{$x := getRegexpFirstMatch (print \"a\" .) (print \"a(\" . \")\")}}{{end}}";
    assert_eq!(stopped(patterns), TransformLimit::Work);
    let one = "{{range 5000}}{{$x := getRegexpFirstMatch \"a1\" \"a([0-9])\"}}{{end}}true";
    assert_eq!(rendered(JSON, one, "{}"), "true");
    let again = "{{printf \"%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s\" \"a\"}}";
    assert!(rendered(JSON, again, "{}").contains("at most 8 of its values by number"));
}

#[test]
fn nesting_is_bounded_in_both_directions() {
    let ifs = |n: usize| format!("{}x{}", "{{if true}}".repeat(n), "{{end}}".repeat(n));
    assert_eq!(rendered(JSON, &ifs(90), "{}"), "x");
    assert!(rendered(JSON, &ifs(5000), "{}").contains("nesting depth"));
    let parens = |n: usize| format!("{{{{{}1{}}}}}", "(".repeat(n), ")".repeat(n));
    assert_eq!(rendered(JSON, &parens(90), "{}"), "1");
    assert!(rendered(JSON, &parens(5000), "{}").contains("nesting depth"));
    let both = format!("{}{}{}", "{{if true}}".repeat(40), parens(50), "{{end}}".repeat(40));
    assert_eq!(rendered(JSON, &both, "{}"), "1");
    // A template that calls itself in the deepest of branches.
    let calls = format!(
        "{{{{define \"t\"}}}}{}{}{{{{template \"t\"}}}}{}{{{{end}}}}{{{{template \"t\"}}}}",
        "{{if true}}".repeat(90),
        parens(5),
        "{{end}}".repeat(90)
    );
    assert!(rendered(JSON, &calls, "{}").contains("nested too deeply"));
    let answer = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(rendered(JSON, "{{.}}", &answer).contains("recursion limit exceeded"));
    let long = " ".repeat(300_000);
    assert_eq!(rendered(JSON, &long, "{}"), "error: the template has 300000 bytes; at most 262144 are read");
}

/// Pieces of templates, so that many of those made of them can be read.
fn templates() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{range $i, $e := .}}"),
        Just("{{range .a}}"),
        Just("{{if .}}"),
        Just("{{with .a}}"),
        Just("{{else}}"),
        Just("{{end}}"),
        Just("{{end}}"),
        Just("{{.}}"),
        Just("{{$e}}"),
        Just("{{$i = 1}}"),
        Just("{{$x := .}}"),
        Just("{{toJson .}}"),
        Just("{{printf \"%[1]q%*d%9s%v\" . 1}}"),
        Just("{{index . \"a\"}}"),
        Just("{{len .}}"),
        Just("{{print . | html | js | urlquery}}"),
        Just("{{slice . 1}}"),
        Just("{{break}}"),
        Just("{{continue}}"),
        Just("{{define \"t\"}}"),
        Just("{{template \"t\" .}}"),
        Just("{{getXPath . \"//a[1]\"}}"),
        Just("{{- "),
        Just(" -}}"),
        Just("{{getRegexpAllMatches . \"a*\"}}"),
        Just("{{call (separator \",\")}}"),
        Just("{{toInt .}}"),
        Just("{"),
        Just("}}"),
        Just("{{safeIndex . 0 \"a\"}}"),
        Just("text"),
        Just("{{{.a}}"),
        Just("\""),
        Just("{{eq . 1}}"),
        Just("{{/* c */}}"),
        Just("é"),
    ];
    prop_oneof![proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()), any::<String>()]
}

fn answers() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..64),
        "[\\[\\]{}\":,a1 ]{0,40}".prop_map(String::into_bytes),
        "(<a>|</a>|<b c='1'>|</b>|<a/>|&lt;|x|<!\\[CDATA\\[|\\]\\]>){0,12}".prop_map(String::into_bytes),
        Just(br#"{"a": [1, "x", {"a": null}]}"#.to_vec()),
        Just(b"<a><a b='1'>x</a><a>y</a></a>".to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_template_ends_on_any_answer(template in templates(), answer in answers(), kind in 0usize..4) {
        let kind = [JSON, XML, TEXT, "golang_template_v0.1.0"][kind];
        if let Ok(transform) = Transform::compile(kind, &template)
            && let Ok(value) = transform.read(&answer)
        {
            let written = transform.run(value, Budget { work: 1 << 18, output: 1 << 16 });
            if let Ok(text) = written {
                prop_assert!(text.len() <= 1 << 16);
            }
            let _ = transform.apply(&answer);
        }
    }

    #[test]
    fn any_path_ends_on_any_document(path in "[/a*.@\\[\\]='()1]{0,16}", answer in answers()) {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let template = format!("{{{{getXPath . `{path}`}}}}{{{{getXPathAllOuter . `{path}`}}}}");
        if let Ok(transform) = Transform::compile(TEXT, &template) {
            let _ = transform.render(text.as_bytes());
        }
    }

    #[test]
    fn json_passes_through(answer in r#"(\[|\]|\{|\}|,|:|"a"|"b"|1|-2\.5|null|true){0,12}"#) {
        if let Ok(expected) = serde_json::from_str::<serde_json::Value>(&answer) {
            let transform = Transform::compile(JSON, "{{toJson .}}").unwrap();
            prop_assert_eq!(transform.apply(answer.as_bytes()).unwrap(), expected);
        }
    }
}
