//! Binds calls from rows of parameters. Where the response cache has a superset response, the call of that one is used instead.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::TryStreamExt;
use stackql_call::{BindError, Bindings, Call, bind, request};

use super::call_exec::{CallSpec, named_scope};
use crate::Failure;
use crate::call::scope;
use crate::call::scope::filters::ScopeFilters;
use crate::error::Error;
use crate::journal::JournaledCall;
use crate::physical::binding_rows::bindings;
use crate::transaction::compensation::idempotency_token;

impl CallSpec {
    /// The calls for rows of parameters, each with the number of its row, from 1.
    ///
    /// # Errors
    ///
    /// A call cannot be bound, or a scope of a row is invalid outside of a bind join.
    pub(crate) async fn calls(&self, mut input: SendableRecordBatchStream) -> Result<Vec<(usize, Call)>> {
        let mut calls = Vec::new();
        let mut wide = HashSet::new();
        let mut number = 0;
        let mut filters = ScopeFilters::new(&self.operation, &self.scope_filters);
        while let Some(batch) = input.try_next().await? {
            for row in 0..batch.num_rows() {
                number += 1;
                let row = self.with_clauses(bindings(&batch, row)?);
                let is_default = named_scope(&self.operation, &row).is_none();
                let places = match scope::expand_scopes(&self.context, &self.operation, row).await {
                    Ok(places) => places,
                    // A key that is no member of the scope has no rows; the failure is recorded.
                    Err(error) if self.inner_of_bind_join => {
                        self.context.record_failure(Failure::from(&error));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                for bindings in places.into_iter().filter(|place| filters.admit(place)) {
                    if let (true, Some(value)) = (is_default, named_scope(&self.operation, &bindings)) {
                        self.context.log.record_default(&self.operation, value);
                    }
                    match self.find_cached_superset(&bindings).await {
                        None => match self.call(&bindings) {
                            Ok(call) => calls.push((number, call)),
                            Err(error) => return Err(self.of_row(number, batch.num_rows(), error.into()).into()),
                        },
                        // Several narrow calls may have the same superset; it is called once.
                        Some((call, identity)) => calls.extend(wide.insert(identity).then_some((number, call))),
                    }
                }
            }
        }
        Ok(calls)
    }

    /// The error for a row whose call cannot be bound; it names the row where the statement itself lists several.
    fn of_row(&self, number: usize, rows: usize, error: Error) -> Error {
        match self.has_statement_rows() && rows > 1 {
            true => Error::OneOfSeveral { given: format!("row {number}, and none was sent"), source: Box::new(error) },
            false => error,
        }
    }

    /// Binds the calls for rows of parameters without sending them, as journal records.
    pub(crate) async fn bind_rows(&self, mut input: SendableRecordBatchStream) -> Result<Vec<JournaledCall>> {
        let mut all = Vec::new();
        while let Some(batch) = input.try_next().await? {
            for row in 0..batch.num_rows() {
                let row = self.with_clauses(bindings(&batch, row)?);
                for bindings in scope::expand_scopes(&self.context, &self.operation, row).await? {
                    let call = self.call(&bindings).map_err(Error::from)?;
                    all.push(JournaledCall::new(&call, bindings, self.wait_for));
                }
            }
        }
        Ok(all)
    }

    pub(crate) fn call(&self, bindings: &Bindings) -> Result<Call, BindError> {
        bind(Arc::clone(&self.operation), bindings, &mut idempotency_token)
    }

    /// Cache subsumption: the call without filter-only parameters, where its response is cached and that of the exact call is
    /// not; and the deduplication key of its request.
    async fn find_cached_superset(&self, bindings: &Bindings) -> Option<(Call, String)> {
        let max_age = self.context.max_age(&self.operation.qualified_name())?;
        let whole: Bindings = bindings
            .iter()
            .filter(|(name, _)| !self.filter_only_parameters.contains(name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        if whole.len() == bindings.len() || !self.pushed_clauses.is_empty() || self.options.limit.is_some() {
            return None;
        }
        let asked = |bindings: &Bindings| {
            let call = self.call(bindings).ok()?;
            let mut request = request(&call, None, None).ok()?;
            request.max_age = Some(max_age);
            Some((call, request))
        };
        let ((_, narrow), (call, wide)) = (asked(bindings)?, asked(&whole)?);
        let transport = &self.context.transport;
        let is_kept = !transport.has_cached(&narrow).await && transport.has_cached(&wide).await;
        is_kept.then(|| (call, wide.dedupe_key()))
    }
}
