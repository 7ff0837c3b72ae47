use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A table with every shape, and a parameter of the one wanted.
struct Shapes {
    types: Types,
    string: TypeRef,
    integer: TypeRef,
    number: TypeRef,
    boolean: TypeRef,
    blob: TypeRef,
    any: TypeRef,
    strings: TypeRef,
    integers: TypeRef,
    map: TypeRef,
    tag: TypeRef,
    tags: TypeRef,
    tree: TypeRef,
}

fn shapes() -> Shapes {
    let mut types = Types::default();
    let string = types.push(Type::String);
    let integer = types.push(Type::Integer);
    let list = |item| Type::List { item, item_wire: None, flattened: false };
    let member = |name: &str, ty, required| Member {
        name: name.to_owned(),
        wire: name[..1].to_lowercase() + &name[1..],
        request_wire: name.to_owned(),
        ty,
        required,
        ..Member::default()
    };
    let tag = types.push(Type::Structure {
        members: vec![
            member("TagKey", string, true),
            member("Value", string, false),
            Member { idempotency_token: true, ..member("Token", string, false) },
        ],
    });
    let tree = types.push(Type::Any);
    let trees = types.push(list(tree));
    types.set(tree, Type::Structure { members: vec![member("Branches", trees, false)] });
    Shapes {
        string,
        integer,
        number: types.push(Type::Number),
        boolean: types.push(Type::Boolean),
        blob: types.push(Type::Blob),
        any: types.push(Type::Any),
        strings: types.push(list(string)),
        integers: types.push(list(integer)),
        map: types.push(Type::Map { value: integer }),
        tag,
        tags: types.push(list(tag)),
        tree,
        types,
    }
}

fn fitted(types: &Types, parameter: &Parameter, value: &Value) -> Result<Json, BindError> {
    Coercion { table: "t", types, in_markup: false, token: &mut || "made".to_owned() }.argument(parameter, value)
}

fn coerce(choose: impl Fn(&Shapes) -> TypeRef, value: Value) -> Result<Json, String> {
    let shapes = shapes();
    let parameter = Parameter { name: "P".to_owned(), ty: choose(&shapes), ..Parameter::default() };
    fitted(&shapes.types, &parameter, &value).map_err(|e| e.to_string())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn scalars_take_what_means_the_same() {
    assert_eq!(coerce(|s| s.string, Value::Integer(7)), Ok(json!("7")));
    assert_eq!(coerce(|s| s.string, Value::Boolean(true)), Ok(json!("true")));
    assert_eq!(coerce(|s| s.string, text("[not, json")), Ok(json!("[not, json")));
    assert_eq!(coerce(|s| s.integer, text(" 7 ")), Ok(json!(7)));
    assert_eq!(coerce(|s| s.integer, Value::Number(7.0)), Ok(json!(7)));
    assert_eq!(coerce(|s| s.integer, Value::Integer(i64::MIN)), Ok(json!(i64::MIN)));
    assert_eq!(coerce(|s| s.number, text("1e3")), Ok(json!(1000.0)));
    assert_eq!(coerce(|s| s.number, Value::Integer(3)), Ok(json!(3)));
    assert_eq!(coerce(|s| s.number, Value::Number(f64::NAN)), Ok(json!("NaN")));
    assert_eq!(coerce(|s| s.number, text("-Infinity")), Ok(json!("-Infinity")));
    assert_eq!(coerce(|s| s.boolean, text("T")), Ok(json!(true)));
    assert_eq!(coerce(|s| s.boolean, Value::Integer(0)), Ok(json!(false)));
    assert_eq!(coerce(|s| s.blob, text("dmFsdWU=")), Ok(json!("dmFsdWU=")));
    assert_eq!(coerce(|s| s.any, Value::Json(json!({"a": [1]}))), Ok(json!({"a": [1]})));
    assert_eq!(coerce(|s| s.integer, Value::Null), Ok(Json::Null));
}

#[test]
fn scalars_refuse_what_means_something_else() {
    let refused = |choose: fn(&Shapes) -> TypeRef, value| coerce(choose, value).unwrap_err();
    assert_eq!(refused(|s| s.integer, Value::Number(1.5)), "t: P takes an integer, not 1.5");
    assert_eq!(refused(|s| s.integer, text("one")), "t: P takes an integer, not 'one'");
    assert_eq!(refused(|s| s.integer, Value::Number(f64::NAN)), "t: P takes an integer, not 'NaN'");
    assert_eq!(refused(|s| s.integer, text("9223372036854775808")), "t: P takes an integer, not '9223372036854775808'");
    assert_eq!(refused(|s| s.number, text("x")), "t: P takes a number, not 'x'");
    assert_eq!(refused(|s| s.boolean, Value::Integer(2)), "t: P takes true or false, not 2");
    assert_eq!(refused(|s| s.blob, text("not base64!")), "t: P takes base64 text, not 'not base64!'");
    assert_eq!(refused(|s| s.string, Value::Json(json!({}))), "t: P takes a text, not {}");
    let long = refused(|s| s.integer, text(&"x".repeat(200)));
    assert!(long.len() < 120 && long.ends_with("..."), "{long}");
}

#[test]
fn times_are_written_in_the_format_of_their_place() {
    let at = |value: Value, shape: TimeFormat, own: Option<TimeFormat>| {
        let mut types = Types::default();
        let ty = types.push(Type::Timestamp(shape));
        let parameter = Parameter { name: "P".to_owned(), ty, time_format: own, ..Parameter::default() };
        fitted(&types, &parameter, &value).map_err(|e| e.to_string())
    };
    for given in ["2015-01-25T08:00:00Z", "2015-01-25T09:00:00+01:00", "2015-01-25 08:00:00", "2015-01-25T08:00:00"] {
        assert_eq!(at(text(given), TimeFormat::Rfc3339, None), Ok(json!("2015-01-25T08:00:00Z")), "{given}");
    }
    assert_eq!(at(text("2015-01-25"), TimeFormat::EpochSeconds, None), Ok(json!("1422144000")));
    assert_eq!(at(Value::Integer(1_422_172_800), TimeFormat::Rfc3339, None), Ok(json!("2015-01-25T08:00:00Z")));
    assert_eq!(at(Value::Number(946_845_296.123), TimeFormat::Rfc3339, None), Ok(json!("2000-01-02T20:34:56.123Z")));
    assert_eq!(at(Value::Number(-1.25), TimeFormat::Rfc3339, None), Ok(json!("1969-12-31T23:59:58.750Z")));
    assert_eq!(at(Value::Number(1.5), TimeFormat::EpochSeconds, None), Ok(json!("1.500")));
    assert_eq!(at(Value::Number(-0.25), TimeFormat::EpochSeconds, None), Ok(json!("-0.250")));
    let http = at(Value::Integer(1_398_796_238), TimeFormat::Rfc3339, Some(TimeFormat::HttpDate));
    assert_eq!(http, Ok(json!("Tue, 29 Apr 2014 18:30:38 GMT")));
    let refused = "t: P takes a time such as 2026-01-31T12:00:00Z, not 'soon'";
    assert_eq!(at(text("soon"), TimeFormat::Rfc3339, None), Err(refused.to_owned()));
    assert!(at(Value::Number(1e300), TimeFormat::Rfc3339, None).is_err());
    assert!(at(Value::Boolean(true), TimeFormat::Rfc3339, None).is_err());
}

#[test]
fn lists_take_json_text_and_single_values() {
    assert_eq!(coerce(|s| s.strings, text("vpc-1")), Ok(json!(["vpc-1"])));
    assert_eq!(coerce(|s| s.strings, text(r#"["a", 1]"#)), Ok(json!(["a", "1"])));
    assert_eq!(coerce(|s| s.strings, text("[]")), Ok(json!([])));
    assert_eq!(coerce(|s| s.integers, Value::Integer(4)), Ok(json!([4])));
    assert_eq!(coerce(|s| s.tags, text(r#"{"TagKey": "k"}"#)), Ok(json!([{"TagKey": "k", "Token": "made"}])));
    let error = coerce(|s| s.integers, text(r#"[1, "x"]"#)).unwrap_err();
    assert_eq!(error, "t: P[2] takes an integer, not 'x'");
    let error = coerce(|s| s.strings, text("[1")).unwrap_err();
    assert!(error.starts_with("t: P takes a JSON array, not '[1' (EOF"), "{error}");
}

#[test]
fn structures_take_members_in_every_spelling() {
    for key in ["TagKey", "tagKey", "tag_key", "TAGKEY"] {
        let given = Value::Json(json!({key: "k", "value": 1, "token": "mine"}));
        assert_eq!(coerce(|s| s.tag, given), Ok(json!({"TagKey": "k", "Value": "1", "Token": "mine"})), "{key}");
    }
}

#[test]
fn structures_say_which_member_is_wrong() {
    let refused = |given: &str| coerce(|s| s.tags, text(given)).unwrap_err();
    assert_eq!(
        refused(r#"[{"TagKye": "k"}]"#),
        "t: P[1] takes an object of TagKey, Value, Token, not the member 'TagKye' (did you mean 'TagKey'?)"
    );
    assert_eq!(refused(r#"[{"Value": "v"}]"#), "t: P[1] takes an object with TagKey, not one without");
    assert_eq!(refused(r#"[{"TagKey": null}]"#), "t: P[1] takes an object with TagKey, not one without");
    assert_eq!(refused(r#"[{"TagKey": {}}]"#), "t: P[1].TagKey takes a text, not {}");
    let twice = refused(r#"[{"TagKey": "a", "tag_key": "b"}]"#);
    assert_eq!(twice, "t: P[1] takes an object in which TagKey stands once, not the member 'tag_key'");
}

#[test]
fn maps_keep_their_keys() {
    assert_eq!(coerce(|s| s.map, text(r#"{"a": "1", "b": 2}"#)), Ok(json!({"a": 1, "b": 2})));
    assert_eq!(coerce(|s| s.map, text(r#"{"a": []}"#)).unwrap_err(), "t: P.a takes an integer, not []");
}

#[test]
fn nesting_is_bounded() {
    let mut deep = json!({});
    for _ in 0..100 {
        deep = json!({"Branches": [deep]});
    }
    let error = coerce(|s| s.tree, Value::Json(deep)).unwrap_err();
    assert!(error.ends_with("not a value nested too deeply"), "{error}");
}

#[test]
fn ranges_are_those_of_numbers_lengths_and_counts() {
    let shapes = shapes();
    let check = |ty: TypeRef, range: (Option<i64>, Option<i64>), value: Value| {
        let (minimum, maximum) = range;
        let parameter = Parameter { name: "P".to_owned(), ty, minimum, maximum, ..Parameter::default() };
        fitted(&shapes.types, &parameter, &value).map_err(|e| e.to_string())
    };
    let both = (Some(1), Some(32766));
    assert_eq!(check(shapes.integer, both, Value::Integer(1)), Ok(json!(1)));
    assert_eq!(check(shapes.integer, both, Value::Integer(32766)), Ok(json!(32766)));
    let error = check(shapes.integer, both, Value::Integer(32767)).unwrap_err();
    assert_eq!(error, "t: P must be between 1 and 32766, not 32767");
    let error = check(shapes.string, (Some(3), None), text("é")).unwrap_err();
    assert_eq!(error, "t: P must be at least 3 characters long, not 'é'");
    let error = check(shapes.strings, (None, Some(1)), text(r#"["a","b"]"#)).unwrap_err();
    assert_eq!(error, r#"t: P must be at most 1 elements long, not ["a","b"]"#);
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,12}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names = prop_oneof![Just("TagKey".to_owned()), Just("Branches".to_owned()), "\\PC{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((names, inner), 0..4).prop_map(|m| Json::Object(m.into_iter().collect())),
        ]
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Number),
        "\\PC{0,20}".prop_map(Value::Text),
        any_json().prop_map(|j| Value::Text(j.to_string())),
        any_json().prop_map(Value::Json),
    ]
}

proptest! {
    /// Whatever is given for whatever shape: a value or an error, and a value fits once more as it is.
    #[test]
    fn fitting_never_panics_and_is_stable(value in any_value(), ty in 0u32..16, format in 0usize..3) {
        let mut shapes = shapes();
        let formats = [TimeFormat::Rfc3339, TimeFormat::HttpDate, TimeFormat::EpochSeconds];
        let time = shapes.types.push(Type::Timestamp(formats[format]));
        let parameter = Parameter { name: "P".to_owned(), ty: TypeRef(ty), minimum: Some(0), ..Parameter::default() };
        if let Ok(json) = fitted(&shapes.types, &parameter, &value)
            && TypeRef(ty) != time
        {
            let again = fitted(&shapes.types, &parameter, &Value::Json(json.clone()));
            prop_assert_eq!(again, Ok(json));
        }
    }
}
