//! The worlds below `testdata/auth` that are about requests, and what is sent in each: `sent.txt`.
//!
//! Every secret has the word `hush` in it, which must be in nothing that is printed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use stackql_call::{Bindings, Operation, Request, Transport, bind};
use stackql_provider::{Auth, Method, Provider, RequestShape, Resource, ResponseShape, Service, Verb};

use super::*;
use crate::world::{World, compare, folders};

#[tokio::test]
async fn every_world_sends_its_credentials() {
    let folders = folders(true);
    assert!(folders.len() >= 45, "only {} worlds", folders.len());
    // Few at a time: making clients and keys must not keep servers from answering in time.
    let sent: Vec<String> = stream::iter(&folders).map(|folder| sent(folder)).buffered(4).collect().await;
    compare("sent.txt", &folders.into_iter().zip(sent).collect::<Vec<(PathBuf, String)>>());
}

/// What a world comes to, as `sent.txt` has it.
async fn sent(folder: &Path) -> String {
    let world = World::open(folder).await;
    let endpoint_url = Some(format!("{}/api", world.server.url));
    // Without a look at the system's certificates, which takes longer than all the rest.
    let settings = Settings { endpoint_url, max_attempts: 1, allow_insecure: true, ..world.settings.clone() };
    let client = Client::new(settings).unwrap();
    let auth = world.definitions().unwrap_or_default();
    let request = request(auth.clone(), "GET");
    let answer = tokio::time::timeout(Duration::from_secs(10), client.send(&request)).await.unwrap();
    let authoriser = client.authorisers.for_service(&client.settings, "p", &auth);
    let printed = format!("{client:?} {authoriser:?} {answer:?}");
    assert!(!printed.contains("hush"), "{}: {printed}", folder.display());
    let said = match answer {
        Ok(answer) => format!("answered {}\n", answer.status),
        Err(error) => format!("{:?}: {}\n", error.kind, error.message),
    };
    world.emptied(&(world.server.calls() + &said + &world.server.complaints()))
}

/// A request to provider `p` that `auth` is about.
pub(super) fn request(auth: Auth, http_method: &str) -> Request {
    let method = Method {
        name: "List".into(),
        operation: "List".into(),
        verb: Verb::Select,
        request: RequestShape { http_method: http_method.into(), ..RequestShape::default() },
        description: String::new(),
        parameters: Vec::new(),
        response: ResponseShape::default(),
        paging: None,
        ..Method::default()
    };
    let provider = Provider { name: "p".into(), ..Provider::default() };
    let service = Service { auth, ..Service::default() };
    let resource = Resource { methods: vec![method], ..Resource::default() };
    let operation = Operation::new(provider.into(), service.into(), resource.into(), "List").unwrap();
    let call = bind(operation.into(), &Bindings::new(), &mut || "token-1".to_owned()).unwrap();
    stackql_call::request(&call, None, None).unwrap()
}
