//! Programs that every machine has, run for real.

use std::time::{Duration, Instant};

use stackql_call::{Bindings, FaultKind, Request, Transport, TransportError, fault};
use stackql_provider::{Auth, Protocol, Resource};

use super::*;
use crate::Client;
use crate::world::{method_of, request_of};

fn settings() -> Settings {
    let environment = [("PATH".to_owned(), std::env::var("PATH").unwrap())].into();
    Settings { environment, allow_local_exec: true, request_timeout: Duration::from_secs(20), ..Settings::default() }
}

fn request(program: &str, arguments: &[&str]) -> Request {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let medium = Protocol::Command { program: program.to_owned(), chosen: None, arguments };
    let resource = Resource { name: "r".into(), methods: vec![method_of(medium, Vec::new())], ..Resource::default() };
    request_of(resource, Auth::default(), &Bindings::new(), None)
}

async fn sent(settings: Settings, program: &str, arguments: &[&str]) -> Result<Response, TransportError> {
    Client::new(settings).unwrap().send(&request(program, arguments)).await
}

fn printed(response: &Response) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

#[tokio::test]
async fn what_a_program_prints_is_the_answer_and_no_shell_reads_its_words() {
    let word = "$HOME `id` * ; exit 7 'x\"";
    let response = sent(settings(), "printf", &["%s|%s", word, ""]).await.unwrap();
    assert_eq!((response.status, printed(&response)), (200, format!("{word}|").as_str()));
    let [attempt] = response.attempts.as_slice() else { unreachable!("one attempt: {response:?}") };
    assert_eq!((attempt.url.as_str(), attempt.status, attempt.error.as_deref()), ("exec:printf", Some(200), None));
    assert_eq!(attempt.bytes, response.body.len() as u64);
}

#[tokio::test]
async fn a_program_has_nothing_to_read_and_may_print_nothing() {
    let response = sent(settings(), "cat", &[]).await.unwrap();
    assert_eq!((response.status, printed(&response)), (204, ""));
}

#[tokio::test]
async fn a_program_gets_the_variables_of_the_settings_alone() {
    let mut settings = settings();
    settings.environment.insert("SHIP".to_owned(), "Anna".to_owned());
    let response = sent(settings.clone(), "env", &[]).await.unwrap();
    let mut lines: Vec<&str> = printed(&response).lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, [format!("PATH={}", settings.environment["PATH"]).as_str(), "SHIP=Anna"]);
}

#[tokio::test]
async fn nothing_runs_unless_the_settings_allow_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    let refused = sent(Settings { allow_local_exec: false, ..settings() }, "touch", &[file.to_str().unwrap()]).await;
    let error = refused.unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Configuration, 0));
    let said = "provider p runs programs of this machine, here touch, and that is not allowed; pass --allow-local-exec";
    assert!(error.message.starts_with(said), "{error}");
    assert!(!file.exists());
    sent(settings(), "touch", &[file.to_str().unwrap()]).await.unwrap();
    assert!(file.exists());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for program in ["no-such-program", "./no-such-program", "/no-such-program"] {
        let error = sent(settings(), program, &[]).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Configuration);
        assert_eq!(error.message, format!("there is no program {program} on PATH; install it"));
    }
}

#[tokio::test]
async fn a_program_that_fails_is_an_error_with_its_code_and_what_it_said() {
    let script = "echo half a row; echo 'no such key.' >&2; exit 3";
    let request = request("sh", &["-c", script]);
    let response = Client::new(settings()).unwrap().send(&request).await.unwrap();
    let fault = fault(&request.operation, None, &response).unwrap();
    assert_eq!(fault.to_string(), "p.s.r: exit code 3: sh: no such key");
    assert_eq!((fault.kind, fault.code.as_str()), (FaultKind::Server, "exit code 3"));
    let killed = sent(settings(), "sh", &["-c", "kill -9 $$"]).await.unwrap();
    assert!(printed(&killed).contains(r#""code":"killed""#), "{}", printed(&killed));
}

#[tokio::test]
async fn a_long_complaint_is_cut_and_stops_nobody() {
    let response = sent(settings(), "sh", &["-c", "head -c 300000 /dev/zero >&2; echo ok"]).await.unwrap();
    assert_eq!(printed(&response), "ok\n");
    let response = sent(settings(), "sh", &["-c", "yes 'too bad' | head -n 90000 >&2; exit 1"]).await.unwrap();
    assert!(response.body.len() < 1000, "{}", printed(&response));
}

#[tokio::test]
async fn a_program_that_prints_without_end_is_stopped() {
    let settings = settings();
    let path = resolve_program(&settings, "p", "yes").unwrap();
    let (kind, message) = run_within(&settings, &path, "yes", &[], 100_000).await.unwrap_err();
    assert_eq!(kind, TransportErrorKind::Configuration);
    assert_eq!(message, "yes printed more than 100000 bytes and was stopped; ask for less");
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped() {
    let started = Instant::now();
    let settings = Settings { request_timeout: Duration::from_millis(200), ..settings() };
    let error = sent(settings, "sleep", &["60"]).await.unwrap_err();
    assert_eq!((error.kind, error.attempts.len()), (TransportErrorKind::Timeout, 1));
    assert_eq!(error.message, "sleep did not end within 0.2 s and was stopped; raise the request timeout");
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_program_ends_with_whoever_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, ended) = (folder.path().join("begun"), folder.path().join("ended"));
    let script = format!("touch '{}'; sleep 0.5; touch '{}'", begun.display(), ended.display());
    let waiting = tokio::spawn(async move { sent(settings(), "sh", &["-c", &script]).await.map(|_| ()) });
    while !begun.exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!ended.exists());
}
