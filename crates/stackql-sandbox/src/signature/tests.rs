use axum::http::Request;

use super::*;

const BODY: &[u8] = b"Action=DescribeVpcs&Version=2016-11-15";

fn at(text: &str) -> DateTime<Utc> {
    NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").unwrap().and_utc()
}

/// A request as a client signs it.
fn signed(secret: &str, token: Option<&str>, body: &[u8], extra: &[(&str, &str)]) -> Parts {
    let mut request = Request::post("http://127.0.0.1:4566/").body(()).unwrap();
    request.headers_mut().insert("host", "127.0.0.1:4566".parse().unwrap());
    for (name, value) in extra {
        let name: header::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let identity = Credentials::from_keys("key/with/slashes", secret, token.map(str::to_owned)).into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("ec2")
        .time(at("20260101T120000Z").into())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let headers = request.headers().iter().map(|(n, v)| (n.as_str(), v.to_str().unwrap()));
    let body = match extra {
        [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")] => SignableBody::UnsignedPayload,
        _ => SignableBody::Bytes(body),
    };
    let signable = SignableRequest::new("POST", "http://127.0.0.1:4566/", headers, body).unwrap();
    sign(signable, &parameters).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
    let (mut parts, ()) = request.into_parts();
    // A server sees the path alone.
    parts.uri = "/".parse().unwrap();
    parts
}

fn code(parts: &Parts, body: &[u8], now: &str) -> Result<Caller, String> {
    Caller::verified(parts, body, at(now)).map_err(|refusal| refusal.code)
}

#[test]
fn a_right_signature_tells_who_asks() {
    let caller =
        Caller { access_key: "key/with/slashes".to_owned(), region: "eu-west-1".to_owned(), service: "ec2".to_owned() };
    let requests: [&[(&str, &str)]; 3] = [
        &[],
        &[("content-type", "application/x-www-form-urlencoded"), ("x-amz-target", "a  b")],
        &[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
    ];
    for extra in requests {
        for token in [None, Some("a token")] {
            let request = signed(SECRET, token, BODY, extra);
            assert_eq!(code(&request, BODY, "20260101T120459Z"), Ok(caller.clone()), "{extra:?} {token:?}");
        }
    }
}

#[test]
fn what_was_not_signed_so_is_refused() {
    let refused = |code: &str| Err(code.to_owned());
    let now = "20260101T120000Z";
    assert_eq!(code(&signed("another", None, BODY, &[]), BODY, now), refused("SignatureDoesNotMatch"));
    assert_eq!(code(&signed(SECRET, None, BODY, &[]), b"Action=DeleteVpc", now), refused("SignatureDoesNotMatch"));
    for later in ["20260101T120501Z", "20260101T115459Z"] {
        assert_eq!(code(&signed(SECRET, None, BODY, &[]), BODY, later), refused("RequestExpired"));
    }
    let mut request = signed(SECRET, Some("a token"), BODY, &[]);
    request.headers.insert("x-amz-security-token", "another".parse().unwrap());
    assert_eq!(code(&request, BODY, now), refused("SignatureDoesNotMatch"));
    request.headers.insert("authorization", "Basic dGVzdA==".parse().unwrap());
    assert_eq!(code(&request, BODY, now), refused("IncompleteSignature"));
    request.headers.remove("authorization");
    assert_eq!(code(&request, BODY, now), refused("MissingAuthenticationToken"));
    assert_eq!(Caller::claimed(&request, &Form::read(["Version=2011-06-15"])).service, "sts");
}
