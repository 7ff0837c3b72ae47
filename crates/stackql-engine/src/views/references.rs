//! Which views a query reads: those that users made, by their names, and those that stand for resources, by what the
//! query gives to them. Pure.

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

/// A view that a query reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ViewRef {
    /// What it is called in the query.
    pub(crate) name: String,
    /// Its query.
    pub(crate) text: String,
    /// Whose rows it stands for, if it is a resource's.
    pub(crate) resource: Option<ResourceView>,
}

/// What a resource's view stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ResourceView {
    /// Provider, service and resource.
    pub(crate) parts: Vec<String>,
    /// The columns that have to be given values.
    pub(crate) required: Vec<String>,
}

/// The views that `query` reads where it is read through those `above`. Names of resources that are read by a view
/// become the view's.
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

    /// The view that a resource is read by; `None` where it is read by its methods, or is none.
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
        // Whoever resolves names says what is wrong with this one.
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
        // Values may come from further out, for what can be read in no other way.
        let only = || all().min_by_key(|(view, _)| missing(view)).filter(|_| !has_methods);
        let (view, name) = fits.or_else(only)?;
        Some(read(view, name, parts.clone()))
    }
}

/// The first view of a resource, whatever a statement gives to it.
pub(crate) fn first(table: &ResourceTable) -> Option<ViewRef> {
    let parts = vec![table.provider.name.clone(), table.service.name.clone(), table.resource.name.clone()];
    let (view, name) = table.resource.readable_views().zip(names_of(&parts)).next()?;
    Some(read(view, name, parts.clone()))
}

fn read(view: &View, name: String, parts: Vec<String>) -> ViewRef {
    ViewRef { name, text: view.body.clone(), resource: Some(ResourceView { parts, required: view.required.clone() }) }
}

/// What the views of a resource are called in queries, in their order.
fn names_of(parts: &[String]) -> impl Iterator<Item = String> {
    let name = parts.join(".");
    (1..).map(move |at| if at == 1 { name.clone() } else { format!("{name}#{at}") })
}

/// What to read a resource through so that none of its views is read again.
pub(crate) fn all_of(table: &ResourceTable) -> Vec<String> {
    let parts = [table.provider.name.clone(), table.service.name.clone(), table.resource.name.clone()];
    names_of(&parts).take(table.resource.views.len()).collect()
}
