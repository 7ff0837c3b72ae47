use stackql_provider::{
    Endpoints, Method, Parameter, RequestShape, Resource, ResponseShape, Service, Type, Types, Verb,
};

use super::*;

fn operation(parameters: Vec<(&str, Location, bool)>) -> Arc<Operation> {
    let mut types = Types::default();
    let ty = types.push(Type::String);
    let parameter = |(name, location, required): (&str, Location, bool)| Parameter {
        name: name.to_owned(),
        wire: name.to_owned(),
        idempotency_token: name == "ClientToken",
        location,
        ty,
        required,
        ..Parameter::default()
    };
    let method = Method {
        name: "thing_Create".to_owned(),
        operation: "CreateThing".to_owned(),
        verb: Verb::Insert,
        description: String::new(),
        parameters: parameters.into_iter().map(parameter).collect(),
        request: RequestShape::default(),
        response: ResponseShape::default(),
        paging: None,
        ..Method::default()
    };
    let endpoints = Endpoints { scope: Some("region".to_owned()), ..Endpoints::default() };
    let service = Service { name: "compute".to_owned(), endpoints, ..Service::default() };
    let resource = Resource { name: "things".to_owned(), methods: vec![method], types, ..Resource::default() };
    let provider = stackql_provider::Provider { name: "mock".to_owned(), ..Default::default() };
    let made = Operation::new(Arc::new(provider), Arc::new(service), Arc::new(resource), "thing_Create");
    Arc::new(made.unwrap())
}

fn bound(parameters: Vec<(&str, Location, bool)>, given: &[(&str, Value)]) -> Result<Call, BindError> {
    let bindings = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    bind(operation(parameters), &bindings, &mut || "token-1".to_owned())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let parameters =
        vec![("Zone", Location::Body, true), ("Name", Location::Body, true), ("Note", Location::Body, false)];
    let error = bound(parameters.clone(), &[("Note", text("x"))]).unwrap_err();
    assert_eq!(error.to_string(), "mock.compute.things: missing required parameters: Name, Zone");
    let error = bound(parameters, &[("Zone", text("x")), ("Name", Value::Null)]).unwrap_err();
    assert_eq!(error.to_string(), "mock.compute.things: missing required parameter: Name");
}

#[test]
fn a_null_in_json_is_as_missing_as_any() {
    let error = bound(vec![("Name", Location::Body, true)], &[("Name", Value::Json(Json::Null))]).unwrap_err();
    assert!(matches!(error, BindError::Missing { .. }), "{error}");
    let call = bound(vec![("Name", Location::Body, false)], &[("Name", Value::Json(Json::Null))]).unwrap();
    assert_eq!(call.argument("Name"), None);
}

#[test]
fn an_unknown_parameter_is_refused_with_what_may_be_meant() {
    let error = bound(vec![("DryRun", Location::Body, false)], &[("DryRum", text("true"))]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "mock.compute.things: method thing_Create has no parameter 'DryRum', did you mean 'DryRun'?"
    );
}

#[test]
fn idempotency_tokens_are_made_unless_given() {
    let parameters = vec![("ClientToken", Location::Body, false)];
    let made = bound(parameters.clone(), &[]).unwrap();
    assert_eq!(made.argument("ClientToken"), Some(&Json::from("token-1")));
    let made = bound(parameters.clone(), &[("ClientToken", Value::Null)]).unwrap();
    assert_eq!(made.argument("ClientToken"), Some(&Json::from("token-1")));
    let given = bound(parameters, &[("ClientToken", text("mine"))]).unwrap();
    assert_eq!(given.argument("ClientToken"), Some(&Json::from("mine")));
}

#[test]
fn the_scope_is_a_binding_beside_the_parameters_or_one_of_them() {
    let beside = bound(vec![], &[("region", text("r1"))]).unwrap();
    assert_eq!((beside.scope(), beside.argument("region")), (Some("r1"), None));

    let among = bound(vec![("region", Location::Server, true)], &[("region", text("r1"))]).unwrap();
    assert_eq!((among.scope(), among.argument("region")), (Some("r1"), Some(&Json::from("r1"))));

    let none = bound(vec![], &[("region", Value::Null)]).unwrap();
    assert_eq!(none.scope(), None);

    let error = bound(vec![], &[("region", Value::Integer(1))]).unwrap_err();
    assert_eq!(error.to_string(), "mock.compute.things: region takes a text, not 1");
}

/// A call with one parameter, which has a default.
fn with_default(location: Location, given: &[(&str, Value)]) -> Result<Call, BindError> {
    let mut operation = operation(vec![("region", location, true)]);
    let resource = Arc::make_mut(&mut Arc::make_mut(&mut operation).resource);
    resource.methods[0].parameters[0].default = Some("r0".to_owned());
    let bindings = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    bind(operation, &bindings, &mut String::new)
}

#[test]
fn a_default_is_not_bound_and_nothing_is_missing() {
    let call = with_default(Location::Server, &[]).unwrap();
    assert_eq!((call.scope(), call.argument("region")), (Some("r0"), None));
    let call = with_default(Location::Server, &[("region", text("r1"))]).unwrap();
    assert_eq!((call.scope(), call.argument("region")), (Some("r1"), Some(&Json::from("r1"))));
    assert_eq!(with_default(Location::Header, &[]).unwrap().argument("region"), None);
}

#[test]
fn what_stands_in_a_path_stays_there() {
    for given in ["", ".", ".."] {
        let error = bound(vec![("id", Location::Path, true)], &[("id", text(given))]).unwrap_err();
        let expected = format!("mock.compute.things: id takes a text that stays in its place, not '{given}'");
        assert_eq!(error.to_string(), expected);
    }
    assert!(bound(vec![("id", Location::Path, true)], &[("id", text("a/../b"))]).is_ok());
}
