use std::any::Any;
use std::sync::Mutex;

use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::physical_plan::{collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt};

use super::*;

const LEFT: &str = "(VALUES (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd'), (NULL, 'e'), (1, 'f')) AS l (k, x)";
const FEW: &str = "(VALUES (1, 'a'), (2, 'b')) AS l (k, x)";
const RIGHT: &str = "(VALUES (1, 10), (2, 20), (2, 21), (4, 40), (NULL, 50), (1, 11)) AS r (k, y)";

fn statements() -> Vec<String> {
    let mut statements = Vec::new();
    for kind in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        for more in ["", " AND r.y > 20", " AND l.x <> 'b'", " AND l.x = 'none'"] {
            for columns in ["r.y, l.x", "*", "1", "l.x"] {
                statements.push(format!("SELECT {columns} FROM {LEFT} {kind} {RIGHT} ON l.k = r.k{more}"));
            }
        }
    }
    for condition in ["r.k = l.k", "r.k = l.k AND r.y > 10", "r.k = l.k AND r.y > 100"] {
        for quantifier in ["EXISTS", "NOT EXISTS", "x = 'd' OR EXISTS"] {
            statements
                .push(format!("SELECT x FROM {LEFT} WHERE {quantifier} (SELECT 1 FROM {RIGHT} WHERE {condition})"));
        }
    }
    let none = format!("(SELECT * FROM {LEFT} WHERE x = 'none') l");
    statements.push(format!("SELECT y, x FROM {none} RIGHT JOIN {RIGHT} ON l.k = r.k"));
    statements.push(format!("SELECT y, x FROM {none} LEFT JOIN {RIGHT} ON l.k = r.k"));
    statements
}

fn context() -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(1);
    SessionContext::new_with_config(config)
}

async fn plan(context: &SessionContext, statement: &str) -> Arc<dyn ExecutionPlan> {
    context.sql(statement).await.unwrap().create_physical_plan().await.unwrap()
}

fn joins(plan: &Arc<dyn ExecutionPlan>) -> Vec<&HashJoinExec> {
    let mut found: Vec<&HashJoinExec> = plan.children().into_iter().flat_map(joins).collect();
    found.extend((plan.as_ref() as &dyn Any).downcast_ref::<HashJoinExec>());
    found
}

/// Batches of one row each.
async fn single_rows(side: &Arc<dyn ExecutionPlan>, task: &Arc<TaskContext>) -> Vec<RecordBatch> {
    let batches = collect(Arc::clone(side), Arc::clone(task)).await.unwrap();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1))).collect()
}

fn build(rows: Vec<RecordBatch>, task: &TaskContext) -> Build {
    Build { rows, reservation: MemoryConsumer::new("test").register(task.memory_pool()) }
}

/// A join whose probe side is these rows, and how many of them were read.
fn over_rows(join: &HashJoinExec, rows: Vec<RecordBatch>) -> (HashJoinExec, Arc<Mutex<usize>>) {
    let read = Arc::new(Mutex::new(0));
    let (count, schema) = (Arc::clone(&read), join.right().schema());
    let rows = stream::iter(rows).map(move |row| {
        *count.lock().unwrap() += 1;
        Ok(row)
    });
    let right = one_shot(Box::pin(RecordBatchStreamAdapter::new(schema, rows))).unwrap();
    let children = vec![Arc::clone(join.left()), right];
    (join.builder().with_new_children(children).unwrap().reset_state().build().unwrap(), read)
}

fn sorted(batches: &[RecordBatch]) -> Vec<String> {
    let text = pretty_format_batches(batches).unwrap().to_string();
    let mut lines: Vec<String> = text.lines().filter(|line| line.starts_with('|')).skip(1).map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn batch_by_batch_gives_what_the_whole_gives() {
    let mut kinds = std::collections::BTreeSet::new();
    for statement in statements() {
        let context = context();
        let (task, plan) = (context.task_ctx(), plan(&context, &statement).await);
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        let [join] = joins(&plan)[..] else { panic!("not one join: {statement}\n{shown}") };
        kinds.insert(join.join_type().to_string());
        let whole = collect(join.builder().reset_state().build_exec().unwrap(), Arc::clone(&task)).await.unwrap();
        let rows = (single_rows(join.left(), &task).await, single_rows(join.right(), &task).await);
        let (single, _) = over_rows(join, rows.1);
        let joined = probe(&single, build(rows.0, &task), &task).unwrap();
        assert_eq!(joined.schema(), join.schema(), "{statement}");
        let joined: Vec<RecordBatch> = joined.try_collect().await.unwrap();
        assert_eq!(sorted(&joined), sorted(&whole), "{statement}\n{shown}");
    }
    assert!(kinds.len() >= 6, "joins of few kinds: {kinds:?}");
}

#[tokio::test]
async fn no_row_is_read_before_those_in_front_of_it_are_joined() {
    // By statement: how many probe rows were read when the first row came, and in all.
    let statements = [
        (format!("SELECT l.x, r.y FROM {LEFT} JOIN {RIGHT} ON l.k = r.k"), 1, 6),
        (format!("SELECT l.x, r.y FROM {LEFT} LEFT JOIN {RIGHT} ON l.k = r.k"), 1, 6),
        (format!("SELECT l.x, r.y FROM {LEFT} FULL JOIN {RIGHT} ON l.k = r.k"), 1, 6),
        (format!("SELECT l.x FROM {LEFT} WHERE EXISTS (SELECT 1 FROM {RIGHT} WHERE r.k = l.k)"), 1, 6),
        // All have a match behind the second row.
        (format!("SELECT l.x FROM {FEW} WHERE EXISTS (SELECT 1 FROM {RIGHT} WHERE r.k = l.k)"), 1, 2),
        // Nothing can match.
        (format!("SELECT l.x, r.y FROM (SELECT * FROM {LEFT} WHERE x = 'none') l JOIN {RIGHT} ON l.k = r.k"), 0, 0),
    ];
    for (statement, first, all) in statements {
        let context = context();
        let (task, plan) = (context.task_ctx(), plan(&context, &statement).await);
        let [join] = joins(&plan)[..] else { panic!("not one join: {statement}") };
        let rows = (single_rows(join.left(), &task).await, single_rows(join.right(), &task).await);
        let (single, read) = over_rows(join, rows.1);
        let mut joined = probe(&single, build(rows.0, &task), &task).unwrap();
        while joined.next().await.is_some_and(|batch| batch.unwrap().num_rows() == 0) {}
        assert_eq!(*read.lock().unwrap(), first, "{statement}");
        let _: Vec<RecordBatch> = joined.try_collect().await.unwrap();
        assert_eq!(*read.lock().unwrap(), all, "{statement}");
    }
}

#[tokio::test]
async fn a_join_reads_no_more_than_its_limit_takes() {
    let context = context();
    let (task, statement) = (context.task_ctx(), format!("SELECT l.x, r.y FROM {LEFT} JOIN {RIGHT} ON l.k = r.k"));
    let plan = plan(&context, &statement).await;
    let [join] = joins(&plan)[..] else { panic!("not one join") };
    let rows = (single_rows(join.left(), &task).await, single_rows(join.right(), &task).await);
    let (single, read) = over_rows(&join.builder().with_fetch(Some(3)).build().unwrap(), rows.1);
    let joined: Vec<RecordBatch> = probe(&single, build(rows.0, &task), &task).unwrap().try_collect().await.unwrap();
    assert_eq!(joined.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    assert_eq!(*read.lock().unwrap(), 2);
}

#[tokio::test]
async fn an_error_of_the_probe_side_ends_the_rows() {
    let context = context();
    let (task, statement) = (context.task_ctx(), format!("SELECT l.x, r.y FROM {LEFT} LEFT JOIN {RIGHT} ON l.k = r.k"));
    let plan = plan(&context, &statement).await;
    let [join] = joins(&plan)[..] else { panic!("not one join") };
    let rows = (single_rows(join.left(), &task).await, single_rows(join.right(), &task).await);
    let broken = || Err(datafusion::error::DataFusionError::Execution("broken".into()));
    let right = stream::iter(rows.1).map(Ok).take(1).chain(stream::once(async move { broken() }));
    let right = one_shot(Box::pin(RecordBatchStreamAdapter::new(join.right().schema(), right))).unwrap();
    let children = vec![Arc::clone(join.left()), right];
    let single = join.builder().with_new_children(children).unwrap().reset_state().build().unwrap();
    let joined: Vec<Result<RecordBatch>> = probe(&single, build(rows.0, &task), &task).unwrap().collect().await;
    assert!(joined.last().is_some_and(Result::is_err), "{joined:?}");
    assert_eq!(joined.iter().filter(|batch| batch.is_ok()).count(), 1);
}
