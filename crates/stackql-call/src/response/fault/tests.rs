use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use stackql_provider::{ErrorShape, Hint, Method, Provider, RequestShape, Resource, ResponseShape, Service, Verb};

use super::*;

fn operation() -> Operation {
    let path = |dotted: &str| dotted.split('.').map(str::to_owned).collect();
    let method = Method {
        name: "things_Describe".to_owned(),
        operation: "DescribeThings".to_owned(),
        verb: Verb::Select,
        description: String::new(),
        parameters: Vec::new(),
        request: RequestShape::default(),
        response: ResponseShape {
            rows: path("thingSet.item"),
            error: ErrorShape {
                code: path("Errors.Error.Code"),
                message: path("Errors.Error.Message"),
                request_id: path("RequestID"),
                success_request_id: path("requestId"),
                request_id_header: Some("x-request-id".to_owned()),
            },
            ..ResponseShape::default()
        },
        paging: None,
        ..Method::default()
    };
    let codes = |code: &str| vec![code.to_owned()];
    let errors = ErrorRules {
        not_found: codes("*.NotFound"),
        throttled: codes("Throttling*"),
        clock_skew: codes("RequestExpired"),
        unauthorized: codes("AuthFailure"),
        dry_run: codes("DryRunOperation"),
        hints: vec![Hint { code: "AuthFailure".to_owned(), text: "check the keys".to_owned() }],
    };
    let provider = Provider { name: "mock".to_owned(), errors, ..Provider::default() };
    let service = Service { name: "compute".to_owned(), ..Service::default() };
    let resource = Resource { name: "things".to_owned(), methods: vec![method], ..Resource::default() };
    Operation::new(Arc::new(provider), Arc::new(service), Arc::new(resource), "things_Describe").unwrap()
}

fn fault_of(status: u16, body: impl Into<Bytes>) -> Option<Fault> {
    fault(&operation(), Some("r1"), &Response { status, body: body.into(), ..Response::default() })
}

fn document(code: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{code}</Code><Message>It is\n   so.</Message></Error></Errors>\
         <RequestID>r-1</RequestID></Response>"
    )
}

#[test]
fn a_fault_has_code_message_request_id_and_hint() {
    let fault = fault_of(401, document("AuthFailure")).unwrap();
    assert_eq!(fault.kind, FaultKind::Unauthorized);
    assert_eq!(fault.hint.as_deref(), Some("check the keys"));
    assert_eq!(fault.to_string(), "mock.compute.things in r1: AuthFailure: It is so. (HTTP 401, request id r-1)");
}

#[test]
fn codes_decide_the_kind_before_the_status_does() {
    let kind = |status, code| fault_of(status, document(code)).unwrap().kind;
    assert_eq!(kind(400, "InvalidVpcID.NotFound"), FaultKind::NotFound);
    assert_eq!(kind(400, "ThrottlingException"), FaultKind::Throttled);
    assert_eq!(kind(400, "RequestExpired"), FaultKind::ClockSkew);
    assert_eq!(kind(412, "DryRunOperation"), FaultKind::DryRun);
    assert_eq!(kind(404, "Other"), FaultKind::NotFound);
    assert_eq!(kind(403, "Other"), FaultKind::Unauthorized);
    assert_eq!(kind(429, "Other"), FaultKind::Throttled);
    assert_eq!(kind(503, "Other"), FaultKind::Throttled);
    assert_eq!(kind(500, "Other"), FaultKind::Server);
    assert_eq!(kind(400, "Other"), FaultKind::Client);
}

#[test]
fn a_document_that_says_it_is_an_error_is_one() {
    let fault = fault_of(200, document("InternalError")).unwrap();
    assert_eq!((fault.status, fault.code.as_str()), (200, "InternalError"));
}

#[test]
fn a_good_answer_is_no_fault() {
    assert_eq!(fault_of(200, "<R><requestId>r</requestId><thingSet/></R>"), None);
    assert_eq!(fault_of(200, "<R><Errors/></R>"), None);
    assert_eq!(fault_of(200, ""), None);
    assert_eq!(fault_of(200, "not XML"), None);
}

#[test]
fn a_body_of_no_known_form_is_shown_cut_and_on_one_line() {
    let fault = fault_of(502, format!("<html>\n<body>Bad\u{1b}[31m  gateway {}", "x".repeat(5000))).unwrap();
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Server, "BadGateway"));
    assert!(fault.message.starts_with("<html> <body>Bad[31m gateway xxx"), "{}", fault.message);
    assert_eq!(fault.message.chars().count(), 200);
    assert_eq!(fault_of(500, "").unwrap().message, "the answer has no body");
    assert_eq!(fault_of(599, [0xff, 0xfe].as_slice()).unwrap().code, "UnknownError");
}

#[test]
fn a_long_message_is_cut() {
    let body = document("Other").replace("so.", &"y".repeat(100_000));
    let message = fault_of(400, body).unwrap().message;
    assert!(message.chars().count() <= 2000 && message.ends_with("..."), "{}", message.len());
}

#[test]
fn the_request_id_may_stand_in_a_header() {
    let headers = vec![("x-request-id".to_owned(), "from-header".to_owned())];
    let response = Response { status: 500, headers, body: Bytes::from("<Response/>"), ..Response::default() };
    let fault = fault(&operation(), None, &response).unwrap();
    assert_eq!(fault.request_id.as_deref(), Some("from-header"));
    assert!(fault.to_string().starts_with("mock.compute.things: InternalServerError: "), "{fault}");
}

proptest! {
    #[test]
    fn bytes_never_panic(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = fault_of(status, body);
    }

    #[test]
    fn broken_documents_never_panic(status in 100u16..600, cut in 0usize..200, text in "[<>/&;a-zA-Z\\[\\]!?\" -]{0,40}") {
        let mut body = document("InternalError");
        body.insert_str(cut.min(body.len() - 1), &text);
        let fault = fault_of(status, body);
        prop_assert!(status < 300 || fault.is_some());
    }
}
