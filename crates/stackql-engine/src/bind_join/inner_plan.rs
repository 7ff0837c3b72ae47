//! The placeholders in the inner plan of a bind join, [`OuterRowsExec`] for the outer rows and [`KeyBindingsExec`] for the
//! bindings of a scan's calls, and [`BatchInputs`], which replaces them for each batch.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use stackql_call::{Bindings, Value};
use stackql_provider::{Method, PredicateEncoding};

use super::adaptive::AdaptiveBindJoinExec;
use super::exec::BindJoinExec;
use crate::access::path::bindings;
use crate::error::Error;
use crate::physical::binding_rows::leaf;
use crate::physical::node::{properties, with_children};
use crate::predicate::values::{Predicate, value};
use crate::table::columns::{names_column, spelled};
use crate::table::resource_table::{KeyBinding, ResourceTable};

/// Placeholder for the outer rows of a bind join.
#[derive(Debug)]
pub(crate) struct OuterRowsExec {
    id: usize,
    properties: Arc<PlanProperties>,
}

/// Placeholder for the bindings of a scan whose parameters bind joins supply: the statement's predicates, and those of each
/// key.
#[derive(Debug)]
pub(crate) struct KeyBindingsExec {
    table: ResourceTable,
    method: String,
    /// The predicates, one set per call, of the statement and of the key batches inserted so far.
    calls: Vec<Vec<Predicate>>,
    properties: Arc<PlanProperties>,
}

/// The inputs of one execution of an inner plan.
#[derive(Debug)]
pub(crate) struct BatchInputs<'a> {
    pub(crate) feed: usize,
    /// The batch of outer rows.
    pub(crate) rows: Arc<dyn ExecutionPlan>,
    /// The key batch: one row per distinct key, one column per key expression, no NULL.
    pub(crate) keys: &'a RecordBatch,
}

impl BatchInputs<'_> {
    /// A copy of the plan with its placeholders replaced; subtrees without placeholders are shared.
    pub(crate) fn instantiate(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self.replace_inputs(plan)?.unwrap_or_else(|| Arc::clone(plan)))
    }

    fn replace_inputs(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let node = plan.as_ref() as &dyn Any;
        if let Some(chunk) = node.downcast_ref::<OuterRowsExec>() {
            return Ok((chunk.id == self.feed).then(|| Arc::clone(&self.rows)));
        }
        if let Some(keys) = node.downcast_ref::<KeyBindingsExec>() {
            return keys.binding_for(self.feed).map(|fed| keys.with_key_batch(fed, self.keys)).transpose();
        }
        let mut children: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        let mut has_hole = false;
        for child in plan.children() {
            let filled = self.replace_inputs(child)?;
            has_hole |= filled.is_some();
            children.push(filled.unwrap_or_else(|| Arc::clone(child)));
        }
        has_hole.then(|| with_children(reset_node(plan)?, children)).transpose()
    }
}

/// Resets the node's state for another execution, and marks a bind join as nested.
fn reset_node(plan: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let node = plan.as_ref() as &dyn Any;
    if let Some(feed) = node.downcast_ref::<BindJoinExec>() {
        return Ok(Arc::new(feed.inner()));
    }
    if let Some(either) = node.downcast_ref::<AdaptiveBindJoinExec>() {
        return Ok(Arc::new(either.inner()));
    }
    Arc::clone(plan).reset_state()
}

/// A plan that returns one batch.
pub(crate) fn rows(batch: &RecordBatch) -> Result<Arc<dyn ExecutionPlan>> {
    Ok(MemorySourceConfig::try_new_exec(&[vec![batch.clone()]], batch.schema(), None)?)
}

impl OuterRowsExec {
    pub(crate) fn new(feed: usize, schema: SchemaRef) -> Self {
        Self { id: feed, properties: properties(schema) }
    }
}

impl KeyBindingsExec {
    pub(crate) fn new(table: ResourceTable, method: String, predicates: Vec<Predicate>) -> Self {
        Self::with_calls(table, method, vec![predicates])
    }

    fn with_calls(table: ResourceTable, method: String, calls: Vec<Vec<Predicate>>) -> Self {
        Self { table, method, calls, properties: properties(Arc::new(Schema::empty())) }
    }

    /// The columns whose values keys will supply.
    pub(crate) fn columns(&self) -> Vec<String> {
        self.table.key_columns()
    }

    /// The number of keys that one call takes.
    pub(crate) fn keys_a_call(&self) -> usize {
        match self.columns().as_slice() {
            [only] => self.table.resource.method(&self.method).and_then(|m| batch_of(m, only)).unwrap_or(1),
            _ => 1,
        }
    }

    fn binding_for(&self, feed: usize) -> Option<&KeyBinding> {
        self.table.key_bindings.iter().find(|f| f.bind_join == feed)
    }

    fn with_key_batch(&self, fed: &KeyBinding, keys: &RecordBatch) -> Result<Arc<dyn ExecutionPlan>> {
        let mut calls = Vec::with_capacity(self.calls.len() * keys.num_rows());
        let together = self.keys_a_call();
        for first in (0..keys.num_rows()).step_by(together) {
            let rows = first..keys.num_rows().min(first + together);
            let mut key = Vec::with_capacity(fed.columns.len());
            for (column, at) in fed.columns.iter().zip(&fed.keys) {
                let value = |row| Ok(key_value(&ScalarValue::try_from_array(keys.column(*at), row)?));
                let values = rows.clone().map(value).collect::<Result<_>>()?;
                key.push(Predicate { column: column.clone(), values });
            }
            calls.extend(self.calls.iter().map(|before| before.iter().chain(&key).cloned().collect::<Vec<_>>()));
        }
        let rest = self.table.key_bindings.iter().filter(|f| f.bind_join != fed.bind_join).cloned().collect();
        let table = ResourceTable { key_bindings: rest, ..self.table.clone() };
        if !table.key_bindings.is_empty() {
            return Ok(Arc::new(Self::with_calls(table, self.method.clone(), calls)));
        }
        let unknown = || Error::invalid(format!("no method {}", self.method));
        let method = table.resource.method(&self.method).ok_or_else(unknown)?;
        let bound = |calls: &[Vec<Predicate>]| -> Result<Vec<Bindings>> {
            let mut rows = Vec::new();
            for predicates in calls {
                rows.extend(bindings(&table, method, predicates)?.rows);
            }
            Ok(rows)
        };
        let (rows, without) = (bound(&calls)?, bound(&self.calls)?);
        // A key that cannot be sent leaves a call that reads all rows, which include those of the other keys; the keys are
        // dropped then.
        let asks_for_all = rows.iter().any(|row| without.contains(row));
        leaf(if asks_for_all { &without } else { &rows })
    }
}

/// The number of values of a column that one call of the method takes; `None` where it is one.
fn batch_of(method: &Method, column: &str) -> Option<usize> {
    if method.parameters.iter().any(|p| p.required && names_column(p, column)) {
        return None;
    }
    method.predicate_pushdowns.iter().find(|n| n.column == column).and_then(|n| match n.encoding {
        PredicateEncoding::Filter { maximum, .. } => usize::try_from(maximum).ok().filter(|most| *most > 0),
        PredicateEncoding::List { .. } | PredicateEncoding::Value { .. } => None,
    })
}

/// A key as a value; the text of it where no parameter type corresponds.
fn key_value(scalar: &ScalarValue) -> Value {
    value(scalar).unwrap_or_else(|| Value::Text(scalar.to_string()))
}

/// The columns as statements write them, comma-separated.
fn named(columns: &[String]) -> String {
    columns.iter().map(|column| spelled(column)).collect::<Vec<_>>().join(", ")
}

impl DisplayAs for OuterRowsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OuterRowsExec: bind_join={}", self.id)
    }
}

impl DisplayAs for KeyBindingsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let feeds: Vec<String> = self
            .table
            .key_bindings
            .iter()
            .map(|fed| format!("{} of feed {}", named(&fed.columns), fed.bind_join))
            .collect();
        write!(f, "KeyBindingsExec: {}", feeds.join("; "))
    }
}

/// Implements `ExecutionPlan` for a placeholder, which is replaced before the plan is executed.
macro_rules! hole {
    ($name:ident) => {
        impl ExecutionPlan for $name {
            fn name(&self) -> &'static str {
                stringify!($name)
            }

            fn properties(&self) -> &Arc<PlanProperties> {
                &self.properties
            }

            fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
                Vec::new()
            }

            fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
                Ok(self)
            }

            fn apply_expressions(
                &self,
                _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
            ) -> Result<TreeNodeRecursion> {
                Ok(TreeNodeRecursion::Continue)
            }

            fn execute(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
                Err(DataFusionError::Internal(concat!(stringify!($name), " was not filled").into()))
            }
        }
    };
}

hole!(OuterRowsExec);
hole!(KeyBindingsExec);
