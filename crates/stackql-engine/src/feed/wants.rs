//! What the scans of a plan lack, and which columns want a value from elsewhere.

use std::any::Any;

use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{Expr, LogicalPlan, TableScan};
use stackql_provider::Method;

use crate::access::choose;
use crate::error::Error;
use crate::shape::{owes, same};
use crate::table::ResourceTable;

/// The provider's table that a scan reads.
pub(crate) fn table_of(scan: &TableScan) -> Option<ResourceTable> {
    let provider = source_as_provider(&scan.source).ok()?;
    (provider.as_ref() as &dyn Any).downcast_ref::<ResourceTable>().cloned()
}

/// The provider's tables that are read below `plan`, and how.
pub(super) fn scans(plan: &LogicalPlan) -> Vec<(ResourceTable, &TableScan)> {
    match plan {
        LogicalPlan::TableScan(scan) => table_of(scan).map(|table| (table, scan)).into_iter().collect(),
        other => other.inputs().into_iter().flat_map(scans).collect(),
    }
}

/// What the scans below `plan` lack that cannot be carried out yet, each with a statement that would work.
pub(super) fn unfed(plan: &LogicalPlan) -> Vec<Error> {
    scans(plan).into_iter().filter_map(|(table, scan)| lack(&table, scan)).collect()
}

/// Whether a scan lacks something.
pub(super) fn lacks(table: &ResourceTable, scan: &TableScan) -> bool {
    lack(table, scan).is_some()
}

fn lack(table: &ResourceTable, scan: &TableScan) -> Option<Error> {
    choose(table, &table.predicates(&scan.filters), &table.fed_columns()).err()
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
        Ok(method) => free.into_iter().filter(|c| owes(method, c) || table.is_echo(c)).collect(),
        // What is left may come from further out.
        Err(_) => free.into_iter().filter(|c| table.asks(c)).collect(),
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
