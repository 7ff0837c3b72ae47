use proptest::prelude::*;

use super::*;

fn values(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn check(template: &str, of: &[(&str, &str)], expected: &str) {
    let (of, scope) = (values(of), Some("region"));
    let found = AddressValues { values: &of, scope }.fill(template).unwrap_or_else(|error| format!("error: {error}"));
    assert_eq!(found, expected);
}

/// Whether the value can stand for `a`.
fn fits(template: &str, value: &str) -> bool {
    super::check([template], ("a", value), false).is_ok()
}

#[test]
fn placeholders_are_replaced() {
    check("https://{a}.example.com/{b}/x", &[("a", "one"), ("b", "v/2")], "https://one.example.com/v/2/x");
    check("https://example.com", &[], "https://example.com");
    check("{scheme}://{host}", &[("scheme", "http"), ("host", "localhost:6443")], "http://localhost:6443");
    check("{base}/v1", &[("base", "https://example.com/x")], "https://example.com/x/v1");
    check("https://{a}-{b}.x.com:{p}/v", &[("a", "eu"), ("b", "1"), ("p", "8443")], "https://eu-1.x.com:8443/v");
    check("https://s3.{region}.x.com", &[("region", "eu-west-1")], "https://s3.eu-west-1.x.com");
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

/// What ends a host, or makes another one, in front of what is always the host.
const ELSEWHERE: [&str; 32] = [
    "",
    ".",
    "..",
    "a..b",
    ".a",
    "a.",
    " ",
    "a b",
    "evil.test/",
    "evil.test#",
    "evil.test?",
    "evil.test:8443/",
    "evil.test:8443",
    "evil.test\\",
    "x@evil.test",
    "x:y@evil.test",
    "//evil.test",
    "evil.test%2f",
    "%65vil",
    "%00",
    "a\n",
    "a\r",
    "a\tb",
    "a\0",
    "a\u{7f}",
    "\u{ff0e}",
    "évil",
    "evil。test",
    "\u{202e}live",
    "-a",
    "a-",
    "{b}",
];

#[test]
fn a_value_never_leads_elsewhere() {
    for value in ELSEWHERE {
        for template in ["https://{a}.example.com", "https://x.{a}.example.com/v", "https://{a}.{b}.example.com:1/"] {
            assert!(!fits(template, value), "{value:?} in {template}");
        }
        let scope = super::check(["https://ec2.{a}.example.com"], ("a", value), true);
        assert!(scope.is_err() && region(value).is_err(), "{value:?}");
    }
    check(
        "https://{a}.example.com",
        &[("a", "evil.test/\r")],
        "error: 'evil.test/\\r' cannot stand for a in the address https://{a}.example.com; a is a name of letters, digits and hyphens, or several with dots between",
    );
}

#[test]
fn a_scope_is_one_label_and_other_parts_of_a_host_may_be_several() {
    assert!(fits("https://{a}.example.com", "my.bucket_1"));
    assert!(region("eu-west-1").is_ok());
    let error = region("eu.west").unwrap_err().to_string();
    assert_eq!(error, "'eu.west' cannot stand for region; region is a name of letters, digits and hyphens");
    check(
        "https://ec2.{region}.x.com",
        &[("region", "eu.west")],
        "error: 'eu.west' cannot stand for region in the address https://ec2.{region}.x.com; region is a name of letters, digits and hyphens",
    );
    assert!(region(&"a".repeat(63)).is_ok() && region(&"a".repeat(64)).is_err());
}

#[test]
fn a_part_of_a_label_may_have_a_hyphen_where_it_goes_on() {
    assert!(fits("https://api{a}.example.com", "-eu") && fits("https://{a}api.example.com", "eu-"));
    assert!(!fits("https://api.{a}.example.com", "-eu") && !fits("https://{a}.example.com", "eu-"));
}

#[test]
fn what_is_the_whole_authority_is_a_host_with_or_without_a_port() {
    let template = "https://{a}/v1";
    for value in ["k.example.com", "localhost:6443", "10.0.0.1", "[::1]:6443", "[::1]", "h/clusters/c-1", "h:1/", "h"] {
        assert!(fits(template, value), "{value}");
    }
    for value in ["", "/", ":80", "h:", "h:x", "h:99999", "h?x", "h#x", "u@h", "u:p@h", "[::1", "[x]", "::1", "h/../x"]
    {
        assert!(!fits(template, value), "{value}");
    }
    check(template, &[("a", "h:1/")], "https://h:1/v1");
    check(template, &[("a", "https://h/")], "https://h/v1");
    // Another scheme is not written over the definition's.
    check(template, &[("a", "http://h")], "https://http://h/v1");
    check("{p}://{a}/", &[("p", "http"), ("a", "http://h")], "http://h/");
}

#[test]
fn schemes_ports_paths_and_whole_addresses_are_what_they_are() {
    for (template, fit, unfit) in [
        ("{a}://h", &["http", "HTTPS"][..], &["", "ftp", "file", "http://x", "javascript"][..]),
        ("https://h:{a}", &["1", "65535"], &["", "65536", "+1", "80@evil.test", "80/"]),
        ("https://h/{a}/x", &["v1", "a/b", "a:b"], &["", "..", "a/../b", "a?b", "a#b", "a\\b", "%2e%2e", "a b", "é"]),
        (
            "{a}/v1",
            &["https://h", "http://h:1/x"],
            &["", "h", "//h", "ftp://h", "https://", "https://u@h", "https://h?x"],
        ),
    ] {
        fit.iter().for_each(|value| assert!(fits(template, value), "{value} in {template}"));
        unfit.iter().for_each(|value| assert!(!fits(template, value), "{value} in {template}"));
    }
}

fn moved(endpoint: &str, template: &str, of: &[(&str, &str)]) -> String {
    let of = values(of);
    let path_style = ["bucket".to_owned()];
    let values = AddressValues { values: &of, scope: Some("region") };
    let moved = values.moved(endpoint, template, &path_style, |_, value| value != "usual");
    moved.unwrap_or_else(|error| format!("error: {error}"))
}

#[test]
fn an_endpoint_of_ones_own_keeps_what_the_host_has() {
    let template = "https://{bucket}.s3.{region}.x.com";
    let of = [("bucket", "b.c"), ("region", "r")];
    assert_eq!(moved("http://h:9", template, &of), "http://h:9/b.c");
    assert_eq!(moved("http://h:9/base/", template, &of), "http://h:9/base/b.c");
    assert_eq!(moved("http://{bucket}.h:9", template, &of), "http://b.c.h:9");
    assert_eq!(moved("http://h:9", "https://s3.{region}.x.com", &of), "http://h:9");
    assert!(moved("http://h:9", template, &[("bucket", "../c")]).starts_with("error: '../c' cannot stand for bucket"));
}

#[test]
fn what_would_be_lost_is_refused() {
    let template = "https://{tenant}.x.com/";
    assert_eq!(
        moved("http://h:9", template, &[("tenant", "t")]),
        "error: the endpoint http://h:9 takes the place of https://{tenant}.x.com/, and tenant = 't' would be lost; write {tenant} into the endpoint where it goes, or leave the endpoint out"
    );
    assert_eq!(moved("http://h:9/{tenant}", template, &[("tenant", "t")]), "http://h:9/t");
    assert_eq!(moved("http://{tenant}.h:9", template, &[("tenant", "t")]), "http://t.h:9");
    // The definition's own default says nothing, and an endpoint is what a whole authority is.
    assert_eq!(moved("http://h:9", template, &[("tenant", "usual")]), "http://h:9");
    assert_eq!(moved("http://h:9", "{p}://{a}/", &[("p", "https"), ("a", "k")]), "http://h:9");
}

proptest! {
    #[test]
    fn whatever_is_filled_in_the_host_is_the_definitions(value in "\\PC{0,12}|[a-z@:/?#%.\\\\\r\n-]{0,12}") {
        let of = values(&[("a", &value)]);
        let filled = AddressValues { values: &of, scope: None }.fill("https://x-{a}.example.com:8443/v1");
        if let Ok(filled) = filled {
            let host = filled.strip_prefix("https://x-").and_then(|rest| rest.strip_suffix(".example.com:8443/v1"));
            let host = host.unwrap();
            prop_assert!(host.split('.').all(|label| !label.is_empty()));
            prop_assert!(host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{}", host);
        }
    }
}
