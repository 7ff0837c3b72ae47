use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::config::ConfigOptions;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::SessionStateBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlanProperties, collect, displayable};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;
use crate::physical::spillable_join::SPILLABLE_JOIN_RULE;

fn context() -> SessionContext {
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = vec![Arc::new(SINGLE_PARTITION_RULE)];
    rules.extend(PhysicalOptimizer::new().rules);
    rules.push(Arc::new(SPILLABLE_JOIN_RULE));
    let builder = SessionStateBuilder::new().with_config(SessionConfig::new().with_target_partitions(1));
    SessionContext::new_with_state(builder.with_default_features().with_physical_optimizer_rules(rules).build())
}

fn widest(plan: &Arc<dyn ExecutionPlan>) -> usize {
    let own = plan.output_partitioning().partition_count();
    plan.children().into_iter().map(widest).chain([own]).max().unwrap_or_default()
}

fn batch(values: &[i64]) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from(values.to_vec()))]).unwrap()
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    let column = |batch: &RecordBatch| batch.column(0).as_primitive::<Int64Type>().values().to_vec();
    let mut all: Vec<i64> = batches.iter().flat_map(column).collect();
    all.sort_unstable();
    all
}

/// Relations `n` of some rows, as so many branches, of which some may be empty.
fn branches(values: &[i64], count: usize, random: &mut fastrand::Rng) -> String {
    let mut branches = vec![Vec::new(); count];
    for value in values {
        branches[random.usize(0..count)].push(*value);
    }
    let branch = |values: &Vec<i64>| match values.is_empty() {
        true => "SELECT 0 AS n FROM generate_series(1, 0)".to_owned(),
        false => {
            let rows: Vec<String> = values.iter().map(|value| format!("({value})")).collect();
            format!("SELECT column1 AS n FROM (VALUES {})", rows.join(", "))
        }
    };
    let branches: Vec<String> = branches.iter().map(branch).collect();
    format!("({})", branches.join(" UNION ALL "))
}

#[tokio::test]
async fn rows_are_the_same_however_many_branches_they_come_from() {
    let shapes = [
        "SELECT a.n FROM {a} a JOIN {b} b ON a.n = b.n",
        "SELECT a.n FROM {a} a LEFT JOIN {b} b ON a.n = b.n AND b.n > 2",
        "SELECT b.n FROM {a} a RIGHT JOIN {b} b ON a.n = b.n",
        "SELECT coalesce(a.n, b.n) FROM {a} a FULL JOIN {b} b ON a.n = b.n",
        "SELECT n FROM {a} a WHERE n IN (SELECT n FROM {b} b)",
        "SELECT n FROM {a} a WHERE n NOT IN (SELECT n FROM {b} b)",
        "SELECT n FROM {a} a WHERE EXISTS (SELECT 1 FROM {b} b WHERE b.n = a.n)",
        "SELECT n FROM {a} a WHERE NOT EXISTS (SELECT 1 FROM {b} b WHERE b.n = a.n)",
        "SELECT n FROM {a} a WHERE n > 3 OR EXISTS (SELECT 1 FROM {b} b WHERE b.n = a.n)",
        "SELECT n FROM {a} a INTERSECT SELECT n FROM {b} b",
        "SELECT n FROM {a} a EXCEPT SELECT n FROM {b} b",
        "SELECT n FROM {a} a UNION SELECT n FROM {b} b",
        "SELECT a.n FROM {a} a JOIN {b} b ON a.n < b.n",
        "SELECT count(*) FROM {a} a CROSS JOIN {b} b",
        "SELECT n FROM (SELECT n FROM {a} a ORDER BY n LIMIT 3) UNION ALL SELECT n FROM {b} b",
        "SELECT sum(n) OVER (ORDER BY n) FROM {a} a",
        "SELECT sum(n) FROM {a} a GROUP BY n % 3",
        "SELECT n FROM {a} a ORDER BY n OFFSET 2",
    ];
    let context = context();
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..4 {
        let some = |random: &mut fastrand::Rng| (0..random.usize(3..9)).map(|_| random.i64(0..6)).collect::<Vec<_>>();
        let (a, b) = (some(&mut random), some(&mut random));
        for shape in shapes {
            let mut wanted = None;
            for count in 1..=5 {
                let sql = shape.replace("{a}", &branches(&a, count, &mut random));
                let sql = sql.replace("{b}", &branches(&b, if round % 2 == 0 { count } else { 1 }, &mut random));
                let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
                assert_eq!(widest(&plan), 1, "{sql}\n{}", displayable(plan.as_ref()).indent(false));
                let got = numbers(&collect(plan, context.task_ctx()).await.unwrap());
                assert_eq!(wanted.get_or_insert_with(|| got.clone()), &got, "{sql}");
            }
        }
    }
}

/// Rows of which is counted how often they were begun.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>, Vec<i64>);

impl PartitionStream for Counted {
    fn schema(&self) -> &SchemaRef {
        static SCHEMA: std::sync::LazyLock<SchemaRef> = std::sync::LazyLock::new(schema);
        &SCHEMA
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        self.0.fetch_add(1, Ordering::Relaxed);
        let rows = stream::iter([Ok(batch(&self.1))]);
        Box::pin(RecordBatchStreamAdapter::new(schema(), rows))
    }
}

#[tokio::test]
async fn where_few_rows_are_wanted_later_branches_are_not_begun() {
    let begun = Arc::new(AtomicUsize::new(0));
    let branch = |values: &[i64]| {
        let rows = Arc::new(Counted(Arc::clone(&begun), values.to_vec()));
        Arc::new(StreamingTableExec::try_new(schema(), vec![rows], None, [], false, None).unwrap()) as _
    };
    let union = UnionExec::try_new(vec![branch(&[1]), branch(&[2]), branch(&[3])]).unwrap();
    let plan = SINGLE_PARTITION_RULE.optimize(union, &ConfigOptions::new()).unwrap();
    let append = (plan.as_ref() as &dyn Any).downcast_ref::<AppendExec>().unwrap().with_demand(Demand::Some(2));
    let mut rows = append.execute(0, Arc::default()).unwrap();
    assert_eq!(begun.load(Ordering::Relaxed), 0);
    let first = rows.try_next().await.unwrap().unwrap();
    assert_eq!((numbers(&[first]), begun.load(Ordering::Relaxed)), (vec![1], 1));
    let rest: Vec<RecordBatch> = rows.try_collect().await.unwrap();
    assert_eq!((numbers(&rest), begun.load(Ordering::Relaxed)), (vec![2, 3], 3));
}

#[tokio::test]
async fn what_is_read_as_one_has_one_partition() {
    let rows = [vec![batch(&[1])], vec![batch(&[2])]];
    let two: Arc<dyn ExecutionPlan> = MemorySourceConfig::try_new_exec(&rows, schema(), None).unwrap();
    let Err(error) = stream(&two, Arc::default()) else { panic!("half of the rows are read") };
    assert!(error.to_string().contains("DataSourceExec gives its rows in 2 partitions"), "{error}");
    let union = UnionExec::try_new(vec![Arc::clone(&two), two]).unwrap();
    let append = SINGLE_PARTITION_RULE.optimize(union, &ConfigOptions::new()).unwrap();
    assert!(collect(append, Arc::default()).await.is_err());
}

#[tokio::test]
async fn sources_of_several_partitions_are_brought_together() {
    let context = context();
    let mut random = fastrand::Rng::with_seed(5);
    for count in 1..=5 {
        for name in ["a", "b"] {
            let part = |random: &mut fastrand::Rng| match random.u8(0..4) {
                0 => Vec::new(),
                _ => vec![batch(&(0..random.usize(0..4)).map(|_| random.i64(0..6)).collect::<Vec<_>>())],
            };
            let parts: Vec<Vec<RecordBatch>> = (0..count).map(|_| part(&mut random)).collect();
            let whole: Vec<RecordBatch> = parts.iter().flatten().cloned().collect();
            for (name, parts) in [(name.to_owned(), parts), (format!("one_{name}"), vec![whole])] {
                let table = datafusion::datasource::MemTable::try_new(schema(), parts).unwrap();
                let _ = context.deregister_table(&name).unwrap();
                register(&context, &name, table);
            }
        }
        for kind in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "LEFT SEMI JOIN", "LEFT ANTI JOIN"] {
            let mut all = Vec::new();
            for (a, b) in [("a", "b"), ("one_a", "one_b")] {
                let column = if kind == "FULL JOIN" { "coalesce(a.n, b.n)" } else { "a.n" };
                let column = if kind == "RIGHT JOIN" { "b.n" } else { column };
                let sql = format!(
                    "SELECT {column} FROM (SELECT * FROM {a} UNION ALL SELECT * FROM {b}) a {kind} {b} b ON a.n = b.n"
                );
                let plan = context.sql(&sql).await.unwrap().create_physical_plan().await.unwrap();
                all.push((numbers(&collect(plan, context.task_ctx()).await.unwrap()), sql));
            }
            assert_eq!(all[0].0, all[1].0, "{count} partitions: {}", all[0].1);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a table of the test's own")]
fn register(context: &SessionContext, name: &str, table: datafusion::datasource::MemTable) {
    context.register_table(name, Arc::new(table)).unwrap();
}
