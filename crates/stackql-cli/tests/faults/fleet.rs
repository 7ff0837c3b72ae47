//! What the API of the documents holds: in each account and region some machines, each with some disks, one a page.

use crate::api::response;

pub(crate) const ACCOUNTS: [&str; 2] = ["a1", "a2"];
pub(crate) const REGIONS: [&str; 2] = ["r1", "r2"];
/// How many pages each list has.
pub(crate) const PAGES: usize = 3;

/// A page that is asked for: of the machines of an account and region, or of the disks of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The machine's number, where its disks are asked for.
    pub(crate) machine: Option<usize>,
    /// From 1.
    pub(crate) number: usize,
}

impl Page {
    /// What a request's target asks for.
    pub(crate) fn from_target(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let number = query.strip_prefix("pageToken=").map_or(1, |token| token.parse().unwrap());
        let steps: Vec<&str> = path.split(['/', '-']).collect();
        let (account, region, machine) = match steps.as_slice() {
            ["", "accounts", account, "regions", region, "machines"] => (account, region, None),
            ["", "machines", account, region, machine, "disks"] => (account, region, Some(machine.parse().unwrap())),
            _ => unreachable!("{target} is not in the documents"),
        };
        Self { account: (*account).to_owned(), region: (*region).to_owned(), machine, number }
    }

    /// All pages of machines.
    pub(crate) fn machines() -> impl Iterator<Item = Self> {
        let places = ACCOUNTS.into_iter().flat_map(|account| REGIONS.map(|region| (account, region)));
        places.flat_map(|(account, region)| {
            (1..=PAGES).map(|number| Self {
                account: account.to_owned(),
                region: region.to_owned(),
                machine: None,
                number,
            })
        })
    }

    /// All pages of the disks of the machine on this page.
    pub(crate) fn disks(self) -> impl Iterator<Item = Self> {
        (1..=PAGES).map(move |number| Self { machine: Some(self.number), number, ..self.clone() })
    }

    /// The id of the machine that this page has, or whose disk it has.
    pub(crate) fn machine_id(&self) -> String {
        format!("{}-{}-{}", self.account, self.region, self.machine.unwrap_or(self.number))
    }

    /// What its list was asked for with, as messages say it.
    pub(crate) fn given(&self) -> String {
        match self.machine {
            None => format!("account = '{}', region = '{}'", self.account, self.region),
            Some(_) => format!("machine = '{}'", self.machine_id()),
        }
    }

    /// The answer, as it should be.
    pub(crate) fn response(&self) -> String {
        let row = match self.machine {
            None => format!(r#"{{"id": "{}", "cores": {}}}"#, self.machine_id(), self.number),
            Some(_) => format!(r#"{{"id": "d{}"}}"#, self.number),
        };
        let next = match self.number {
            PAGES => String::new(),
            number => format!(r#", "nextPageToken": "{}""#, number + 1),
        };
        response("200 OK", &format!(r#"{{"items": [{row}]{next}}}"#))
    }
}
