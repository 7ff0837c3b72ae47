use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::provider::{self, future};

use super::*;

/// Counts how often it is asked, takes its time, and gives keys or fails.
#[derive(Debug)]
struct Counted {
    asked: Arc<AtomicUsize>,
    keys: Option<Credentials>,
}

impl ProvideCredentials for Counted {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let keys: provider::Result = self.keys.clone().ok_or_else(|| CredentialsError::not_loaded("nobody home"));
            keys
        })
    }
}

/// How often a source is asked when 17 scopes want it, 8 at a time; and what they get.
async fn lookups(keys: Option<Credentials>) -> (usize, Vec<Result<Credentials, String>>) {
    use futures::StreamExt;
    let asked = Arc::new(AtomicUsize::new(0));
    let (source, keys) = (CredentialSource::default(), &keys);
    let results = futures::stream::iter(0..17)
        .map(|_| {
            let provider = Counted { asked: Arc::clone(&asked), keys: keys.clone() };
            source.credentials(async move { Ok(SharedCredentialsProvider::new(provider)) })
        })
        .buffered(8)
        .collect()
        .await;
    (asked.load(Ordering::SeqCst), results)
}

#[tokio::test]
async fn one_look_up_serves_all_scopes_whether_it_succeeds_or_fails() {
    let (times, results) = lookups(None).await;
    assert_eq!(times, 1);
    assert!(results.iter().all(|r| r.as_ref().is_err_and(|m| m.contains("nobody home"))), "{results:?}");
    let (times, results) = lookups(Some(Credentials::new("K", "s", None, None, "test"))).await;
    assert_eq!(times, 1);
    assert!(results.iter().all(|r| r.as_ref().is_ok_and(|c| c.access_key_id() == "K")));
}

#[tokio::test]
async fn credentials_about_to_expire_are_asked_for_again() {
    let soon = SystemTime::now() + Duration::from_secs(30);
    let (times, _) = lookups(Some(Credentials::new("K", "s", None, Some(soon), "test"))).await;
    assert_eq!(times, 17);
}
