use proptest::prelude::*;
use serde_json::json;
use stackql_provider::Member;

use super::*;

fn shapes() -> (Types, TypeRef, TypeRef, TypeRef) {
    let mut types = Types::default();
    let string = types.push(Type::String);
    let list = |item, item_wire: &str, flattened| Type::List { item, item_wire: Some(item_wire.to_owned()), flattened };
    let strings = types.push(list(string, "item", false));
    let flat = types.push(list(string, "item", true));
    let member = |name: &str, request_wire: &str, ty| Member {
        name: name.to_owned(),
        request_wire: request_wire.to_owned(),
        ty,
        ..Member::default()
    };
    let structure =
        Type::Structure { members: vec![member("Name", "Name", string), member("Values", "Value", strings)] };
    let filter = types.push(structure);
    let filters = types.push(list(filter, "Filter", false));
    let map = types.push(Type::Map { value: string });
    let all = Type::Structure {
        members: vec![member("Filters", "Filter", filters), member("Flat", "Flat", flat), member("Map", "Map", map)],
    };
    let all = types.push(all);
    (types, filters, flat, all)
}

fn fields(style: FormStyle, types: &Types, ty: TypeRef, value: &Json) -> String {
    let parameter = Parameter { name: "P".to_owned(), wire: "P".to_owned(), ty, ..Parameter::default() };
    let mut fields = Vec::new();
    append(&mut fields, types, style, &parameter, value);
    fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[test]
fn indexed_lists_carry_an_index_only() {
    let (types, filters, flat, all) = shapes();
    let value = json!([{"Values": ["a", 2], "Name": "n"}, {"Name": "m", "Values": []}]);
    assert_eq!(
        fields(FormStyle::Indexed, &types, filters, &value),
        "P.1.Name=n&P.1.Value.1=a&P.1.Value.2=2&P.2.Name=m"
    );
    assert_eq!(fields(FormStyle::Indexed, &types, flat, &json!(["a"])), "P.1=a");
    assert_eq!(fields(FormStyle::Indexed, &types, flat, &json!([])), "");
    let map = json!({"Map": {"k": "v", "l": true}, "Flat": ["x"]});
    assert_eq!(
        fields(FormStyle::Indexed, &types, all, &map),
        "P.Flat.1=x&P.Map.1.key=k&P.Map.1.value=v&P.Map.2.key=l&P.Map.2.value=true"
    );
}

#[test]
fn indexed_member_lists_name_their_elements_unless_flattened() {
    let (types, filters, flat, all) = shapes();
    let value = json!([{"Name": "n", "Values": ["a"]}]);
    assert_eq!(
        fields(FormStyle::IndexedMember, &types, filters, &value),
        "P.Filter.1.Name=n&P.Filter.1.Value.item.1=a"
    );
    assert_eq!(fields(FormStyle::IndexedMember, &types, flat, &json!(["a", "b"])), "P.1=a&P.2=b");
    assert_eq!(fields(FormStyle::IndexedMember, &types, filters, &json!([])), "P=");
    let map = json!({"Map": {"k": "v"}});
    assert_eq!(fields(FormStyle::IndexedMember, &types, all, &map), "P.Map.entry.1.key=k&P.Map.entry.1.value=v");
}

#[test]
fn null_sends_nothing() {
    let (types, _, flat, all) = shapes();
    assert_eq!(fields(FormStyle::Indexed, &types, all, &json!({"Filters": null})), "");
    assert_eq!(fields(FormStyle::Indexed, &types, flat, &Json::Null), "");
}

/// Reads fields back: a path of names and indexes into nested values.
fn read(pairs: &[(String, String)]) -> Json {
    let mut root = Json::Null;
    for (name, value) in pairs {
        let mut at = &mut root;
        for step in name.split('.') {
            at = match step.parse::<usize>() {
                Ok(index) => {
                    if at.is_null() {
                        *at = json!([]);
                    }
                    let list = at.as_array_mut().unwrap();
                    while list.len() < index {
                        list.push(Json::Null);
                    }
                    &mut list[index - 1]
                }
                Err(_) => {
                    if at.is_null() {
                        *at = json!({});
                    }
                    at.as_object_mut().unwrap().entry(step).or_insert(Json::Null)
                }
            };
        }
        *at = Json::from(value.as_str());
    }
    root
}

proptest! {
    /// What is written, encoded as a body and decoded again, is what was given.
    #[test]
    fn forms_go_round(given in prop::collection::vec(("\\PC{0,8}", prop::collection::vec("\\PC{0,8}", 1..4)), 1..4)) {
        let (types, filters, ..) = shapes();
        let value: Json = given.iter().map(|(name, values)| json!({"Name": name, "Value": values})).collect();
        let named: Json = given.iter().map(|(name, values)| json!({"Name": name, "Values": values})).collect();
        let parameter = Parameter { wire: "P".to_owned(), ty: filters, ..Parameter::default() };
        let mut fields = Vec::new();
        append(&mut fields, &types, FormStyle::Indexed, &parameter, &named);
        let body = encoded(&fields);
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
        let pairs: Vec<(String, String)> = body
            .split('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (decode(name), decode(value)))
            .collect();
        prop_assert_eq!(&pairs, &fields);
        prop_assert_eq!(&read(&pairs)["P"], &value);
    }
}
