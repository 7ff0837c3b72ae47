use std::borrow::Cow;

use proptest::prelude::*;

use super::*;
use crate::json::node::Node;
use crate::value::Value;

/// Texts, also such as look like JSON, paths, times, formats and patterns.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\[\\]{}\",:0-9a-z\\\\.eE+ -]{0,24}",
        "\\$([.\\[\\]#\"a-z0-9-]){0,12}",
        "[0-9T: .Z+-]{0,24}",
        "%[-+ 0,#!]{0,2}[0-9*]{0,3}(\\.[0-9*]{0,3})?[a-zA-Z%]",
        "[+-]?[0-9]{1,12}(\\.[0-9]{1,3})? (day|month|year|hour|second)s?",
        "[a-c*?%_\\[\\]^()-]{0,8}",
        json(),
    ]
}

/// JSON, mostly.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "\"[a-z\\\\u0-9d]{0,6}\"",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[a-c ]{0,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{ {} }}", members.join(" , "))
            }),
        ]
    })
}

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Boolean),
        2 => prop_oneof![any::<i64>(), -12..12_i64].prop_map(Value::Integer),
        2 => prop_oneof![any::<f64>(), -1e4..1e4_f64].prop_map(Value::Real),
        8 => text().prop_map(|text| Value::Text(Cow::Owned(text))),
        2 => text().prop_map(|text| Value::Json(Cow::Owned(text))),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(|bytes| Value::Blob(Cow::Owned(bytes))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Whatever they are given, functions give a result or say what is wrong.
    #[test]
    fn functions_never_panic(values in prop::collection::vec(value(), 5)) {
        for function in functions().chain(dates::ALL) {
            let (fewest, most) = function.arguments;
            for count in fewest..=most.min(5) {
                let _ = (function.row)(&values[..count]);
            }
        }
        for table in json::rows::ALL {
            for count in table.arguments.0..=table.arguments.1 {
                let _ = (table.rows)(&values[..count]);
            }
        }
    }

    /// What is read is what is written, but for blanks.
    #[test]
    fn json_stays_what_it_is(text in json()) {
        if let Ok(node) = Node::parse(&text) {
            let written = node.to_string();
            let (before, after): (serde_json::Value, serde_json::Value) =
                match (serde_json::from_str(&text), serde_json::from_str(&written)) {
                    (Ok(before), Ok(after)) => (before, after),
                    // Half a surrogate pair, or a number beyond floats, is JSON that `Value` does not hold.
                    (before, after) => {
                        prop_assert_eq!(before.is_err(), after.is_err());
                        return Ok(());
                    }
                };
            prop_assert_eq!(before, after);
        }
    }
}

#[test]
fn json_that_is_too_deep_is_refused() {
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(Node::parse(&nested(128)).is_ok());
    assert_eq!(Node::parse(&nested(129)), Err(Error::TooDeep(128)));
    assert_eq!(Node::parse(&nested(100_000)), Err(Error::TooDeep(128)));
    assert_eq!(json::path::parse(&format!("${}", ".a".repeat(100_000))), Err(Error::TooDeep(128)));
}

#[test]
fn every_name_is_there_once() {
    let mut names: Vec<&str> =
        functions().chain(dates::ALL).flat_map(|f| f.other_names.iter().chain([&f.name])).copied().collect();
    names.extend(json::rows::ALL.iter().flat_map(|t| t.other_names.iter().chain([&t.name])));
    names.extend(aggregates::ALL.iter().flat_map(|a| a.other_names.iter().chain([&a.name])));
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
