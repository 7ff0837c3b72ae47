//! Physical plan nodes and rules: API calls, their output, joins that spill to disk, and unions in one partition.

pub(crate) mod append;
pub(crate) mod binding_rows;
pub(crate) mod call_binding;
pub(crate) mod call_error_context;
pub(crate) mod call_exec;
pub(crate) mod demand;
pub(crate) mod filter_batches;
pub(crate) mod node;
pub(crate) mod one_shot;
pub(crate) mod output_mapping;
pub(crate) mod probe;
pub(crate) mod remote_count;
pub(crate) mod spillable_join;
