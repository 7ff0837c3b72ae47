//! The endpoint as a client over HTTP meets it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod client;
mod faults;
mod lists;
mod mirroring;
mod scopes;
mod world;

use stackql_sandbox::{Options, Sandbox};

use client::Client;

/// An endpoint as it comes, and a client of it.
async fn start() -> (Sandbox, Client) {
    start_with(Options::default()).await
}

async fn start_with(options: Options) -> (Sandbox, Client) {
    let sandbox = Sandbox::start(options).await.unwrap();
    let client = Client::for_sandbox(&sandbox);
    (sandbox, client)
}
