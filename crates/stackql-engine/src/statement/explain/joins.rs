//! The `join` rows of EXPLAIN: how relations are joined, as text.

use std::any::Any;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};

use crate::bind_join::adaptive::AdaptiveBindJoinExec;
use crate::bind_join::exec::BindJoinExec;
use crate::physical::call_exec::call_nodes;
use crate::physical::spillable_join::SpillableHashJoinExec;

/// One line for each join, the innermost joins first.
pub(crate) fn joins(plan: &Arc<dyn ExecutionPlan>) -> Vec<String> {
    let node = plan.as_ref() as &dyn Any;
    if let Some(either) = node.downcast_ref::<AdaptiveBindJoinExec>() {
        let [outer, asked, _] = plan.children()[..] else { return Vec::new() };
        let keyed = keyed(asked, either.key_names());
        let text = match either.most() {
            Some(most) => format!("{keyed} while there are no more than {most}, else listed and joined here"),
            None => keyed,
        };
        return joins(outer).into_iter().chain([text]).collect();
    }
    let mut lines: Vec<String> = match (node.downcast_ref::<BindJoinExec>(), plan.children().as_slice()) {
        // The topmost join of the inner plan is the bind join itself, which gets its line below.
        (Some(_), [outer, body]) => {
            joins(outer).into_iter().chain(body.children().into_iter().flat_map(joins)).collect()
        }
        (_, children) => children.iter().flat_map(|child| joins(child)).collect(),
    };
    let hash_join = || {
        node.downcast_ref::<SpillableHashJoinExec>()
            .map_or(node.downcast_ref::<HashJoinExec>(), SpillableHashJoinExec::as_hash_join)
    };
    if let Some(feed) = node.downcast_ref::<BindJoinExec>() {
        lines.push(keyed(plan.children()[1], feed.key_names()));
    } else if let Some(join) = hash_join() {
        let on: Vec<String> =
            join.on().iter().map(|(l, r)| format!("{} = {}", plain(&l.to_string()), plain(&r.to_string()))).collect();
        lines.push(format!("both sides are read, and joined here on {}", on.join(" AND ")));
    } else if node.is::<NestedLoopJoinExec>() || node.is::<CrossJoinExec>() {
        lines.push("both sides are read, and each row is joined here with each".to_owned());
    }
    lines
}

fn keyed(body: &Arc<dyn ExecutionPlan>, keys: Vec<String>) -> String {
    let mut tables: Vec<String> = call_nodes(body)
        .into_iter()
        .filter(|exec| exec.keys().is_some())
        .map(|exec| exec.call_spec().operation.qualified_name())
        .collect();
    tables.dedup();
    format!("{} is asked for each different value of {}", tables.join(", "), keys.join(", "))
}

/// A physical expression without column indexes: `code@0` becomes `code`.
pub(crate) fn plain(expression: &str) -> String {
    let mut parts = expression.split('@');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}
