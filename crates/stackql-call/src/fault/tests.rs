use std::sync::Arc;

use stackql_provider::{
    ErrorShape, Hint, Method, Provider, RequestShape, Resource, ResponseShape, Service, Verb,
};

use super::*;

fn operation() -> Operation {
    let path = |steps: &[&str]| steps.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let error = ErrorShape {
        code: path(&["Errors", "Error", "Code"]),
        message: path(&["Errors", "Error", "Message"]),
        request_id: path(&["RequestID"]),
        success_request_id: path(&["requestId"]),
        request_id_header: Some("x-request-id".to_owned()),
    };
    let method = Method {
        name: "list".to_owned(),
        operation: "List".to_owned(),
        verb: Verb::Select,
        description: String::new(),
        parameters: Vec::new(),
        request: RequestShape::default(),
        response: ResponseShape { error, ..ResponseShape::default() },
        paging: None,
        narrowings: Vec::new(),
    };
    let errors = ErrorRules {
        not_found: vec!["*.NotFound".to_owned()],
        hints: vec![Hint { code: "*.NotFound".to_owned(), text: "check the id".to_owned() }],
        ..ErrorRules::default()
    };
    let provider = Provider { name: "p".to_owned(), errors, ..Provider::default() };
    let service = Service { name: "s".to_owned(), ..Service::default() };
    let resource = Resource { name: "r".to_owned(), methods: vec![method], ..Resource::default() };
    Operation::new(Arc::new(provider), Arc::new(service), Arc::new(resource), "list").unwrap()
}

fn answer(status: u16, body: &str) -> Response {
    let headers = vec![("x-request-id".to_owned(), "from-header".to_owned())];
    Response { status, headers, body: body.to_owned().into(), ..Response::default() }
}

const NOT_FOUND: &str = "<?xml version=\"1.0\"?><Response><Errors><Error><Code>Vpc.NotFound</Code>\
    <Message>no &lt;vpc&gt;</Message></Error></Errors><RequestID>r-1</RequestID></Response>";

#[test]
fn an_error_document_is_a_fault_under_any_status() {
    for status in [200, 400] {
        let fault = fault(&operation(), Some("r1"), &answer(status, NOT_FOUND)).unwrap();
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert_eq!((fault.code.as_str(), fault.message.as_str()), ("Vpc.NotFound", "no <vpc>"));
        assert_eq!(fault.request_id.as_deref(), Some("r-1"));
        assert_eq!(fault.hint.as_deref(), Some("check the id"));
    }
}

#[test]
fn a_body_without_known_form_is_the_message() {
    let fault = fault(&operation(), None, &answer(503, "down\u{1b}[1m")).unwrap();
    assert_eq!(fault.kind, FaultKind::Server);
    assert_eq!((fault.code.as_str(), fault.message.as_str()), ("Service Unavailable", "down\\u{1b}[1m"));
    assert_eq!(fault.request_id.as_deref(), Some("from-header"));
}

#[test]
fn a_good_answer_is_none() {
    assert_eq!(fault(&operation(), None, &answer(200, "<ListResponse/>")), None);
}
