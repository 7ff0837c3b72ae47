use proptest::prelude::*;
use stackql_provider::{Auth, Protocol, Resource};

use super::*;
use crate::world::{method_of, request_of};

fn request(body: &[u8]) -> Request {
    let resource =
        Resource { name: "r".into(), methods: vec![method_of(Protocol::Http, Vec::new())], ..Resource::default() };
    let mut request = request_of(resource, Auth::default(), &[].into(), None);
    (request.http_method, request.path, request.body) = ("POST".into(), "/p".into(), body.to_vec().into());
    request
}

#[test]
fn a_file_is_readable_text() {
    let mut asked = request(b"Action=DescribeVpcs&Password=hush");
    asked.scope = Some("us-east-1".into());
    asked.query = vec![("k".into(), "a b".into())];
    asked.server_variables = vec![("region".into(), "us-east-1".into()), ("bucket".into(), "b".into())];
    asked.headers =
        vec![("X-Kind".into(), "k".into()), ("Content-Type".into(), "application/x-www-form-urlencoded".into())];
    let headers = [("content-type", "text/xml"), ("date", "now"), ("set-cookie", "c"), ("etag", "")];
    let headers = headers.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let answer = Response { status: 200, headers, body: "<Vpcs/>\n".into(), attempts: Vec::new() };
    let expected = "\
POST /p?k=a+b
@service: p.s
@scope: us-east-1
@server.bucket: b
content-type: application/x-www-form-urlencoded
x-kind: k

Action=DescribeVpcs&Password=****
### answer
HTTP 200
content-type: text/xml
etag: 
set-cookie: ****

<Vpcs/>

";
    let file = file(&question(&asked), &asked, &Ok(answer));
    assert_eq!(file, expected);
    assert_eq!(parsed(&file).unwrap().1.unwrap().header("etag"), Some(""));
}

#[test]
fn what_is_no_exchange_is_told() {
    for (file, wrong) in [
        ("", "it has no line ### answer"),
        ("GET /\n### answer\n200", "its answer does not begin with HTTP and a status"),
        ("GET /\n### answer\nHTTP many", "its answer does not begin with HTTP and a status"),
        ("GET /\n### answer\nHTTP 200\nx", "the line 'x' is no header"),
        ("GET /\n### answer\nHTTP 200\n@body: base64\n\n?\n", "its body is not base64: Invalid symbol 63, offset 0."),
        (
            "GET /\n### error\nbad\n",
            "there is no kind of error 'bad'; known are broken, connect, timeout, tls, credentials, configuration, throttled",
        ),
    ] {
        assert_eq!(parsed(file).err().as_deref(), Some(wrong), "{file}");
    }
}

proptest! {
    #[test]
    fn any_bodies_come_back(
        asked in prop_oneof![any::<Vec<u8>>(), "(### answer|### error|\n|x){0,6}".prop_map(String::into_bytes)],
        said in prop_oneof![any::<Vec<u8>>(), "(### answer|### error|\n|x){0,6}".prop_map(String::into_bytes)],
    ) {
        let request = request(&asked);
        let question = question(&request);
        let answer = Response { status: 200, body: said.clone().into(), ..Response::default() };
        let (found, ending) = parsed(&file(&question, &request, &Ok(answer))).unwrap();
        prop_assert_eq!(found, question);
        prop_assert_eq!(ending.unwrap().body.to_vec(), said);
    }
}
