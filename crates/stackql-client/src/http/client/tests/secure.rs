//! Secure connections: whom a client trusts, and what it says of whom it does not.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use stackql_postgres_server::testdata as file;

use super::*;

/// Serves good answers under a certificate of a CA that nobody knows.
fn server() -> String {
    let certificate = CertificateDer::from(std::fs::read(file("server.der")).expect("certificate"));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(std::fs::read(file("server.key.der")).expect("key")));
    let configuration =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("the key belongs to the certificate");
    let configuration = Arc::new(configuration);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let url = format!("https://{}", listener.local_addr().expect("address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut session = rustls::ServerConnection::new(Arc::clone(&configuration)).expect("session");
            let mut secure = rustls::Stream::new(&mut session, &mut stream);
            // A client that does not trust us says so by an alert, which is an error here.
            if secure.read(&mut [0; 4096]).is_ok() {
                let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n<ok/>";
                let _ = secure.write_all(answer.as_bytes());
                let _ = secure.flush();
            }
        }
    });
    url
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_in_one_line() {
    let url = server();
    let error = client(url.clone()).send(&request(true)).await.expect_err("nobody knows this CA");
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Tls, 1));
    let place = &url["https://".len()..];
    assert!(error.message.starts_with(&format!("no secure connection to {place}: ")), "{error}");
    assert!(error.message.contains("UnknownIssuer") && error.message.contains("CA bundle"), "{error}");
    assert_eq!(error.message.lines().count(), 1, "{error}");
}

#[tokio::test]
async fn a_ca_bundle_makes_it_known_and_insecure_makes_it_all_the_same() {
    for settings in [
        Settings { ca_bundle: Some(file("ca.pem")), ..settings(server()) },
        Settings { allow_insecure: true, ..settings(server()) },
    ] {
        let client = Client::new(settings).expect("client");
        assert_eq!(client.send(&request(true)).await.expect("answer").status, 200);
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_said_to_be_so() {
    let (url, _) = super::server(vec![(200, vec![])]).await;
    let error = client(url.replace("http:", "https:")).send(&request(true)).await.expect_err("no TLS there");
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
}

#[test]
fn a_bundle_that_is_none_is_refused() {
    for (path, wrong) in [(file("none.pem"), "No such file"), (file("server.der"), "there is no certificate in it")] {
        let error =
            Client::new(Settings { ca_bundle: Some(path.clone()), ..Settings::default() }).expect_err("no bundle");
        let said = error.to_string();
        assert!(said.starts_with("cannot read the CA bundle ") && said.contains(wrong), "{said}");
    }
}

#[tokio::test]
async fn a_bundle_of_the_tools_settings_is_trusted_by_requests_that_they_speak_of() {
    let named = |path: std::path::PathBuf| {
        let mut settings = settings(server());
        settings.environment.insert("AWS_CA_BUNDLE".to_owned(), path.display().to_string());
        settings
    };
    let client = Client::new(named(file("ca.pem"))).expect("client");
    assert_eq!(client.send(&of_the_tools(request(true))).await.expect("answer").status, 200);
    let error = client.send(&request(true)).await.expect_err("no setting speaks of it");
    assert_eq!(error.kind, TransportErrorKind::Tls);
    // The flag wins, even where the variable names nothing.
    let settings = Settings { ca_bundle: Some(file("ca.pem")), ..named(file("none.pem")) };
    let client = Client::new(settings).expect("client");
    assert_eq!(client.send(&of_the_tools(request(true))).await.expect("answer").status, 200);
    let client = Client::new(named(file("none.pem"))).expect("client");
    let error = client.send(&of_the_tools(request(true))).await.expect_err("no bundle");
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Configuration, 0));
    assert!(error.message.starts_with("AWS_CA_BUNDLE: cannot read the CA bundle "), "{error}");
}
