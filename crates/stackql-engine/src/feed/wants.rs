//! What the scans of a plan lack, and which columns want a value from elsewhere.

use std::any::Any;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};

use crate::access::choose;
use crate::error::Error;
use stackql_provider::Method;

use crate::shape::same;
use crate::table::ResourceTable;

/// A scan whose parameters are not all known.
#[derive(Debug)]
pub(super) struct Unfed {
    /// What it lacks, with a statement that would work.
    pub(super) error: Error,
}

/// The provider's table that a scan reads.
pub(super) fn table_of(scan: &TableScan) -> Option<Arc<ResourceTable>> {
    let provider: Arc<dyn TableProvider> = source_as_provider(&scan.source).ok()?;
    (provider.as_ref() as &dyn Any).downcast_ref::<ResourceTable>().cloned().map(Arc::new)
}

/// The names of the tables below `plan`.
pub(super) fn tables(plan: &LogicalPlan) -> Vec<String> {
    let mut all = match plan {
        LogicalPlan::TableScan(scan) => table_of(scan).map(|table| table.name()).into_iter().collect(),
        _ => Vec::new(),
    };
    all.extend(plan.inputs().into_iter().flat_map(tables));
    all
}

/// The scans below `plan` that cannot be carried out yet.
pub(super) fn unfed(plan: &LogicalPlan) -> Result<Vec<Unfed>> {
    let mut all = Vec::new();
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(table) = table_of(scan)
            && let Err(error) = choose(&table, &table.predicates(&scan.filters), &table.fed_columns())
        {
            all.push(Unfed { error });
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(all)
}

/// Which of `columns` a scan takes from elsewhere: those without which it cannot be carried out, and those that echo
/// what is bound, whose rows would be others without.
pub(super) fn taken(table: &ResourceTable, filters: &[Expr], columns: &[String]) -> Vec<String> {
    let fed = table.fed_columns();
    let stated = table.stated(filters);
    let free = |c: &&String| !stated.iter().any(|p| p.column == **c) && !fed.contains(c);
    let free: Vec<String> = columns.iter().filter(free).cloned().collect();
    // What the statement gives by a key is not the session's to say.
    let mut predicates = table.predicates(filters);
    predicates.retain(|p| !free.contains(&p.column));
    let predicates = &predicates;
    let echoes: Vec<String> = free.iter().filter(|c| table.is_echo(c)).cloned().collect();
    let known = |extra: &[String]| fed.iter().chain(extra).cloned().collect::<Vec<_>>();
    if choose(table, predicates, &known(&echoes)).is_ok() {
        return echoes;
    }
    match choose(table, predicates, &known(&free)) {
        Ok(method) => {
            let owed = method.owed();
            let is_owed = |c: &String| owed.iter().any(|o| method.parameter(o).is_some_and(|p| same(p, c)));
            free.into_iter().filter(|c| is_owed(c) || table.is_echo(c)).collect()
        }
        // What is left may come from further out.
        Err(_) => {
            let is_parameter = |c: &String| {
                table
                    .resource
                    .methods
                    .iter()
                    .any(|m| m.owed().iter().any(|o| m.parameter(o).is_some_and(|p| same(p, c))))
            };
            free.into_iter().filter(is_parameter).collect()
        }
    }
}

/// Which of `columns` a scan, which can do without them, may be asked for: one call, or few, would give the rows of a key.
pub(super) fn useful(table: &ResourceTable, filters: &[Expr], columns: &[String]) -> Vec<String> {
    let (fed, stated) = (table.fed_columns(), table.stated(filters));
    let free = |c: &&String| !stated.iter().any(|p| p.column == **c) && !fed.contains(c) && !table.is_echo(c);
    let free: Vec<String> = columns.iter().filter(free).cloned().collect();
    let predicates = table.predicates(filters);
    let Ok(listing) = choose(table, &predicates, &fed) else { return Vec::new() };
    let with = |extra: &[String]| fed.iter().chain(extra).cloned().collect::<Vec<_>>();
    // Another method that asks for one of them, and gives the thing itself.
    let asks = |method: &Method, column: &str| method.parameters.iter().any(|p| p.required && same(p, column));
    if let Ok(asking) = choose(table, &predicates, &with(&free))
        && asking.name != listing.name
    {
        let asked: Vec<String> = free.iter().filter(|c| asks(asking, c)).cloned().collect();
        if choose(table, &predicates, &with(&asked)).is_ok_and(|method| method.name == asking.name) {
            return asked;
        }
    }
    let narrows = |c: &&String| listing.narrowings.iter().any(|n| n.column == **c);
    free.iter().find(narrows).into_iter().cloned().collect()
}
