//! A client that does nothing with what it gets: what the endpoint, loopback and the clock take by themselves.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TRIES: usize = 5;

/// The shortest time that an answer takes, its latency included.
pub(super) fn round_trip(url: &str) -> Result<Duration, String> {
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let start = Instant::now();
        read(url, "/")?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

/// Bytes a second of so many answers, one after the other.
pub(super) fn bandwidth(url: &str, path: &str, answers: usize) -> Result<f64, String> {
    let (start, mut bytes) = (Instant::now(), 0);
    for _ in 0..answers {
        bytes += read(url, path)?;
    }
    Ok(bytes as f64 / start.elapsed().as_secs_f64())
}

/// How long the answers to these forms take, one after the other, and how many bytes they have.
pub(super) fn forms(url: &str, forms: impl Iterator<Item = String>) -> Result<(Duration, usize), String> {
    let (start, mut bytes) = (Instant::now(), 0);
    for form in forms {
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}", form.len());
        bytes += exchange(url, &format!("{head}\r\n\r\n{form}"))?;
    }
    Ok((start.elapsed(), bytes))
}

/// Reads an answer to its end; how many bytes it has.
fn read(url: &str, path: &str) -> Result<usize, String> {
    exchange(url, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
}

fn exchange(url: &str, request: &str) -> Result<usize, String> {
    let failed = |error: std::io::Error| format!("{url}: {error}");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).map_err(failed)?;
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let (mut buffer, mut bytes) = (vec![0; 256 * 1024], 0);
    loop {
        match stream.read(&mut buffer).map_err(failed)? {
            0 => return Ok(bytes),
            count => bytes += count,
        }
    }
}
