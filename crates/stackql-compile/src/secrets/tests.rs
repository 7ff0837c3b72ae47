use serde_json::json;

use super::*;

fn found(input: &str, output: &str) -> Vec<String> {
    let model = json!({"shapes": {
        "Text": {"type": "string"},
        "Hidden": {"type": "string", "sensitive": true},
        "HiddenList": {"type": "list", "member": {"shape": "Hidden"}},
        "HiddenMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "HiddenList"}},
        "HiddenThing": {"type": "structure", "sensitive": true, "members": {"A": {"shape": "Text"}, "B": {"shape": "Text"}}},
        "User": {"type": "structure", "members": {
            "Name": {"shape": "Text"},
            "Pin": {"shape": "Hidden", "locationName": "pin"},
            "Friends": {"shape": "Users", "locationName": "friendSet"}
        }},
        "Users": {"type": "list", "member": {"shape": "User"}},
        "In": {"type": "structure", "members": {
            "Secret": {"shape": "Hidden"}, "All": {"shape": "HiddenMap"}, "User": {"shape": "User"}
        }},
        "Out": {"type": "structure", "members": {"Users": {"shape": "Users"}, "Thing": {"shape": "HiddenThing"}}}
    }});
    let name = |s: Secret| s.parent.map_or(s.name.clone(), |parent| format!("{parent}/{}", s.name));
    shape_secrets(&model, true, input, output).into_iter().map(name).collect()
}

#[test]
fn values_are_secret_by_their_shapes_at_any_depth() {
    assert_eq!(found("In", ""), ["All", "Secret", "User/pin", "friendSet/pin"]);
    assert_eq!(found("", "Out"), ["Thing", "Users/pin", "friendSet/pin"]);
    assert_eq!(found("", "HiddenThing"), ["A", "B"]);
    assert!(found("Text", "").is_empty());
}
