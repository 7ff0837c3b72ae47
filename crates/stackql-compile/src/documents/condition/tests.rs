use stackql_provider::StatusCondition::{All, Any, Is, IsNot};

use super::parse;

fn path(steps: &[&str]) -> Vec<String> {
    steps.iter().map(|s| (*s).to_owned()).collect()
}

#[test]
fn conditions_are_read_as_they_bind() {
    let status = |value: &str| Is(path(&["status"]), Some(value.to_owned()));
    let ended = || IsNot(path(&["endTime"]), None);
    let ready = || Is(path(&["a", "0", "ready"]), Some("true".to_owned()));
    for (text, condition) in [
        ("$.status == 'DONE'", status("DONE")),
        ("$.status==\"in ( progress\"", status("in ( progress")),
        ("$.endTime != null", ended()),
        ("$.endTime", ended()),
        ("$.status == 3", status("3")),
        ("$.status == 'A' || $.endTime && $.a[0].ready == true", Any(vec![status("A"), All(vec![ended(), ready()])])),
        ("($.status == 'A' || $.endTime) && $.a[0].ready == true", All(vec![Any(vec![status("A"), ended()]), ready()])),
    ] {
        assert_eq!(parse(text), Ok(condition), "{text}");
    }
}

#[test]
fn what_is_no_condition_is_told() {
    for (text, reason) in [
        ("", "'' is no path such as $.status"),
        ("status == 'DONE'", "'status' is no path such as $.status"),
        ("$.status == DONE", "'DONE' is no value; write a text in quotes"),
        ("$.status == 'DONE", "a text is not closed"),
        ("($.status", "a parenthesis is not closed"),
        ("$.status == 'A' $.b", "'$.b' was not expected"),
        ("$.status > 3", "'> 3' was not expected"),
        ("$.a == 'x' ||", "'' is no path such as $.status"),
    ] {
        assert_eq!(parse(text), Err(reason.to_owned()), "{text}");
    }
    let deep = format!("{}$.a{}", "(".repeat(40), ")".repeat(40));
    assert_eq!(parse(&deep), Err("it is nested too deeply".to_owned()));
}
