//! Downloads from a registry, with retries: documents into memory, archives into a file from which a later attempt resumes.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE};
use reqwest::Response;
use stackql_provider::{DownloadProgress, RegistryError};
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::Client;
use crate::http::url::redacted_url;
use crate::registry::install_dir::{PartialDownload, disk};

/// The maximum size of an archive, in bytes.
const LARGEST: u64 = 512 << 20;
const TRIES: u32 = 4;
const REDIRECTS: usize = 5;
/// The time limit of a whole download, which may be long; each wait for the next bytes has the request timeout.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);

/// The result of a download: the content, or the error to report if the registry does not have it.
#[derive(Debug)]
pub(crate) enum Fetched<T> {
    Here(T),
    Absent(RegistryError),
}

/// Why an attempt failed.
enum DownloadError {
    /// A retry may succeed.
    Transient(String),
    /// The registry does not have it.
    NotFound(RegistryError),
    Permanent(RegistryError),
}

impl From<RegistryError> for DownloadError {
    fn from(error: RegistryError) -> Self {
        Self::Permanent(error)
    }
}

/// The remaining attempts, and the backoff before the next one.
struct RetryBudget {
    left: u32,
    wait: Duration,
}

impl RetryBudget {
    const fn new() -> Self {
        Self { left: TRIES - 1, wait: Duration::from_millis(200) }
    }

    /// Waits for the backoff before a retry.
    ///
    /// # Errors
    ///
    /// The failure is permanent, or no attempt is left.
    async fn again(&mut self, failure: DownloadError) -> Result<(), RegistryError> {
        let message = match failure {
            DownloadError::Transient(message) if self.left > 0 => message,
            DownloadError::Transient(message) => return Err(RegistryError::Unavailable(message)),
            DownloadError::NotFound(error) | DownloadError::Permanent(error) => return Err(error),
        };
        tracing::debug!(left = self.left, message, "asking the registry again");
        tokio::time::sleep(self.wait).await;
        self.left -= 1;
        self.wait *= 2;
        Ok(())
    }
}

/// Downloads a document, which is UTF-8 text of at most `largest` MiB.
pub(crate) async fn document(client: &Client, url: &Url, largest: usize) -> Result<Fetched<String>, RegistryError> {
    let mut tries = RetryBudget::new();
    loop {
        match document_once(client, url, largest).await {
            Ok(text) => return Ok(Fetched::Here(text)),
            Err(DownloadError::NotFound(error)) => return Ok(Fetched::Absent(error)),
            Err(failure) => tries.again(failure).await?,
        }
    }
}

async fn document_once(client: &Client, url: &Url, largest: usize) -> Result<String, DownloadError> {
    let mut answer = get(client, url, None).await?;
    accepted(&answer, url)?;
    let mut text = Vec::new();
    while let Some(chunk) = next(client, &mut answer, url).await? {
        if text.len() + chunk.len() > largest << 20 {
            return Err(unavailable(format!(
                "{} is larger than {largest} MiB, so it is no such document",
                redacted_url(url)
            )));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| unavailable(format!("{} is not text", redacted_url(url))))
}

/// Downloads an archive into the file of `part`, and returns its size in bytes. Resumes where an earlier attempt ended, if the
/// server confirms that the archive is unchanged.
pub(crate) async fn archive(
    client: &Client,
    url: &Url,
    part: &PartialDownload,
    transfer: &DownloadProgress,
) -> Result<Fetched<u64>, RegistryError> {
    let mut tries = RetryBudget::new();
    loop {
        match archive_once(client, url, part, transfer).await {
            Ok(size) => return Ok(Fetched::Here(size)),
            Err(DownloadError::NotFound(error)) => return Ok(Fetched::Absent(error)),
            Err(failure) => tries.again(failure).await?,
        }
    }
}

async fn archive_once(
    client: &Client,
    url: &Url,
    part: &PartialDownload,
    transfer: &DownloadProgress,
) -> Result<u64, DownloadError> {
    let before = part_so_far(part);
    let range = before.as_ref().map(|(size, validator)| (*size, validator.as_str()));
    let mut answer = get(client, url, range).await?;
    let failed = |e: std::io::Error| DownloadError::Permanent(disk("write", &part.file, &e));
    let (mut file, mut size) = match (answer.status(), range) {
        (StatusCode::PARTIAL_CONTENT, Some((size, _))) if starts_at(&answer, size) => {
            (tokio::fs::File::options().append(true).open(&part.file).await.map_err(failed)?, size)
        }
        (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, _) => {
            part.remove()?;
            return Err(DownloadError::Transient(format!(
                "{} sent another part than was asked for",
                redacted_url(url)
            )));
        }
        _ => {
            accepted(&answer, url)?;
            let file = tokio::fs::File::create(&part.file).await.map_err(failed)?;
            // Stores the validator before the bytes that it identifies.
            keep_validator(part, &answer)?;
            (file, 0)
        }
    };
    let total = answer.content_length().map(|rest| size + rest);
    let too_large = || match part.remove() {
        Ok(()) => unavailable(format!("{} is larger than 512 MiB", redacted_url(url))),
        Err(error) => DownloadError::Permanent(error),
    };
    if total.is_some_and(|total| total > LARGEST) {
        return Err(too_large());
    }
    transfer.received.store(size, Ordering::Relaxed);
    transfer.total.store(total.unwrap_or_default(), Ordering::Relaxed);
    loop {
        let chunk = match next(client, &mut answer, url).await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(failure) => {
                // The next attempt resumes after the received bytes.
                file.flush().await.map_err(failed)?;
                return Err(failure);
            }
        };
        size += chunk.len() as u64;
        if size > LARGEST {
            return Err(too_large());
        }
        file.write_all(&chunk).await.map_err(failed)?;
        transfer.received.store(size, Ordering::Relaxed);
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(size)
}

/// The size and the validator of a partial download; `None` if it cannot be resumed.
fn part_so_far(part: &PartialDownload) -> Option<(u64, String)> {
    let size = std::fs::metadata(&part.file).ok()?.len();
    let validator = std::fs::read_to_string(&part.validator).ok()?;
    let usable = !validator.is_empty() && http::HeaderValue::from_str(&validator).is_ok();
    (size > 0 && usable).then_some((size, validator))
}

/// Stores the validator of the response, a strong `ETag` or else `Last-Modified`; empty if the download cannot be resumed.
fn keep_validator(part: &PartialDownload, answer: &Response) -> Result<(), RegistryError> {
    let header = |name| answer.headers().get(name).and_then(|v: &http::HeaderValue| v.to_str().ok());
    let sure = header(ETAG).filter(|tag| !tag.starts_with("W/")).or_else(|| header(LAST_MODIFIED));
    // A response with a content encoding is decoded, so its bytes do not match the server's ranges.
    let plain = header(CONTENT_ENCODING).is_none() && answer.content_length().is_some();
    let validator = sure.filter(|_| plain).unwrap_or_default();
    std::fs::write(&part.validator, validator).map_err(|e| disk("write", &part.validator, &e))
}

/// Whether a partial response starts after the `size` bytes that were received.
fn starts_at(answer: &Response, size: u64) -> bool {
    let range = answer.headers().get(CONTENT_RANGE).and_then(|v| v.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
    start == Some(size)
}

/// Sends one GET request and follows redirects, but never from HTTPS to HTTP.
async fn get(client: &Client, url: &Url, range: Option<(u64, &str)>) -> Result<Response, DownloadError> {
    let mut place = url.clone();
    for _ in 0..=REDIRECTS {
        // An archive is compressed already, and ranges count the bytes of the unencoded content.
        let mut request = client.pool.get(place.clone()).timeout(PATIENCE).header(ACCEPT_ENCODING, "identity");
        if let Some((from, validator)) = range {
            request = request.header(RANGE, format!("bytes={from}-")).header(IF_RANGE, validator);
        }
        let answer = waiting(client, &place, request.send()).await?;
        let status = answer.status();
        let moved = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
        let (true, Some(to)) = (status.is_redirection() && status != StatusCode::NOT_MODIFIED, moved) else {
            return Ok(answer);
        };
        let to =
            place.join(to).map_err(|_| unavailable(format!("{} moved to what is no address", redacted_url(&place))))?;
        if place.scheme() == "https" && to.scheme() != "https" {
            return Err(unavailable(format!(
                "{} moved to {}, which is not secure",
                redacted_url(&place),
                redacted_url(&to)
            )));
        }
        place = to;
    }
    Err(unavailable(format!("{} moved more than {REDIRECTS} times", redacted_url(url))))
}

async fn next(client: &Client, answer: &mut Response, url: &Url) -> Result<Option<bytes::Bytes>, DownloadError> {
    waiting(client, url, answer.chunk()).await
}

async fn waiting<T>(
    client: &Client,
    url: &Url,
    work: impl Future<Output = reqwest::Result<T>>,
) -> Result<T, DownloadError> {
    let patience = client.settings.request_timeout;
    match tokio::time::timeout(patience, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => {
            Err(DownloadError::Transient(format!("cannot reach the registry: {}", client.failure(&e, url).1)))
        }
        Err(_) => Err(DownloadError::Transient(format!(
            "the registry sent nothing of {} for {} s; try again or raise the request timeout",
            redacted_url(url),
            patience.as_secs_f32()
        ))),
    }
}

fn accepted(answer: &Response, url: &Url) -> Result<(), DownloadError> {
    let status = answer.status();
    let message = format!("the registry answered {status} to {}", redacted_url(url));
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Err(DownloadError::Transient(message)),
        _ if status.is_server_error() => Err(DownloadError::Transient(message)),
        _ => {
            let error = RegistryError::Unavailable(format!("{message}; check the url of --registry"));
            Err(if status == StatusCode::NOT_FOUND {
                DownloadError::NotFound(error)
            } else {
                DownloadError::Permanent(error)
            })
        }
    }
}

fn unavailable(message: String) -> DownloadError {
    DownloadError::Permanent(RegistryError::Unavailable(message))
}

/// The URL of a path below `base`.
pub(crate) fn below(base: &Url, parts: &[&str]) -> Result<Url, RegistryError> {
    let mut url = base.clone();
    let mut path = url.path_segments_mut().map_err(|()| {
        RegistryError::Configuration(format!("the registry's url {} cannot have anything below it", redacted_url(base)))
    })?;
    // A prefix may consist of several folders, or be empty.
    path.pop_if_empty().extend(parts.iter().flat_map(|part| part.split('/')).filter(|part| !part.is_empty()));
    drop(path);
    Ok(url)
}

/// Parses the URL of a registry that is served by HTTP or HTTPS.
pub(crate) fn address(text: &str) -> Result<Url, RegistryError> {
    let wrong = || {
        RegistryError::Configuration(
            "the registry's url is not an address of http, https or file; give one like https://host/providers"
                .to_owned(),
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    match url.scheme() {
        "http" | "https" if url.host_str().is_some() => Ok(url),
        _ => Err(wrong()),
    }
}

/// Opens a downloaded file for reading.
pub(crate) fn open(path: &Path) -> Result<std::fs::File, RegistryError> {
    std::fs::File::open(path).map_err(|e| disk("read", path, &e))
}
