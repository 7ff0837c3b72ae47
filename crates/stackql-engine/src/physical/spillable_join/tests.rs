use std::sync::Arc;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;

const LEFT: &str = "(VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd'), (NULL, 'e')) AS l (k, x)";
const RIGHT: &str = "(VALUES (1, 10), (2, 20), (2, 21), (4, 40), (NULL, 50)) AS r (k, y)";

/// The sorted rows of a statement, its joins carried out as `how` says.
async fn rows(statement: &str, how: impl Fn(&HashJoinExec) -> Result<Arc<dyn ExecutionPlan>>) -> String {
    let config = SessionConfig::new().with_target_partitions(1);
    let context = SessionContext::new_with_config(config);
    let plan = context.sql(statement).await.unwrap().create_physical_plan().await.unwrap();
    let mut joins = 0;
    let plan = plan.transform_up(|node| {
        Ok(match (node.as_ref() as &dyn Any).downcast_ref::<HashJoinExec>() {
            Some(join) => {
                joins += 1;
                Transformed::yes(how(join)?)
            }
            None => Transformed::no(node),
        })
    });
    let plan = plan.unwrap().data;
    assert_eq!(joins, 1, "{}", displayable(plan.as_ref()).indent(false));
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    let batches =
        collect(plan, context.task_ctx()).await.unwrap_or_else(|error| panic!("{error}: {statement}\n{shown}"));
    let text = pretty_format_batches(&batches).unwrap().to_string();
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('+')).collect();
    lines[1..].sort_unstable();
    lines.join("\n")
}

#[tokio::test]
async fn a_merge_gives_what_a_hash_table_gives() {
    let kinds = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"];
    let mut statements: Vec<String> = Vec::new();
    for kind in kinds {
        // A full join is a merge only without further conditions.
        let conditions: &[&str] = if kind == "FULL JOIN" { &[""] } else { &["", " AND r.y > 20", " AND l.x <> 'b'"] };
        for more in conditions {
            statements.push(format!("SELECT r.y, l.x FROM {LEFT} {kind} {RIGHT} ON l.k = r.k{more}"));
        }
    }
    statements.extend([
        format!("SELECT x FROM {LEFT} WHERE EXISTS (SELECT 1 FROM {RIGHT} WHERE r.k = l.k)"),
        format!("SELECT x FROM {LEFT} WHERE NOT EXISTS (SELECT 1 FROM {RIGHT} WHERE r.k = l.k)"),
        format!("SELECT x FROM {LEFT} WHERE x = 'd' OR EXISTS (SELECT 1 FROM {RIGHT} WHERE r.k = l.k)"),
    ]);
    for statement in &statements {
        let hashed = rows(statement, |join| Ok(Arc::new(join.builder().build()?))).await;
        let merged = rows(statement, |join| sort_merge_join(join, Arc::clone(join.left()))).await;
        assert_eq!(merged, hashed, "{statement}");
    }
}

#[tokio::test]
async fn a_side_that_does_not_fit_goes_to_disk() {
    let pool = Arc::new(FairSpillPool::new(2 << 20));
    let memory = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().unwrap();
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().execution.sort_spill_reservation_bytes = 256 << 10;
    let context = SessionContext::new_with_config_rt(config, memory);
    let numbers = "(SELECT (value * 7) % 200003 AS k FROM generate_series(1, 200000))";
    let statement = format!("SELECT count(*), sum(a.k + b.k) FROM {numbers} a JOIN {numbers} b ON a.k = b.k");
    let plan = context.sql(&statement).await.unwrap().create_physical_plan().await.unwrap();
    let without = collect(Arc::clone(&plan), context.task_ctx()).await;
    assert!(without.is_err(), "a hash join fits, so this shows nothing: {}", displayable(plan.as_ref()).indent(false));
    let plan = SPILLABLE_JOIN_RULE.optimize(plan.reset_state().unwrap(), &ConfigOptions::new()).unwrap();
    let batches = collect(plan, context.task_ctx()).await.unwrap();
    let text = pretty_format_batches(&batches).unwrap().to_string();
    assert!(text.contains("| 200000   |"), "{text}");
}
