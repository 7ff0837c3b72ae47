//! An API on this machine that answers as a test says, also in ways that no API should.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// How an answer travels.
#[derive(Debug)]
pub(crate) enum Sent {
    /// As it should.
    Whole(String),
    /// Half of it; then the connection is reset.
    Reset(String),
    /// Half of it; then the connection ends.
    Half(String),
    /// Half of it, and no more while the client waits.
    Slow(String),
}

/// Listens until the process ends, and answers each request by its target. The port.
pub(crate) fn listen(answer: impl Fn(&str) -> Sent + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || serve(&mut stream.unwrap(), &*answer));
        }
    });
    port
}

/// A port of this machine at which nobody listens.
pub(crate) fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A response with this status and body; headers may stand behind the status, a line each.
pub(crate) fn response(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn serve(stream: &mut TcpStream, answer: &dyn Fn(&str) -> Sent) {
    let Some(request) = waiting(stream) else { return };
    let sent = answer(request.split(' ').nth(1).unwrap());
    // Where a request is not read, the system resets the connection when it is closed.
    if !matches!(sent, Sent::Reset(_)) {
        stream.read_exact(&mut vec![0; request.len()]).unwrap();
    }
    // Half a body is half an answer: the head is what says that there is more.
    let half = |text: &str| text[..text.len() - 9].to_owned();
    let text = match &sent {
        Sent::Whole(text) => text.clone(),
        Sent::Reset(text) | Sent::Half(text) | Sent::Slow(text) => half(text),
    };
    // A client that has seen enough may be gone.
    let _ = stream.write_all(text.as_bytes());
    if let Sent::Slow(_) = sent {
        let _ = stream.read(&mut [0]);
    }
    if !matches!(sent, Sent::Reset(_)) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

/// The request that has come, left where it is; `None` where the client went away.
fn waiting(stream: &TcpStream) -> Option<String> {
    let mut seen = [0; 8192];
    loop {
        let length = stream.peek(&mut seen).ok().filter(|length| *length > 0)?;
        let text = String::from_utf8_lossy(&seen[..length]);
        if text.contains("\r\n\r\n") {
            return Some(text.into_owned());
        }
        thread::yield_now();
    }
}
