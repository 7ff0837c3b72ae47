use super::*;

fn check(template: &str, values: &[(&str, &str)], expected: &str) {
    let values: Vec<(String, String)> = values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let found = fill(template, &values).unwrap_or_else(|error| format!("error: {error}"));
    assert_eq!(found, expected);
}

#[test]
fn placeholders_are_replaced() {
    check("https://{a}.example.com/{b}/x", &[("a", "one"), ("b", "v/2")], "https://one.example.com/v/2/x");
    check("https://example.com", &[], "https://example.com");
    check("{scheme}://{host}", &[("scheme", "http"), ("host", "localhost:6443")], "http://localhost:6443");
    check("{base}/v1", &[("base", "https://example.com/x")], "https://example.com/x/v1");
}

#[test]
fn a_placeholder_may_say_what_it_takes() {
    check("https://{h:^[a-z]{1,3}(?::[0-9]{2})?$}/v1", &[("h", "abc")], "https://abc/v1");
}

#[test]
fn what_has_no_value_or_no_end_is_an_error() {
    check(
        "https://{a}.x",
        &[("b", "1")],
        "error: cannot find any viable servers: the address https://{a}.x needs a value for a; name it in WHERE",
    );
    check("https://{a:{1}.x", &[("a", "1")], "error: the address https://{a:{1}.x has a brace that is not closed");
}

#[test]
fn a_value_never_leads_elsewhere() {
    for value in ["evil.com/", "me@evil.com", "evil.com?", "evil.com#", "evil.com\\", "a b", "a\nb"] {
        let error = format!("error: '{value}' cannot stand for a in the address https://{{a}}.example.com");
        check("https://{a}.example.com", &[("a", value)], &error);
    }
    check("https://x/{a}", &[("a", "b?c")], "error: 'b?c' cannot stand for a in the address https://x/{a}");
}
