//! Finds the views that a query reads: local views by their names, and resource views by the columns to which the query
//! supplies values.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    ObjectName, Query as Ast, Select, TableAlias, TableFactor, TableWithJoins, VisitMut, VisitorMut,
};
use stackql_provider::{Verb, View};

use super::constrained_columns::ConstrainedColumns;
use crate::StoredKind;
use crate::call::context::Context;
use crate::error::Error;
use crate::resolve::names::object_name;
use crate::table::resource_table::ResourceTable;

/// A reference to a view in a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ViewRef {
    /// The name of the view in the query.
    pub(crate) name: String,
    /// The SQL text of the view's query.
    pub(crate) text: String,
    /// The resource, for a resource view.
    pub(crate) resource: Option<ResourceView>,
}

/// The resource that a resource view stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResourceView {
    /// Provider, service and resource.
    pub(crate) parts: Vec<String>,
    /// The columns to which a statement has to supply values.
    pub(crate) required: Vec<String>,
}

/// The views that `query` reads; `above` is its expansion path. The name of a resource that a view reads is replaced by the
/// name of that view.
pub(crate) fn reads(context: &Context, query: &mut Ast, above: &[String]) -> Result<Vec<ViewRef>, Error> {
    let mut reads = ViewRefVisitor { context, expansion_path: above, found: Vec::new() };
    match VisitMut::visit(query, &mut reads) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(reads.found),
    }
}

struct ViewRefVisitor<'a> {
    context: &'a Context,
    expansion_path: &'a [String],
    found: Vec<ViewRef>,
}

impl VisitorMut for ViewRefVisitor<'_> {
    type Break = Error;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Error> {
        if let [one] = relation.0.as_slice()
            && let Some(ident) = one.as_ident()
            && let Some(made) = self.context.find_object(&ident.value).filter(|made| made.kind == StoredKind::View)
        {
            self.found.push(ViewRef { name: made.name.clone(), text: made.text.clone(), resource: None });
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        let given = ConstrainedColumns::by(select);
        select.from.iter_mut().for_each(|from| self.relations(from, &given));
        ControlFlow::Continue(())
    }
}

impl ViewRefVisitor<'_> {
    fn relations(&mut self, from: &mut TableWithJoins, given: &ConstrainedColumns) {
        let joined = from.joins.iter_mut().map(|join| &mut join.relation);
        for factor in std::iter::once(&mut from.relation).chain(joined) {
            match factor {
                TableFactor::Table { name, alias, args: None, .. } => {
                    if let Some(read) = self.of_resource(name, alias.as_ref(), given) {
                        *name = object_name(std::slice::from_ref(&read.name));
                        self.found.push(read);
                    }
                }
                TableFactor::NestedJoin { table_with_joins, .. } => self.relations(table_with_joins, given),
                _ => {}
            }
        }
    }

    /// The view by which a resource is read; `None` where its methods read it, or where the name is no resource.
    fn of_resource(
        &self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        given: &ConstrainedColumns,
    ) -> Option<ViewRef> {
        let words: Option<Vec<String>> = name.0.iter().map(|part| Some(part.as_ident()?.value.clone())).collect();
        let words = self.context.settings.qualify(words?, 3);
        let [provider, service, resource] = words.as_slice() else { return None };
        let definitions = &self.context.definitions;
        // Name resolution reports an unknown resource later.
        let found = definitions.resource(provider, service, resource).ok().filter(|found| !found.views.is_empty())?;
        let (provider, service) = (definitions.provider(provider).ok()?, definitions.service(provider, service).ok()?);
        let parts = vec![provider.name.clone(), service.name.clone(), found.name.clone()];
        let called = alias.map_or_else(|| parts.clone(), |alias| vec![alias.name.value.clone()]);
        let is_given = |column: &String| {
            given.has(&called, column) || self.context.settings.parameter_default(&provider.name, column).is_some()
        };
        let missing = |view: &View| view.required.iter().filter(|column| !is_given(column)).count();
        let all = || found.readable_views().zip(names_of(&parts));
        let fits = all().find(|(view, name)| missing(view) == 0 && !self.expansion_path.contains(name));
        let has_methods = found.methods_of(Verb::Select).next().is_some();
        // Without SELECT methods, the view that misses the fewest values is used: an outer query may supply them.
        let only = || all().min_by_key(|(view, _)| missing(view)).filter(|_| !has_methods);
        let (view, name) = fits.or_else(only)?;
        Some(read(view, name, parts.clone()))
    }
}

/// The first view of a resource, whatever values a statement supplies.
pub(crate) fn first(table: &ResourceTable) -> Option<ViewRef> {
    let parts = vec![table.provider.name.clone(), table.service.name.clone(), table.resource.name.clone()];
    let (view, name) = table.resource.readable_views().zip(names_of(&parts)).next()?;
    Some(read(view, name, parts.clone()))
}

fn read(view: &View, name: String, parts: Vec<String>) -> ViewRef {
    ViewRef { name, text: view.body.clone(), resource: Some(ResourceView { parts, required: view.required.clone() }) }
}

/// The names of a resource's views in queries, in the order of the views.
fn names_of(parts: &[String]) -> impl Iterator<Item = String> {
    let name = parts.join(".");
    (1..).map(move |at| if at == 1 { name.clone() } else { format!("{name}#{at}") })
}

/// The expansion path that contains all views of a resource, so that none of them is expanded again.
pub(crate) fn all_of(table: &ResourceTable) -> Vec<String> {
    let parts = [table.provider.name.clone(), table.service.name.clone(), table.resource.name.clone()];
    names_of(&parts).take(table.resource.views.len()).collect()
}
