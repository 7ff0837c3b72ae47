//! An endpoint of the test's own: answers each request as the test says, also in ways that no real one should.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// An endpoint on this machine, until the process ends.
pub(crate) struct Endpoint {
    pub(crate) url: String,
}

impl Endpoint {
    /// Writes what `answer` makes of a whole request: a whole HTTP response.
    pub(crate) fn start<A: AsRef<[u8]>>(answer: impl Fn(&str) -> A + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let request = request(&mut stream);
                // A client that has seen enough may be gone.
                let _ = stream.write_all(answer(&request).as_ref());
            }
        });
        Self { url }
    }

    /// Sends an XML document with status 200 to everyone.
    pub(crate) fn of_xml(document: &str) -> Self {
        let answer = xml(document);
        Self::start(move |_| answer.clone())
    }
}

/// A response with this status and body.
pub(crate) fn response(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// An XML document with status 200.
pub(crate) fn xml(document: &str) -> String {
    response("200 OK", document)
}

/// Head and body, or what comes that is no HTTP.
fn request(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if read.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
            return text;
        }
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return text,
            Ok(count) => read.extend_from_slice(&chunk[..count]),
        }
    }
}
