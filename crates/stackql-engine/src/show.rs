//! Placeholder until the real one lands.
use crate::error::Error;
use datafusion::arrow::record_batch::RecordBatch;
use stackql_provider::Definitions;
use stackql_sql::{ObjectName, Show};
pub(crate) fn show(_: &dyn Definitions, _: &Show) -> Result<RecordBatch, Error> {
    Err(Error::statement("x"))
}
pub(crate) fn describe(_: &dyn Definitions, _: &ObjectName, _: bool) -> Result<RecordBatch, Error> {
    Err(Error::statement("x"))
}
pub(crate) fn describe_method(_: &dyn Definitions, _: &ObjectName, _: bool) -> Result<RecordBatch, Error> {
    Err(Error::statement("x"))
}
