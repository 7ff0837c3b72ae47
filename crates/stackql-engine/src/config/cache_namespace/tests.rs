//! Which tables a namespace has, and what it calls them.

use std::time::Duration;

use super::{CacheNamespace, NamespaceError};

fn namespace(pattern: &str, template: &str) -> Result<CacheNamespace, NamespaceError> {
    CacheNamespace::new(pattern, template, Duration::from_secs(60))
}

#[test]
fn a_pattern_says_which_tables() {
    let all = namespace("^(?P<objectName>.*)$", "kept_{{.objectName}}").unwrap();
    assert_eq!(all.ttl("shop.a.b"), Some(Duration::from_secs(60)));
    let some = namespace(r"^shop\.", "{{ .objectName }}_kept").unwrap();
    assert_eq!(some.ttl("depot.a.b"), None);
}

#[test]
fn a_template_says_what_else_they_are_called() {
    let plain = |pattern, template, words: [&str; 3]| namespace(pattern, template).unwrap().plain(&words);
    let own = Some(["shop", "a", "b"].map(str::to_owned).to_vec());
    assert_eq!(plain(".*", "kept_{{.objectName}}", ["kept_shop", "a", "b"]), own);
    assert_eq!(plain(".*", "{{.objectName}}_kept", ["shop", "a", "b_kept"]), own);
    assert_eq!(plain(".*", "{{.objectName}}", ["shop", "a", "b"]), None, "no other name");
    assert_eq!(plain(".*", "kept_{{.objectName}}", ["shop", "a", "b"]), None);
    assert_eq!(plain(r"^depot\.", "kept_{{.objectName}}", ["kept_shop", "a", "b"]), None, "not one of them");
    assert_eq!(plain(r"^shop\.(?P<objectName>.*)$", "kept_{{.objectName}}", ["kept_shop", "a", "b"]), None);
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(namespace("(", "{{.objectName}}").unwrap_err().to_string(), "the regex cannot be read: unclosed group");
    for template in ["kept", "kept_{{.name}}", "{{.objectName", "{{.objectName}}{{.objectName}}"] {
        assert_eq!(
            namespace(".*", template).unwrap_err().to_string(),
            format!(
                "the template '{template}' does not say where the name goes; write {{{{.objectName}}}} there, once"
            )
        );
    }
}
