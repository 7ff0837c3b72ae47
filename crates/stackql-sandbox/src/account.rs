//! Accounts: each access key has resources of its own, in each region.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use winterbaume_core::{MockRequest, MockResponse, MockService};

/// The services as one access key sees them; they hold their state by region.
pub(crate) struct Account {
    ec2: winterbaume_ec2::Ec2Service,
    sts: winterbaume_sts::StsService,
}

impl Account {
    /// What a service answers; nothing if there is no such service.
    pub(crate) async fn call(&self, service: &str, request: MockRequest) -> Option<MockResponse> {
        let service: &dyn MockService = match service {
            "ec2" => &self.ec2,
            "sts" => &self.sts,
            _ => return None,
        };
        Some(service.handle(request).await)
    }
}

/// All accounts by access key; an unknown key opens one.
#[derive(Default)]
pub(crate) struct Accounts(Mutex<HashMap<String, Arc<Account>>>);

impl Accounts {
    /// The account of an access key.
    pub(crate) fn of(&self, access_key: &str) -> Arc<Account> {
        let mut accounts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(access_key.to_owned()).or_insert_with(|| {
            let ec2 = winterbaume_ec2::Ec2Service::new();
            Arc::new(Account { ec2, sts: winterbaume_sts::StsService::new() })
        });
        Arc::clone(account)
    }
}
