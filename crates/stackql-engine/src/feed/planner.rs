//! From the logical nodes to the physical ones.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::FeedExec;
use super::hole::ChunkExec;
use super::node::{Chunk, Feed};
use crate::context::Context;

/// Plans queries whose relations feed each other.
#[derive(Debug)]
pub(crate) struct FeedPlanner(pub(crate) Arc<Context>);

#[async_trait]
impl QueryPlanner for FeedPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let feeds = Feeds(Arc::clone(&self.0));
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(feeds)]).create_physical_plan(plan, session).await
    }
}

struct Feeds(Arc<Context>);

#[async_trait]
impl ExtensionPlanner for Feeds {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _: &[&LogicalPlan],
        inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        planning: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let Some(chunk) = node.as_any().downcast_ref::<Chunk>() {
            let schema = Arc::clone(chunk.schema.inner());
            return Ok(Some(Arc::new(ChunkExec::new(chunk.number, schema))));
        }
        let (Some(feed), [outer, body]) = (node.as_any().downcast_ref::<Feed>(), inputs) else { return Ok(None) };
        let key = |key| planner.create_physical_expr(key, feed.outer.schema(), session, planning);
        let keys = feed.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let context = Arc::clone(&self.0);
        let (outer, body) = (Arc::clone(outer), Arc::clone(body));
        Ok(Some(Arc::new(FeedExec::new(context, feed.number, outer, body, keys, feed.gather))))
    }
}
