//! `stackql demo`: shows and runs the tour. Owns its order and what is said; the tour itself is data.

mod tour;

use std::collections::BTreeMap;

use stackql_engine::Session;

use crate::ending::{Ending, Stop};
use crate::statements::{Results, unless_cancelled};

const TOUR: &str = include_str!("demo/tour.sql");

/// Runs the tour through a session. A step that does not end as planned ends the tour.
pub(crate) async fn run(session: &Session, results: &mut Results) -> Result<Ending, Stop> {
    let mut kept = BTreeMap::new();
    for step in tour::steps(TOUR) {
        for line in &step.narration {
            results.note(&format!("-- {line}"))?;
        }
        let statement = tour::filled(step.statement, &kept);
        results.note(&format!("stackql  >> {statement};"))?;
        let Some(ending) = unless_cancelled(Box::pin(results.run(session, &statement))).await else {
            return Ok(Ending::Cancelled);
        };
        let planned = if step.fails { Ending::Failed } else { Ending::Complete };
        if ending? != planned {
            return Err(Stop::Told("the tour ends here: this step went otherwise than planned".to_owned()));
        }
        if let Some((name, column)) = step.keep {
            let value = results.first(column).ok_or_else(|| Stop::Told(format!("the result has no '{column}'")))?;
            kept.insert(name.to_owned(), value);
        }
        results.note("")?;
    }
    Ok(Ending::Complete)
}
