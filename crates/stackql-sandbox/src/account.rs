//! Accounts: each has resources of its own in each region. Owns the state that the simulated services do not hold.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use winterbaume_core::{MockRequest, MockResponse, MockService, default_account_id};

use crate::api_error::ApiError;
use crate::element::Element;
use crate::form::Form;
use crate::resource_kind::Kind;
use crate::tags::Tags;

/// The simulated services of one account, which hold their state by region.
pub(crate) struct Account {
    number: String,
    ec2: winterbaume_ec2::Ec2Service,
    sts: winterbaume_sts::StsService,
    regions: Mutex<HashMap<String, Arc<tokio::sync::Mutex<RegionState>>>>,
}

impl Account {
    fn new(number: String) -> Self {
        let (ec2, sts) = (winterbaume_ec2::Ec2Service::new(), winterbaume_sts::StsService::new());
        Self { number, ec2, sts, regions: Mutex::default() }
    }

    /// The additional state of a region. Requests hold its lock while they are processed, which serializes them per
    /// region.
    pub(crate) fn notes(&self, region: &str) -> Arc<tokio::sync::Mutex<RegionState>> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(regions.entry(region.to_owned()).or_default())
    }
}

/// State of a region that the simulated services do not hold.
#[derive(Debug, Default)]
pub(crate) struct RegionState {
    pub(crate) tags: Tags,
    /// Requests with a client token and their responses, by action and token.
    pub(crate) answered: HashMap<(String, String), (Form, Element)>,
}

/// The services of an account in one region.
#[derive(Clone, Copy)]
pub(crate) struct Region<'a> {
    pub(crate) account: &'a Account,
    pub(crate) name: &'a str,
}

impl Region<'_> {
    /// The account number.
    pub(crate) fn number(&self) -> &str {
        &self.account.number
    }

    /// Sends a request to a simulated service and returns its response.
    ///
    /// # Errors
    ///
    /// The service is unknown or returned an error.
    pub(crate) async fn call(&self, service: &str, form: &Form) -> Result<Element, ApiError> {
        let simulated: &dyn MockService = match service {
            "ec2" => &self.account.ec2,
            "sts" => &self.account.sts,
            _ => return Err(ApiError::new("UnknownService", format!("There is no service '{service}' here"))),
        };
        let request = MockRequest {
            method: "POST".to_owned(),
            uri: format!("https://{service}.{}.amazonaws.com/", self.name),
            headers: http::HeaderMap::new(),
            body: form.encoded().into(),
        };
        let MockResponse { status, body, .. } = simulated.handle(request).await;
        // Some actions have an empty response.
        let nothing = || Element::with_children(&format!("{}Response", form.get("Action").unwrap_or_default()), []);
        let mut answer = Element::parse(&String::from_utf8_lossy(&body)).unwrap_or_else(nothing);
        if let Some(refusal) = ApiError::from_response(status, &answer) {
            return Err(refusal);
        }
        // The simulated services use one fixed account number.
        answer.each(&mut |element| {
            if !matches!(element.name.as_str(), "description" | "value" | "key") {
                element.text = element.text.replace(default_account_id(), &self.account.number);
            }
        });
        Ok(answer)
    }

    /// All resources of a kind, as the simulated service lists them.
    pub(crate) async fn all(&self, kind: &Kind) -> Result<Vec<Element>, ApiError> {
        let mut answer = self.call("ec2", &Form::default().with("Action", kind.describe)).await?;
        Ok(answer
            .children
            .iter_mut()
            .find(|c| c.name == kind.list)
            .map(|list| std::mem::take(&mut list.children))
            .unwrap_or_default())
    }

    /// The resource of a kind with this id.
    pub(crate) async fn find(&self, kind: &Kind, id: &str) -> Result<Option<Element>, ApiError> {
        Ok(self.all(kind).await?.into_iter().find(|row| row.text_of(kind.id) == id))
    }
}

/// All accounts; an unknown access key creates one.
#[derive(Default)]
pub(crate) struct Accounts {
    by_number: Mutex<HashMap<String, Arc<Account>>>,
    /// Account numbers of access keys that this endpoint issued.
    issued: Mutex<HashMap<String, String>>,
}

impl Accounts {
    /// The account of an access key.
    pub(crate) fn for_access_key(&self, access_key: &str) -> Arc<Account> {
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner).get(access_key).cloned();
        let number = issued.unwrap_or_else(|| number(access_key));
        let mut accounts = self.by_number.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.entry(number.clone()).or_insert_with(|| Arc::new(Account::new(number))))
    }

    /// Assigns an issued access key to an account.
    pub(crate) fn issue(&self, access_key: &str, number: &str) {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.insert(access_key.to_owned(), number.to_owned());
    }
}

/// The account number for an access key: the key itself if it is a number, otherwise one derived from its hash.
fn number(access_key: &str) -> String {
    if access_key.len() == 12 && access_key.bytes().all(|b| b.is_ascii_digit()) {
        return access_key.to_owned();
    }
    let sum = access_key
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{:012}", sum % 1_000_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_an_account() {
        assert_eq!(number("123456789012"), "123456789012");
        assert_eq!(number("test"), number("test"));
        assert_ne!(number("test"), number("tesu"));
        assert_eq!(number("").len(), 12);
        let accounts = Accounts::default();
        accounts.issue("temporary", "000000000042");
        assert!(Arc::ptr_eq(&accounts.for_access_key("temporary"), &accounts.for_access_key("000000000042")));
    }
}
