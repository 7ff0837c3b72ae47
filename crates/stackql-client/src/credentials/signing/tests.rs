use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn signed(keys: (&str, Option<&str>), region: &str, header: Option<&str>) -> Result<http::Request<Bytes>, String> {
    let credentials = Credentials::new(keys.0, "secret", keys.1.map(str::to_owned), None, "test");
    let mut request = http::Request::builder().method("GET").uri("https://x.example.com/");
    if let Some(header) = header {
        request = request.header("x-note", HeaderValue::from_bytes(header.as_bytes()).unwrap());
    }
    let mut request = request.body(Bytes::new()).unwrap();
    let time = SystemTime::UNIX_EPOCH;
    Signer { credentials: &credentials, region, name: "ec2", time }.sign(&mut request).map(|()| request)
}

#[test]
fn keys_and_places_with_line_breaks_are_refused() {
    for (keys, region, what) in [
        (("AKIA\n1", None), "us-east-1", "access key id"),
        (("AKIA1", Some("a\r\nx: y")), "us-east-1", "session token"),
        (("AKIA1", Some("a\0")), "us-east-1", "session token"),
        (("AKIA1", None), "us-east-1\r", "region"),
        (("AKIÄ", None), "us-east-1", "access key id"),
    ] {
        let error = signed(keys, region, None).unwrap_err();
        assert_eq!(
            error,
            format!(
                "cannot sign the request: the {what} has characters that no header can carry; is there a line break in it?"
            )
        );
    }
}

#[test]
fn a_header_that_the_signature_cannot_cover_is_not_sent_without_it() {
    let error = signed(("AKIA1", None), "us-east-1", Some("é")).unwrap_err();
    assert_eq!(error, "cannot sign the request: the header x-note has characters that no signature covers");
}

proptest! {
    #[test]
    fn nothing_panics_and_no_header_is_split(key in "\\PC{0,8}|[\r\n\0a]{0,4}", token in "[\r\n\ta-z\0]{0,6}", region in "[\r\na-z/-]{0,6}") {
        if let Ok(request) = signed((&key, Some(&token)), &region, None) {
            for value in request.headers().values() {
                prop_assert!(value.as_bytes().iter().all(|b| !b.is_ascii_control()));
            }
        }
    }
}
