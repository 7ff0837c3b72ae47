//! The pages of a call that are on their way before anybody reads them: each is asked for as soon as the one before says
//! where, and decoded beside the others. Owns how far that goes ahead; what pages mean is the reader's.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::runtime::SpawnedTask;
use stackql_call::{AnswerError, Cursor, Page, is_long, onward, page};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};

use super::{Answered, Reading};
use crate::error::Error;

/// A page that was asked for.
pub(super) struct Coming {
    /// Where it starts.
    pub(super) cursor: Cursor,
    pub(super) answered: Result<Decoding, Error>,
    /// Those behind it; `None` where there are none that are on their way.
    pub(super) rest: Option<Chain>,
}

/// An answer that may be decoded already.
pub(super) struct Decoding {
    pub(super) answered: Answered,
    decoding: Option<SpawnedTask<Result<Page, AnswerError>>>,
}

impl Decoding {
    /// Begins to decode where that takes long.
    pub(super) fn of(reading: &Arc<Reading>, cursor: Option<&Cursor>, answered: Answered) -> Self {
        let decoding = is_long(&answered.response).then(|| {
            let (reading, cursor, response) = (Arc::clone(reading), cursor.cloned(), answered.response.clone());
            SpawnedTask::spawn(async move { page(&reading.call, &reading.plan, cursor.as_ref(), &response) })
        });
        Self { answered, decoding }
    }

    /// The page, or why it is none.
    pub(super) async fn page(&mut self, reading: &Reading, cursor: Option<&Cursor>) -> Result<Page, Error> {
        match self.decoding.take() {
            None => Ok(page(&reading.call, &reading.plan, cursor, &self.answered.response)?),
            Some(decoding) => {
                Ok(decoding.join_unwind().await.map_err(|_| Error::statement("a call was given up"))??)
            }
        }
    }
}

/// Pages on their way. Those that nobody takes are given up when it is dropped.
pub(super) struct Chain {
    links: Receiver<Link>,
    _asking: SpawnedTask<()>,
}

struct Link {
    cursor: Cursor,
    answered: Result<Decoding, Error>,
    is_last: bool,
}

impl Chain {
    /// Asks for the page at `cursor` and for those behind it, as far as answers say before they are decoded where these
    /// are, and they are not among the `seen`. `most` is how many pages it may ask for.
    pub(super) fn new(reading: Arc<Reading>, cursor: Cursor, mut seen: HashSet<Cursor>, most: Option<usize>) -> Self {
        // Each thread can decode a page while one more is on its way.
        let (sender, links) = channel(Handle::current().metrics().num_workers());
        let asking = SpawnedTask::spawn(async move {
            let (mut next, mut asked) = (Some(cursor), 0);
            while let Some(cursor) = next.take() {
                // As many as have their place are there, and nobody takes them.
                let Ok(place) = sender.reserve().await else { return };
                asked += 1;
                let answered = reading.ask(Some(&cursor), None).await.map(|answered| {
                    next = onward(&reading.call, Some(&cursor), &answered.response);
                    Decoding::of(&reading, Some(&cursor), answered)
                });
                seen.insert(cursor.clone());
                next = next.filter(|next| !seen.contains(next) && most.is_none_or(|most| asked < most));
                place.send(Link { cursor, answered, is_last: next.is_none() });
            }
        });
        Self { links, _asking: asking }
    }

    /// The next page.
    pub(super) async fn next(mut self) -> Option<Coming> {
        let Link { cursor, answered, is_last } = self.links.recv().await?;
        Some(Coming { cursor, answered, rest: (!is_last).then_some(self) })
    }
}
