use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::Fleet;
use super::bucket::Bucket;
use super::lists::{ITEMS, MACHINES, page};

fn get(fleet: &Fleet, path: &str) -> String {
    let mut stream = TcpStream::connect(fleet.url().trim_start_matches("http://")).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_answers_over_http_and_notes_what_it_was_asked() {
    let fleet = Fleet::start().unwrap();
    assert!(get(&fleet, "/events?pageToken=7").contains(r#""nextPageToken":"8""#));
    assert!(get(&fleet, "/nothing").starts_with("HTTP/1.1 404 "));
    let asked: Vec<String> = fleet.request_log().take().into_iter().map(|request| request.what).collect();
    assert_eq!(asked, ["/events?pageToken=7", "/nothing"]);
}

#[test]
fn beyond_what_it_allows_it_refuses_and_says_when_to_come_back() {
    let fleet = Fleet::start().unwrap();
    fleet.allow(Duration::ZERO, Bucket::new(1.0, 0.001));
    assert!(get(&fleet, "/zones").starts_with("HTTP/1.1 200 "));
    let refused = get(&fleet, "/zones");
    assert!(refused.starts_with("HTTP/1.1 429 "), "{refused}");
    let wait = refused.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap();
    assert!((900..=1000).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    let refusals: Vec<bool> = fleet.request_log().take().iter().map(|request| request.is_refused).collect();
    assert_eq!(refusals, [false, true]);
}

#[test]
fn pages_follow_one_another_to_the_end() {
    let path = "/accounts/1/regions/west/machines";
    let (mut token, mut ids) = (None, Vec::new());
    loop {
        let body: serde_json::Value = serde_json::from_str(&page(path, token.as_deref()).unwrap()).unwrap();
        ids.extend(body["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        token = body["nextPageToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..MACHINES.all_rows()).map(|id| format!("1-west-{id}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(page(path, Some("2")), None);
}

#[test]
fn an_item_is_as_large_as_it_is_said_to_be() {
    let body = page("/items", None).unwrap();
    let rows: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(rows["rows"].as_array().unwrap().len(), ITEMS.rows);
    assert!((1450..1550).contains(&(body.len() / ITEMS.rows)), "{}", body.len() / ITEMS.rows);
}
