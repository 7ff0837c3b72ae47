//! Physical planning of the logical nodes of bind joins.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use stackql_sql::JoinHint;

use super::adaptive::AdaptiveBindJoinExec;
use super::exec::BindJoinExec;
use super::inner_plan::OuterRowsExec;
use super::logical::{BindJoin, OuterRows};
use crate::call::context::Context;
use crate::call::log::USUAL_PAGES;
use crate::physical::call_exec::call_nodes;

/// The query planner of a statement: DataFusion's, extended by the nodes of bind joins.
#[derive(Debug)]
pub(crate) struct BindJoinQueryPlanner {
    pub(crate) context: Arc<Context>,
    pub(crate) join_by: Option<JoinHint>,
}

#[async_trait]
impl QueryPlanner for BindJoinQueryPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let feeds = BindJoinExtensionPlanner { context: Arc::clone(&self.context), join_by: self.join_by };
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(feeds)]).create_physical_plan(plan, session).await
    }
}

struct BindJoinExtensionPlanner {
    context: Arc<Context>,
    join_by: Option<JoinHint>,
}

impl BindJoinExtensionPlanner {
    /// The number of keys whose lookups take as many calls as a full scan has pages, by the last full scan of the session.
    fn max_lookup_keys(&self, by_key: &Arc<dyn ExecutionPlan>) -> usize {
        let keyed = call_nodes(by_key).into_iter().find_map(|exec| Some((exec, exec.keys()?.keys_a_call())));
        let Some((exec, keys_a_call)) = keyed else { return USUAL_PAGES };
        let pages = self.context.log.pages_of(&exec.call_spec().operation.qualified_name()).unwrap_or(USUAL_PAGES);
        pages.saturating_mul(keys_a_call)
    }
}

#[async_trait]
impl ExtensionPlanner for BindJoinExtensionPlanner {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        planning: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(chunk) = node.as_any().downcast_ref::<OuterRows>() {
            let schema = Arc::clone(chunk.schema.inner());
            return Ok(Some(Arc::new(OuterRowsExec::new(chunk.id, schema))));
        }
        let Some(feed) = node.as_any().downcast_ref::<BindJoin>() else { return Ok(None) };
        let key = |key| planner.create_physical_expr(key, feed.outer.schema(), session, planning);
        let keys = feed.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let [outer, body, listed @ ..] = inputs else { return Ok(None) };
        let (context, outer, body) = (Arc::clone(&self.context), Arc::clone(outer), Arc::clone(body));
        let most = match self.join_by {
            Some(JoinHint::Lookup) => None,
            _ => Some(self.max_lookup_keys(&body)),
        };
        let asked = BindJoinExec::new(context, feed.id, outer, body, keys, feed.batching);
        Ok(Some(match listed.first() {
            None => Arc::new(asked),
            Some(listed) => Arc::new(AdaptiveBindJoinExec::new(asked, Arc::clone(listed), most)),
        }))
    }
}
