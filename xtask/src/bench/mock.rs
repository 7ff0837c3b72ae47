//! An EC2-compatible endpoint on loopback with minimal cost: responses are assembled from prepared rows.
//!
//! It checks no signatures and supports three operations; `stackql sandbox` is the realistic one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio_rustls::TlsAcceptor;

use super::asked::Asked;
use super::endpoint::Endpoint;

/// Maximum number of rows per response of the real API.
pub(super) const PAGE: usize = 1000;

/// The regions that `DescribeRegions` returns.
pub(super) const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The running endpoint; it stops when dropped.
#[derive(Debug)]
pub(super) struct Mock {
    endpoint: Endpoint,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    asked: Asked,
    connections: AtomicU64,
    /// Whether each connection is closed after its first response.
    is_hasty: AtomicBool,
    served: Mutex<Arc<Served>>,
}

/// The current content, which is the same in every region.
#[derive(Debug, Default)]
struct Served {
    volumes: Vec<String>,
    /// Maximum number of volumes per page.
    page: usize,
    latency: Duration,
}

impl Mock {
    /// Starts on a free port.
    pub(super) fn start() -> Result<Self, String> {
        Self::open(None)
    }

    /// Starts with TLS on a free port.
    pub(super) fn start_secure(acceptor: TlsAcceptor) -> Result<Self, String> {
        Self::open(Some(acceptor))
    }

    fn open(acceptor: Option<TlsAcceptor>) -> Result<Self, String> {
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let counted = Arc::clone(&shared);
        let connected = move || {
            counted.connections.fetch_add(1, Ordering::Relaxed);
        };
        Ok(Self { endpoint: Endpoint::open(router, acceptor, connected)?, shared })
    }

    pub(super) fn url(&self) -> &str {
        self.endpoint.url()
    }

    /// Sets the number of volumes per region, the maximum page size, and the minimum latency.
    pub(super) fn serve(&self, volumes: usize, page: usize, latency: Duration) {
        let served = Served { volumes: (0..volumes).map(volume).collect(), page, latency };
        *self.shared.served.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }

    /// Sets whether each connection is closed after its first response.
    pub(super) fn close_each(&self, is_hasty: bool) {
        self.shared.is_hasty.store(is_hasty, Ordering::Relaxed);
    }

    /// Number of requests so far.
    pub(super) fn calls(&self) -> u64 {
        self.request_log().count() as u64
    }

    pub(super) fn request_log(&self) -> &Asked {
        &self.shared.asked
    }

    /// Number of connections so far.
    pub(super) fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, form: String) -> Response {
    // Requests for different regions differ only in the signature.
    shared.asked.note(format!("{} {form}", signed_for(&headers).unwrap_or_default()), false);
    let served = Arc::clone(&shared.served.lock().unwrap_or_else(PoisonError::into_inner));
    tokio::time::sleep(served.latency).await;
    let (status, body) = match field(&form, "Action") {
        Some("DescribeVolumes") => (StatusCode::OK, volumes(&served, &form)),
        Some("DescribeVolumeAttribute") => (StatusCode::OK, attribute(field(&form, "VolumeId").unwrap_or_default())),
        Some("DescribeRegions") => (StatusCode::OK, regions()),
        _ => (StatusCode::BAD_REQUEST, UNKNOWN_ACTION.to_owned()),
    };
    let mut answer = (status, [(header::CONTENT_TYPE, "text/xml;charset=UTF-8")], body).into_response();
    if shared.is_hasty.load(Ordering::Relaxed) {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

const UNKNOWN_ACTION: &str = "<Response><Errors><Error><Code>InvalidAction</Code>\
    <Message>The benchmark's endpoint knows DescribeVolumes, DescribeVolumeAttribute and \
    DescribeRegions</Message></Error></Errors>\
    <RequestID>bench</RequestID></Response>";

/// The region in `Credential=KEY/DATE/REGION/SERVICE/…`.
fn signed_for(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.split('/').nth(2)
}

/// A field of a form; the fields read here need no decoding.
fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').filter_map(|pair| pair.split_once('=')).find_map(|(key, value)| (key == name).then_some(value))
}

fn volumes(served: &Served, form: &str) -> String {
    let Served { volumes: all, page, .. } = served;
    let number = |name| field(form, name).and_then(|text| text.parse().ok());
    let first = number("NextToken").unwrap_or(0).min(all.len());
    let end = all.len().min(first + number("MaxResults").unwrap_or(*page).min(*page));
    let next = if end < all.len() { format!("<nextToken>{end}</nextToken>") } else { String::new() };
    let items = all[first..end].concat();
    document("DescribeVolumes", &format!("<volumeSet>{items}</volumeSet>{next}"))
}

fn attribute(volume: &str) -> String {
    let content = format!("<volumeId>{volume}</volumeId><autoEnableIO><value>false</value></autoEnableIO>");
    document("DescribeVolumeAttribute", &content)
}

fn regions() -> String {
    let items = REGIONS.map(|region| {
        format!(
            "<item><regionName>{region}</regionName><regionEndpoint>ec2.{region}.amazonaws.com</regionEndpoint>\
             <optInStatus>opt-in-not-required</optInStatus></item>"
        )
    });
    document("DescribeRegions", &format!("<regionInfo>{}</regionInfo>", items.concat()))
}

fn document(operation: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response \
         xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>bench</requestId>{content}</{operation}Response>"
    )
}

/// A row with the typical content of a volume in use: an attachment and two tags.
fn volume(number: usize) -> String {
    format!(
        "<item><volumeId>vol-{number:017x}</volumeId><size>{}</size><snapshotId>snap-{number:017x}</snapshotId>\
         <availabilityZone>us-east-1a</availabilityZone><status>in-use</status>\
         <createTime>2024-05-01T10:20:30.{:03}Z</createTime><attachmentSet><item><volumeId>vol-{number:017x}</volumeId>\
         <instanceId>i-{number:017x}</instanceId><device>/dev/sda1</device><status>attached</status>\
         <attachTime>2024-05-01T10:20:31.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></item>\
         </attachmentSet><tagSet><item><key>Name</key><value>disk {number}</value></item><item><key>team</key>\
         <value>payments &amp; fraud</value></item></tagSet><volumeType>gp3</volumeType><iops>3000</iops>\
         <encrypted>true</encrypted><multiAttachEnabled>false</multiAttachEnabled><throughput>125</throughput></item>",
        8 + number % 1000,
        number % 1000,
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::{Mock, PAGE, REGIONS, Served, field, signed_for, volume, volumes};

    fn post(mock: &Mock, form: &str) -> String {
        ask(mock, "connection: close", form)
    }

    /// Everything that the endpoint writes until it closes the connection.
    fn ask(mock: &Mock, header: &str, form: &str) -> String {
        let mut stream = TcpStream::connect(mock.url().trim_start_matches("http://")).unwrap();
        let length = form.len();
        write!(stream, "POST / HTTP/1.1\r\nhost: x\r\n{header}\r\ncontent-length: {length}\r\n\r\n{form}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn it_answers_over_http_and_counts() {
        let mock = Mock::start().unwrap();
        mock.serve(3, PAGE, Duration::ZERO);
        let answer = post(&mock, "Action=DescribeVolumes&Version=2016-11-15");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert_eq!(answer.matches("<size>").count(), 3);
        assert_eq!(post(&mock, "Action=DescribeRegions").matches("<regionName>").count(), REGIONS.len());
        assert!(post(&mock, "Action=RunInstances").starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert_eq!((mock.calls(), mock.connections()), (3, 3));
    }

    #[test]
    fn a_hasty_endpoint_closes_behind_an_answer() {
        let mock = Mock::start().unwrap();
        mock.close_each(true);
        let answer = ask(&mock, "connection: keep-alive", "Action=DescribeVolumeAttribute&VolumeId=vol-7");
        assert!(answer.contains("<volumeId>vol-7</volumeId>"), "{answer}");
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all = Served { volumes: (0..PAGE + 2).map(volume).collect(), page: PAGE, latency: Duration::ZERO };
        let first = volumes(&all, "Action=DescribeVolumes&MaxResults=5000");
        assert_eq!(first.matches("<size>").count(), PAGE);
        assert!(first.contains("<nextToken>1000</nextToken>"));
        let last = volumes(&all, "Action=DescribeVolumes&NextToken=1000");
        assert_eq!(last.matches("<size>").count(), 2);
        assert!(!last.contains("<nextToken>"));
        assert_eq!(volumes(&all, "MaxResults=5").matches("<size>").count(), 5);
    }

    #[test]
    fn the_region_is_read_from_the_signature() {
        let value =
            "AWS4-HMAC-SHA256 Credential=test/20240501/eu-west-3/ec2/aws4_request, SignedHeaders=host, Signature=0";
        let mut headers = axum::http::HeaderMap::new();
        assert_eq!(signed_for(&headers), None);
        headers.insert("authorization", value.parse().unwrap());
        assert_eq!(signed_for(&headers), Some("eu-west-3"));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field("NoAction=1&Action=DescribeRegions", "Action"), Some("DescribeRegions"));
        assert_eq!(field("NoAction=1", "Action"), None);
    }
}
