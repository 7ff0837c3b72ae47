//! The worlds below `testdata/auth` that are about keys, and the credentials found in each: `expect.txt`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_credential_types::Credentials;
use futures::stream::{self, StreamExt};
use stackql_provider::Auth;

use super::*;
use crate::auth::{Authenticators, SIGNED};
use crate::carrier::Carrier;
use crate::world::{World, compare, folders};

/// The same sentence ends every failure of the chain; its own test is below.
const TRIED: &str = "; tried the variables";

#[tokio::test]
async fn every_world_gives_its_credentials() {
    let folders = folders(false);
    assert!(folders.len() >= 20, "only {} worlds", folders.len());
    // One pool, and few at a time: making clients must not keep servers from answering in time.
    let carrier = Carrier(reqwest::Client::new());
    let found: Vec<String> = stream::iter(&folders).map(|folder| found(folder, &carrier)).buffered(4).collect().await;
    compare("expect.txt", &folders.into_iter().zip(found).collect::<Vec<(PathBuf, String)>>());
}

/// What a world comes to, as `expect.txt` has it.
async fn found(folder: &Path, carrier: &Carrier) -> String {
    let world = World::open(folder).await;
    let settings = &world.settings;
    let credentials = match Profile::load(&settings.environment) {
        Ok(profile) => {
            let signed = || Auth { scheme: SIGNED.into(), ..Auth::default() };
            let auth = world.definitions().unwrap_or_else(signed);
            let authoriser = Authenticators::default().for_service(settings, "p", &auth).unwrap();
            let (sources, source) = (CredentialSources::default(), authoriser.keys().unwrap());
            let asked = sources.credentials(&authoriser, source, settings, &profile, carrier);
            tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap()
        }
        Err(message) => Err(message),
    };
    let said = match credentials {
        Ok(credentials) => display(&credentials),
        Err(message) => match message.split_once(TRIED) {
            Some((why, _)) => format!("error: {why}{TRIED} ...\n"),
            None => format!("error: {message}\n"),
        },
    };
    world.emptied(&said) + &world.server.complaints()
}

fn display(credentials: &Credentials) -> String {
    format!(
        "access key: {}\nsecret: {}\nsession token: {}\nexpires: {}\n",
        credentials.access_key_id(),
        credentials.secret_access_key(),
        credentials.session_token().unwrap_or("none"),
        if credentials.expiry().is_some() { "yes" } else { "no" },
    )
}
