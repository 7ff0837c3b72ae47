//! Element access in templates, such as `.values.disks[0].size`, which Go's template language lacks and the templates
//! of SHOW INSERT INTO use. An index selects an element of a list, or a member of an object as `key` and `val`, from 0.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// Rewrites element accesses in the template to members `name_0_`, which are added to the data. The replacement has the
/// same length, so that positions in the template stay valid.
pub(super) fn as_members(template: &str, data: String) -> (String, String) {
    static ACTIONS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\{\{[^}]*\}\}").expect("a valid form"));
    /// A quoted text, or a path from the root that does not continue a longer name.
    static WAYS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""(?:[^"\\]|\\.)*"|`[^`]*`|[\w.)\]$]?(?:\.[A-Za-z_]\w*(?:\[[0-9]+\])*)+"#).expect("a valid form")
    });
    let mut read: Option<Value> = None;
    let mut way = |found: &Captures<'_>| {
        let written = &found[0];
        let members = written.strip_prefix('.').filter(|_| written.contains('['));
        // The data is parsed only if needed, because parsing loses digits of long numbers.
        let mut place =
            |members| placed(members, read.get_or_insert_with(|| serde_json::from_str(&data).unwrap_or_default()));
        match members.and_then(&mut place) {
            Some(()) => written.replace(['[', ']'], "_"),
            None => written.to_owned(),
        }
    };
    let written =
        ACTIONS.replace_all(template, |action: &Captures<'_>| WAYS.replace_all(&action[0], &mut way).into_owned());
    let template = written.into_owned();
    (template, read.map_or(data, |read| read.to_string()))
}

/// Adds the elements on a path such as `values.disks[0].size` to the data as members; `None` if the path does not
/// exist.
fn placed(way: &str, data: &mut Value) -> Option<()> {
    let mut here = data;
    for step in way.split('.') {
        let object = here.as_object_mut()?;
        let mut name = step.split('[').next().unwrap_or_default().to_owned();
        for index in step.split('[').skip(1) {
            let element = element(object.get(&name)?, index.trim_end_matches(']').parse().ok()?)?;
            name = format!("{name}_{}_", index.trim_end_matches(']'));
            object.entry(&name).or_insert(element);
        }
        here = object.get_mut(&name)?;
    }
    Some(())
}

fn element(of: &Value, index: usize) -> Option<Value> {
    match of {
        Value::Array(elements) => elements.get(index).cloned(),
        Value::Object(members) => {
            let (key, value) = members.iter().nth(index)?;
            Some(Value::Object(Map::from_iter([
                ("key".to_owned(), key.as_str().into()),
                ("val".to_owned(), value.clone()),
            ])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_are_members_and_places_stay() {
        let data = json!({"values": {"a": [{"b": [1, 2]}, 3], "o": {"k": "v"}}});
        let filled = |template: &str| {
            let (template, with) = as_members(template, data.to_string());
            (template, serde_json::from_str::<Value>(&with).unwrap())
        };
        let (template, with) = filled("{{ .values.a[0].b[1] }} {{.values.o[0].key}}={{ .values.o[0].val }}");
        assert_eq!(template, "{{ .values.a_0_.b_1_ }} {{.values.o_0_.key}}={{ .values.o_0_.val }}");
        assert_eq!(with["values"]["a_0_"]["b_1_"], 2);
        assert_eq!(with["values"]["o_0_"], json!({"key": "k", "val": "v"}));
        assert_eq!(with["values"]["a"], data["values"]["a"]);
        for unlike in [
            "x.values.a[0] {{ .values.a }}",
            "{{ \".values.a[0]\" }}",
            "{{ `.values.a[0]` }}",
            "{{ $x.values.a[0] }}",
            "{{ .values.a[9] }}",
            "{{ .values.a[0] ",
        ] {
            assert_eq!(filled(unlike), (unlike.to_owned(), data.clone()), "{unlike}");
        }
        let nothing = "{{ .values.a[0].none[0] }}";
        assert_eq!(filled(nothing).0, nothing);
    }
}
