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
use stackql_sql::JoinBy;

use super::either::EitherExec;
use super::exec::FeedExec;
use super::hole::ChunkExec;
use super::node::{Chunk, Feed};
use crate::context::Context;
use crate::fetch::fetches;
use crate::log::USUAL_PAGES;

/// Plans queries whose relations feed each other.
#[derive(Debug)]
pub(crate) struct FeedPlanner {
    pub(crate) context: Arc<Context>,
    pub(crate) join_by: Option<JoinBy>,
}

#[async_trait]
impl QueryPlanner for FeedPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let feeds = Feeds { context: Arc::clone(&self.context), join_by: self.join_by };
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(feeds)]).create_physical_plan(plan, session).await
    }
}

struct Feeds {
    context: Arc<Context>,
    join_by: Option<JoinBy>,
}

impl Feeds {
    /// How many keys cost as many calls as the list that stands for them.
    fn most_keys(&self, by_key: &Arc<dyn ExecutionPlan>) -> usize {
        let keyed = fetches(by_key).into_iter().find_map(|exec| Some((exec, exec.keys()?.keys_a_call())));
        let Some((exec, keys_a_call)) = keyed else { return USUAL_PAGES };
        let pages = self.context.log.pages_of(&exec.fetch_of().operation.table()).unwrap_or(USUAL_PAGES);
        pages.saturating_mul(keys_a_call)
    }
}

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
        let Some(feed) = node.as_any().downcast_ref::<Feed>() else { return Ok(None) };
        let key = |key| planner.create_physical_expr(key, feed.outer.schema(), session, planning);
        let keys = feed.keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        let [outer, body, listed @ ..] = inputs else { return Ok(None) };
        let (context, outer, body) = (Arc::clone(&self.context), Arc::clone(outer), Arc::clone(body));
        let most = match self.join_by {
            Some(JoinBy::Key) => None,
            _ => Some(self.most_keys(&body)),
        };
        let asked = FeedExec::new(context, feed.number, outer, body, keys, feed.gather);
        Ok(Some(match listed.first() {
            None => Arc::new(asked),
            Some(listed) => Arc::new(EitherExec::new(asked, Arc::clone(listed), most)),
        }))
    }
}
