//! Ctrl-C while an answer is awaited: the program ends, and its requests are given up.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use super::stackql;

#[test]
fn ctrl_c_gives_up_what_is_in_flight() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (asked, was_asked) = mpsc::channel();
    // Never answers; says when the request is there, and ends when the connection does.
    let endpoint = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut chunk = [0; 4096];
        assert!(stream.read(&mut chunk).unwrap() > 0);
        asked.send(()).unwrap();
        while stream.read(&mut chunk).is_ok_and(|count| count > 0) {}
    });
    let statement = "SELECT count(*) FROM aws.ec2.vpcs WHERE region = 'us-east-1'; SELECT 1";
    let run = stackql(&["exec", statement, "--endpoint-url", &address])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    was_asked.recv().unwrap();
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    endpoint.join().unwrap();
}
