//! Local objects (views, materialized views and tables that users create): CREATE, DROP, REFRESH, DESCRIBE, and changes of
//! local tables. The store executes them; also the columns of resource views.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use futures::{StreamExt, stream};
use stackql_provider::names::{NameMatch, did_you_mean, match_name, nearest};
use stackql_sql::sqlparser::ast::Expr;
use stackql_sql::{Create, Delete, Insert, ObjectKind, ObjectName, Query, Statement, Update};

use crate::catalog::built_in::BuiltIn;
use crate::catalog::list::resource_table;
use crate::catalog::local_table::{local_table, no_rows, rows_for_store, storage_schema, table_schema};
use crate::error::Error;
use crate::resolve::names::quoted;
use crate::session::planner::StatementPlanner;
use crate::session::{Session, message_output};
use crate::statement::describe::columns;
use crate::views::plan;
use crate::views::plan::body;
use crate::{Completeness, Failure, Rows, StatementOutput, Store, StoreError, StoredKind, StoredObject};

const DONE: &str = "DDL Execution Completed";

impl Session {
    pub(crate) fn store(&self) -> Result<&Arc<dyn Store>, Error> {
        self.store.as_ref().ok_or_else(|| Error::invalid("this session keeps no views and tables"))
    }

    pub(crate) async fn create(&self, create: Create) -> Result<StatementOutput, Failure> {
        self.require_writable("CREATE")?;
        let store = self.store()?;
        let planner = self.planner(None).await?;
        let Create { kind: made, name, or_replace: replaces, if_not_exists: unless_exists, text, query, columns } =
            create;
        let kind = StoredKind::from(made);
        if let Some(known) = planner.context.find_local_object(&name) {
            match (unless_exists, replaces && known.kind == kind) {
                (true, _) => return Ok(message_output(DONE)),
                (false, true) => {}
                (false, false) => return Err(Error::Store(StoreError::Exists(known.name.clone())).into()),
            }
        }
        let (schema, rows) = match (made, query) {
            (ObjectKind::View, Some(query)) => {
                planner.logical(query, std::slice::from_ref(&name)).await?;
                (Arc::new(Schema::empty()), no_rows())
            }
            (_, Some(query)) => planner.storable_rows(query).await?,
            (_, None) => (table_schema(&columns), no_rows()),
        };
        store.create(&StoredObject { name, kind, text, schema }, replaces, rows).await.map_err(Error::from)?;
        Ok(message_output(DONE))
    }

    pub(crate) async fn remove(
        &self,
        made: ObjectKind,
        name: &str,
        if_exists: bool,
    ) -> Result<StatementOutput, Failure> {
        self.require_writable("DROP")?;
        let kind = StoredKind::from(made);
        let mut is_gone = self.store()?.remove(kind, name).await.map_err(Error::from)?;
        if let (false, true, Some(other)) = (is_gone, self.options.compat, other_view(kind)) {
            is_gone = self.store()?.remove(other, name).await.map_err(Error::from)?;
        }
        match is_gone || if_exists {
            true => Ok(message_output(DONE)),
            false if BuiltIn::find(name).is_some() => {
                Err(Error::invalid(format!("{name} is built in and cannot be dropped; one of your own hides it"))
                    .into())
            }
            false => Err(Error::Store(StoreError::Missing(format!("{kind} {name}"))).into()),
        }
    }

    pub(crate) async fn refresh(&self, name: &str) -> Result<StatementOutput, Failure> {
        self.require_writable("REFRESH")?;
        self.materialize_built_in(name, StoredKind::MaterializedView).await?;
        let planner = self.planner(None).await?;
        let found = planner.context.find_local_object(name).filter(|made| made.kind == StoredKind::MaterializedView);
        let made = found.ok_or_else(|| Error::Store(StoreError::Missing(format!("materialized view {name}"))))?;
        let query = body(&made.name, &made.text)?;
        let (schema, rows) = planner.storable_rows(query).await?;
        let names = |schema: &Schema| schema.fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        if names(&schema) != names(&made.schema) {
            let text = format!("the columns of {} are no longer those it was made with; make it again", made.name);
            return Err(Error::invalid(text).into());
        }
        self.store()?.refresh(&made.name, rows).await.map_err(Error::from)?;
        Ok(message_output("refresh materialized view completed"))
    }

    /// Creates a local object from the built-in one of this name and kind, unless a local object of this name exists.
    async fn materialize_built_in(&self, name: &str, kind: StoredKind) -> Result<(), Failure> {
        let Some(built_in) = BuiltIn::find(name).filter(|b| StoredKind::from(b.create.kind) == kind) else {
            return Ok(());
        };
        if self.planner(None).await?.context.find_local_object(name).is_none() {
            self.create(built_in.create.clone()).await?;
        }
        Ok(())
    }

    /// Executes a change of a local table. Returns the statement unchanged if it changes another table.
    pub(crate) async fn change_own(&self, statement: Statement) -> Result<Result<StatementOutput, Statement>, Failure> {
        let name = match &statement {
            Statement::Insert(insert) => &insert.table,
            Statement::Update(update) => &update.table,
            Statement::Delete(delete) => &delete.table,
            _ => return Ok(Err(statement)),
        };
        if name.0.len() != 1 || self.store.is_none() {
            return Ok(Err(statement));
        }
        self.materialize_built_in(&name.0[0], StoredKind::Table).await?;
        let planner = self.planner(None).await?;
        let Some(table) = local_table(&planner.context, name)? else { return Ok(Err(statement)) };
        let (text, returning) = match statement {
            Statement::Insert(insert) => {
                self.require_writable("INSERT")?;
                let rows = planner.new_rows(&table, insert).await?;
                self.store()?.insert(&table.name, rows).await.map_err(Error::from)?;
                return Ok(Ok(message_output("insert into table completed")));
            }
            Statement::Update(Update { assignments, selection, returning, .. }) => {
                let set: Vec<String> = assignments.iter().map(|(c, v)| format!("{} = {v}", quoted(c))).collect();
                (format!("UPDATE {} SET {}{}", quoted(&table.name), set.join(", "), whose(selection)), returning)
            }
            Statement::Delete(Delete { selection, returning, .. }) => {
                (format!("DELETE FROM {}{}", quoted(&table.name), whose(selection)), returning)
            }
            other => return Ok(Err(other)),
        };
        self.require_writable("a change")?;
        if returning.is_some() {
            return Err(Error::invalid("a change of a table of your own has no RETURNING").into());
        }
        self.store()?.change(&text).await.map_err(Error::from)?;
        Ok(Ok(message_output("exec completed")))
    }

    /// The columns, with their types, of the first view of a resource; `None` if the resource is read by its methods only.
    pub(crate) async fn columns_of_view(
        &self,
        table: &ObjectName,
    ) -> Result<Option<Vec<(String, String)>>, DataFusionError> {
        let [provider, service, resource] = table.0.as_slice() else { return Ok(None) };
        let found = self.definitions.resource(provider, service, resource).map_err(Error::from)?;
        if found.views.is_empty() {
            return Ok(None);
        }
        let StatementPlanner { context, state, .. } = self.planner(None).await?;
        plan::columns(&context, &state, &resource_table(&context, provider, service, resource)?).await
    }

    /// DESCRIBE of a local or built-in object.
    pub(crate) async fn describe_own(&self, name: &str, extended: bool) -> Result<RecordBatch, Failure> {
        let planner = self.planner(None).await?;
        let missing = || Error::invalid(format!("could not locate table '{name}'"));
        let made = planner.context.find_object(name).ok_or_else(missing)?;
        let schema = match made.kind {
            StoredKind::View => {
                let query = body(&made.name, &made.text)?;
                let built_in = BuiltIn::find(name).filter(|_| planner.context.find_local_object(name).is_none());
                match (planner.logical(query, std::slice::from_ref(&made.name)).await, built_in) {
                    (Ok((plan, _)), _) => Arc::clone(plan.schema().inner()),
                    // The providers that a built-in view reads need not be installed. Its columns are then shown as texts.
                    (Err(_), Some(built_in)) => {
                        let text = |name: String| Field::new(name, DataType::Utf8, true);
                        Arc::new(Schema::new(built_in.columns().into_iter().map(text).collect::<Vec<_>>()))
                    }
                    (Err(error), None) => return Err(error.into()),
                }
            }
            StoredKind::MaterializedView | StoredKind::Table => Arc::clone(&made.schema),
        };
        Ok(columns(&schema, extended)?)
    }
}

/// The other kind of view; in compatibility mode, DROP accepts either.
fn other_view(kind: StoredKind) -> Option<StoredKind> {
    match kind {
        StoredKind::View => Some(StoredKind::MaterializedView),
        StoredKind::MaterializedView => Some(StoredKind::View),
        StoredKind::Table => None,
    }
}

fn whose(selection: Option<Expr>) -> String {
    selection.map(|condition| format!(" WHERE {condition}")).unwrap_or_default()
}

impl StatementPlanner {
    /// The rows of a query in the schema in which they are stored, and that schema. The stream ends with an error if the
    /// result is incomplete.
    async fn storable_rows(&self, query: Query) -> Result<(Arc<Schema>, Rows), DataFusionError> {
        let rows = execute_stream(self.query(query).await?, self.task())?;
        let schema = storage_schema(&rows.schema());
        Ok((Arc::clone(&schema), self.require_complete(rows, schema)))
    }

    /// The rows that an INSERT adds, with the columns named as those of the table.
    async fn new_rows(&self, table: &StoredObject, insert: Insert) -> Result<Rows, DataFusionError> {
        if insert.returning.is_some() {
            return Err(Error::invalid("an INSERT into a table of your own has no RETURNING").into());
        }
        let fields = table.schema.fields();
        let names = || fields.iter().enumerate().map(|(at, f)| (at, f.name().as_str()));
        let of = |column: &String| match match_name(column, names()) {
            NameMatch::One(at) => Ok(Arc::clone(&fields[at])),
            _ => {
                let meant = did_you_mean(nearest(column, names().map(|(_, name)| name)));
                Err(Error::invalid(format!("no such column: {column} in {}{meant}", table.name)))
            }
        };
        let columns = match insert.columns.as_slice() {
            [] => fields.iter().cloned().collect::<Vec<_>>(),
            named => named.iter().map(of).collect::<Result<_, _>>()?,
        };
        let nothing = || Error::invalid("a table of your own takes VALUES (…) or a SELECT, not DEFAULT VALUES");
        let rows = execute_stream(self.query(insert.source.ok_or_else(nothing)?).await?, self.task())?;
        if rows.schema().fields().len() != columns.len() {
            let (wanted, given) = (columns.len(), rows.schema().fields().len());
            return Err(
                Error::invalid(format!("INSERT names {wanted} columns and each row has {given} of them")).into()
            );
        }
        // The store checks the constraints.
        let columns: Vec<_> = columns.iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
        Ok(self.require_complete(rows, Arc::new(Schema::new(columns))))
    }

    /// Appends an error to the stream of rows if the result is incomplete.
    fn require_complete(&self, rows: SendableRecordBatchStream, schema: Arc<Schema>) -> Rows {
        let context = Arc::clone(&self.context);
        let end = stream::once(async move {
            let why = match context.outcome() {
                Completeness::Complete => return None,
                Completeness::Partial(failures) => failures.first().map(|f| f.message.clone()).unwrap_or_default(),
                Completeness::Truncated(what) => what,
            };
            Some(Err(StoreError::Rows(format!("the rows are not all there, so none were kept: {why}"))))
        });
        rows_for_store(rows, schema).chain(end.filter_map(futures::future::ready)).boxed()
    }
}
