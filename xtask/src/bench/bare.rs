//! A minimal client that discards responses: measures the cost of the endpoint, loopback and the clock.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const TRIES: usize = 5;

/// The shortest of several round trips, including the endpoint's latency.
pub(super) fn round_trip(url: &str) -> Result<Duration, String> {
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let start = Instant::now();
        read(url, "/")?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

/// Throughput in bytes per second over sequential responses.
pub(super) fn bandwidth(url: &str, path: &str, answers: usize) -> Result<f64, String> {
    let (start, mut bytes) = (Instant::now(), 0);
    for _ in 0..answers {
        bytes += read(url, path)?;
    }
    Ok(bytes as f64 / start.elapsed().as_secs_f64())
}

/// Total time and bytes of the responses to these forms, sent sequentially.
pub(super) fn forms(url: &str, forms: impl Iterator<Item = String>) -> Result<(Duration, usize), String> {
    let (start, mut bytes) = (Instant::now(), 0);
    for form in forms {
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}", form.len());
        bytes += exchange(url, &format!("{head}\r\n\r\n{form}"))?;
    }
    Ok((start.elapsed(), bytes))
}

/// Reads a response to its end and returns its size in bytes.
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
