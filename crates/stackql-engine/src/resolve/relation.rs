//! The relations of a FROM clause and the names of their columns, as far as they are known without planning.

use std::sync::Arc;

use datafusion::arrow::datatypes::{FieldRef, Schema};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    TableWithJoins,
};
use stackql_provider::LookupError;
use stackql_provider::names::{NameMatch, match_name};

use super::method_columns;
use super::names::{object_name, quoted};
use crate::call::context::Context;
use crate::call::log::{calls_schema, errors_schema};
use crate::catalog::list::{SYSTEM, resource_table};
use crate::error::Error;
use crate::table::resource_table::ResourceTable;

/// The label of a table function in messages.
const FUNCTION: &str = "function";

/// The label of a derived table in messages.
const SUBQUERY: &str = "subquery";

/// The prefix of the label of an exec table in messages.
pub(crate) const METHOD: &str = "METHOD ";

/// The hint how to list the columns of a relation with this label.
pub(crate) fn relation_description(label: &str) -> Option<String> {
    match (label, label.strip_prefix(METHOD)) {
        (FUNCTION | SUBQUERY, _) => None,
        (_, Some(_)) => Some(format!("DESCRIBE {label} lists what it takes and gives")),
        (_, None) => Some(format!("DESCRIBE {label} lists its columns")),
    }
}

/// A relation of a FROM clause.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// Its name in messages.
    pub(crate) label: String,
    /// The qualifier of its columns in the plan: its alias, or the parts of its table's name.
    pub(crate) qualifier: Vec<String>,
    /// The qualifier by which a statement may name it, where that differs.
    called: Option<Vec<String>>,
    pub(crate) columns: Vec<ColumnName>,
    /// It may have columns that are not listed here.
    pub(crate) opaque: bool,
    /// `columns` are in another order than the schema.
    is_sorted: bool,
    /// The resource table, where the relation is one.
    pub(crate) table: Option<Arc<ResourceTable>>,
}

/// The name of a column and its properties for name resolution.
#[derive(Debug, Clone)]
pub(crate) struct ColumnName {
    own: String,
    aliases: Vec<String>,
    hidden: bool,
    /// A condition on it binds a parameter.
    parameter: bool,
}

impl ColumnName {
    fn plain(own: String) -> Self {
        Self { own, aliases: Vec::new(), hidden: false, parameter: false }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.own == name
    }
}

impl Relation {
    /// The pairs of a column's own name and each of its names, including aliases.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let own = self.columns.iter().map(|c| (c.own.as_str(), c.own.as_str()));
        let other = self.columns.iter().flat_map(|c| c.aliases.iter().map(|a| (c.own.as_str(), a.as_str())));
        own.chain(other)
    }

    /// Hides columns from `*`, by their own names, unless none would remain visible.
    pub(crate) fn hide(&mut self, is_hidden: impl Fn(&str) -> bool) {
        if self.columns.iter().any(|column| !column.hidden && !is_hidden(&column.own)) {
            self.columns.iter_mut().filter(|column| is_hidden(&column.own)).for_each(|column| column.hidden = true);
        }
    }

    pub(crate) fn has_hidden(&self) -> bool {
        self.columns.iter().any(|c| c.hidden)
    }

    /// Whether `words`, the qualifier of a column, denotes this relation.
    pub(crate) fn is_called(&self, words: &[&str]) -> bool {
        let own = self.called.as_ref().unwrap_or(&self.qualifier);
        !words.is_empty()
            && words.len() <= own.len()
            && words.iter().rev().zip(own.iter().rev()).all(|(w, o)| w.eq_ignore_ascii_case(o))
    }

    /// Whether its `*` has to be replaced by a list of columns.
    pub(crate) fn is_spelled_out(&self) -> bool {
        self.called.is_some() || self.is_partial()
    }

    /// Whether its `*` means something else than all columns of the schema in order.
    pub(crate) fn is_partial(&self) -> bool {
        self.is_sorted || self.has_hidden()
    }

    /// The only column of a table function, where `word` is the name of that function or its alias.
    pub(crate) fn row_called(&self, word: &str) -> Option<[Ident; 2]> {
        match (self.qualifier.as_slice(), self.columns.as_slice()) {
            ([own], [only]) if self.label == FUNCTION && own.eq_ignore_ascii_case(word) => {
                Some([quoted(own), quoted(&only.own)])
            }
            _ => None,
        }
    }

    /// The names of the columns that `*` includes.
    pub(crate) fn visible_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|c| !c.hidden).map(|c| c.own.as_str())
    }

    /// Whether it has a column of this own name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|c| c.is(name))
    }

    /// Whether a condition on the column of this own name binds a parameter.
    pub(crate) fn is_parameter(&self, name: &str) -> bool {
        self.columns.iter().any(|c| c.is(name) && c.parameter)
    }

    /// The visible columns that `wanted` accepts, as items of a projection.
    pub(crate) fn visible_items(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = SelectItem> {
        self.columns.iter().filter(move |c| !c.hidden && wanted(&c.own)).map(|c| self.item(&c.own))
    }

    /// The hidden columns and those that `wanted` accepts, with their own names, as items of a projection.
    pub(crate) fn items_behind(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, SelectItem)> {
        self.columns.iter().filter(move |c| c.hidden || wanted(&c.own)).map(|c| (c.own.as_str(), self.item(&c.own)))
    }

    fn item(&self, name: &str) -> SelectItem {
        SelectItem::UnnamedExpr(self.column(name))
    }

    /// The qualified column of this own name.
    pub(crate) fn column(&self, name: &str) -> Expr {
        Expr::CompoundIdentifier(self.qualifier.iter().map(String::as_str).chain([name]).map(quoted).collect())
    }
}

/// The output columns of a query, as far as they are known without planning it.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutputColumns {
    pub(crate) names: Vec<String>,
    /// There may be others.
    pub(crate) is_partial: bool,
}

impl OutputColumns {
    fn unknown() -> Self {
        Self { names: Vec::new(), is_partial: true }
    }

    fn all(names: Vec<String>) -> Self {
        Self { names, is_partial: false }
    }
}

/// Resolves relations: tables of the catalog and the common table expressions in scope.
pub(crate) struct RelationResolver {
    context: Arc<Context>,
    /// For each enclosing query, its common table expressions with their columns.
    frames: Vec<Vec<(String, OutputColumns)>>,
}

impl RelationResolver {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, frames: Vec::new() }
    }

    /// Whether SQL is interpreted as in the Go implementation.
    pub(crate) fn compat(&self) -> bool {
        self.context.options.compat
    }

    /// Brings the common table expressions of `query` into scope, until [`Self::leave`].
    pub(crate) fn enter(&mut self, query: &Query) -> Result<(), Error> {
        self.frames.push(Vec::new());
        for cte in query.with.iter().flat_map(|w| &w.cte_tables) {
            let name = cte.alias.name.value.clone();
            if query.with.as_ref().is_some_and(|w| w.recursive) {
                self.add(name.clone(), OutputColumns::unknown());
            }
            let columns = match cte.alias.columns.as_slice() {
                [] => self.outputs(&cte.query)?,
                named => OutputColumns::all(named.iter().map(|c| c.name.value.clone()).collect()),
            };
            self.add(name, columns);
        }
        Ok(())
    }

    fn add(&mut self, name: String, columns: OutputColumns) {
        if let Some(frame) = self.frames.last_mut() {
            frame.retain(|(n, _)| *n != name);
            frame.push((name, columns));
        }
    }

    pub(crate) fn leave(&mut self) {
        self.frames.pop();
    }

    fn cte(&self, name: &str) -> Option<&(String, OutputColumns)> {
        let all = || self.frames.iter().rev().flat_map(|f| f.iter());
        all().find(|(n, _)| n == name).or_else(|| all().find(|(n, _)| n.eq_ignore_ascii_case(name)))
    }

    /// The name of a table in the catalog's spelling.
    ///
    /// # Errors
    ///
    /// The catalog has no such table, and no common table expression or registered view has the name.
    pub(crate) fn table(&self, name: &ObjectName) -> Result<Option<Vec<String>>, Error> {
        let parts = words(name);
        match parts.as_slice() {
            [one] if self.context.exec_table(one).is_some() => Ok(Some(vec![one.clone()])),
            [one] => match (self.cte(one), self.context.find_object(one)) {
                (Some((own, _)), _) => Ok(Some(vec![own.clone()])),
                (None, None) if self.context.view(one).is_some() => Ok(Some(parts)),
                (None, Some(made)) => Ok(Some(vec![made.name.clone()])),
                (None, None) => Err(Error::InvalidStatement {
                    message: format!("could not locate table '{one}'"),
                    hint: Some("tables are named provider.service.resource; SHOW PROVIDERS lists providers".into()),
                }),
            },
            [schema, table] if schema.eq_ignore_ascii_case(SYSTEM) => {
                let known = ["calls", "errors"];
                match match_name(table, known.iter().map(|k| (*k, *k))) {
                    NameMatch::One(own) => Ok(Some(vec![SYSTEM.to_owned(), own.to_owned()])),
                    _ => Err(Error::invalid(format!("no such table: {schema}.{table}; system has calls and errors"))),
                }
            }
            [_, _] if self.context.settings.provider.is_some() => {
                self.table(&object_name(&self.context.settings.qualify(parts, 3)))
            }
            [provider, service, resource] => {
                let table = resource_table(&self.context, provider, service, resource)?;
                Ok(Some(vec![table.provider.name.clone(), table.service.name.clone(), table.resource.name.clone()]))
            }
            _ => Err(Error::InvalidStatement {
                message: format!("no such table: {}", parts.join(".")),
                hint: Some("tables are named provider.service.resource".into()),
            }),
        }
    }

    /// The relations of a FROM clause, in order.
    pub(crate) fn relations_of_from(&mut self, from: &[TableWithJoins]) -> Result<Vec<Relation>, Error> {
        let mut all = Vec::new();
        for item in from {
            self.factor(&item.relation, &mut all)?;
            for join in &item.joins {
                self.factor(&join.relation, &mut all)?;
            }
        }
        Ok(all)
    }

    fn factor(&mut self, factor: &TableFactor, all: &mut Vec<Relation>) -> Result<(), Error> {
        let (mut relation, alias) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => (self.lookup(name)?, alias),
            TableFactor::Derived { subquery, alias, .. } => {
                let columns = self.outputs(subquery)?;
                (relation(SUBQUERY, Vec::new(), columns), alias)
            }
            TableFactor::NestedJoin { table_with_joins, alias: None } => {
                all.extend(self.relations_of_from(std::slice::from_ref(table_with_joins))?);
                return Ok(());
            }
            TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
                let columns = stackql_functions::columns(name).map(|all| all.map(str::to_owned).collect());
                // The planner qualifies its columns with its lower-case name.
                let called = words(name).into_iter().map(|word| word.to_lowercase()).collect();
                (relation(FUNCTION, called, columns.map_or_else(OutputColumns::unknown, OutputColumns::all)), alias)
            }
            TableFactor::TableFunction { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => {
                (relation(FUNCTION, Vec::new(), OutputColumns::unknown()), alias)
            }
            _ => (relation("relation", Vec::new(), OutputColumns::unknown()), &None),
        };
        if let Some(alias) = alias {
            relation.qualifier = vec![alias.name.value.clone()];
            relation.called = None;
            if !alias.columns.is_empty() {
                relation.columns = alias.columns.iter().map(|c| ColumnName::plain(c.name.value.clone())).collect();
                relation.opaque = false;
            }
        }
        all.push(relation);
        Ok(())
    }

    fn lookup(&self, name: &ObjectName) -> Result<Relation, Error> {
        let Some(parts) = self.table(name)? else {
            return Ok(relation("relation", words(name), OutputColumns::unknown()));
        };
        Ok(match parts.as_slice() {
            [one] if let Some(executed) = self.context.exec_table(one) => {
                let (schema, shown) = executed.columns();
                let label = format!("{METHOD}{}", executed.method());
                Relation { label, ..of_schema(one, &schema, shown) }
            }
            [one] => match (self.cte(one), self.context.view(one), self.context.find_object(one)) {
                (Some((_, columns)), ..) => relation(one, parts.clone(), columns.clone()),
                (None, Some(view), _) => {
                    let (label, called) = (view.label(one), view.resource.clone());
                    Relation { label, called, ..of_schema(one, &view.schema, view.visible) }
                }
                (None, None, Some(made)) => {
                    let columns = made.schema.fields().iter().map(|f| f.name().clone()).collect();
                    relation(one, parts.clone(), OutputColumns::all(columns))
                }
                (None, None, None) => relation(one, parts.clone(), OutputColumns::unknown()),
            },
            [_, table] => {
                let schema = if table == "calls" { calls_schema() } else { errors_schema() };
                let columns = schema.fields().iter().map(|f| f.name().clone()).collect();
                relation(&parts.join("."), parts.clone(), OutputColumns::all(columns))
            }
            [provider, service, resource] => {
                let table = resource_table(&self.context, provider, service, resource)?;
                let fields = table.columns.schema.fields().iter().zip(&table.columns.aliases).enumerate();
                let columns = fields.map(|(i, (f, aliases))| ColumnName {
                    own: f.name().clone(),
                    aliases: aliases.clone(),
                    hidden: !table.columns.visible[i],
                    parameter: table.columns.parameter_column(f.name()).is_some(),
                });
                let mut columns: Vec<ColumnName> = columns.collect();
                let is_sorted = self.context.options.compat;
                if is_sorted {
                    columns.sort_by(|a, b| a.own.cmp(&b.own));
                }
                let table = Some(Arc::new(table));
                Relation {
                    columns,
                    is_sorted,
                    table,
                    ..relation(&parts.join("."), parts.clone(), OutputColumns::default())
                }
            }
            _ => relation("relation", parts, OutputColumns::unknown()),
        })
    }

    fn outputs(&mut self, query: &Query) -> Result<OutputColumns, Error> {
        self.enter(query)?;
        let mut body = query.body.as_ref();
        let names = loop {
            match body {
                SetExpr::Select(select) => break self.projected(select),
                SetExpr::Query(inner) => break self.outputs(inner),
                SetExpr::SetOperation { left, .. } => body = left,
                _ => break Ok(OutputColumns::unknown()),
            }
        };
        self.leave();
        names
    }

    /// The output names of a SELECT.
    pub(crate) fn projected(&mut self, select: &Select) -> Result<OutputColumns, Error> {
        let mut relations = self.relations_of_from(&select.from)?;
        method_columns::show_only(select, &mut relations);
        let spelled = |name: &str, within: &[Relation]| -> Result<String, Error> {
            match match_name(name, within.iter().flat_map(Relation::names)) {
                NameMatch::One(own) => Ok(own.to_owned()),
                NameMatch::None => Ok(name.to_owned()),
                NameMatch::Ambiguous(candidates) => {
                    Err(LookupError::Ambiguous { name: name.to_owned(), candidates }.into())
                }
            }
        };
        let OutputColumns { mut names, is_partial: mut more } = OutputColumns::default();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(Expr::Identifier(ident)) => names.push(spelled(&ident.value, &relations)?),
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
                    if let Some((column, qualifier)) = parts.split_last() {
                        let words: Vec<&str> = qualifier.iter().map(|i| i.value.as_str()).collect();
                        let one: Vec<Relation> = relations.iter().filter(|r| r.is_called(&words)).cloned().collect();
                        names.push(spelled(&column.value, &one)?);
                    }
                }
                // The planner chooses the name.
                SelectItem::UnnamedExpr(_) => more = true,
                SelectItem::ExprWithAlias { alias, .. } => names.push(alias.value.clone()),
                SelectItem::Wildcard(_) => {
                    more |= relations.iter().any(|r| r.opaque);
                    names.extend(visible(&relations));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let parts = words(name);
                    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                    let one: Vec<Relation> = relations.iter().filter(|r| r.is_called(&parts)).cloned().collect();
                    more |= one.iter().any(|r| r.opaque);
                    names.extend(visible(&one));
                }
                _ => more = true,
            }
        }
        Ok(OutputColumns { names, is_partial: more })
    }
}

fn visible(relations: &[Relation]) -> Vec<String> {
    relations.iter().flat_map(|r| r.columns.iter().filter(|c| !c.hidden).map(|c| c.own.clone())).collect()
}

/// A relation with a one-part name, of whose columns the first `visible` are visible and the others hidden.
fn of_schema(name: &str, schema: &Schema, visible: usize) -> Relation {
    let fields = schema.fields().iter().enumerate();
    let column = |(at, f): (usize, &FieldRef)| {
        let hidden = at >= visible;
        ColumnName { hidden, parameter: hidden, ..ColumnName::plain(f.name().clone()) }
    };
    Relation {
        columns: fields.map(column).collect(),
        ..relation(name, vec![name.to_owned()], OutputColumns::default())
    }
}

fn relation(label: &str, qualifier: Vec<String>, columns: OutputColumns) -> Relation {
    let opaque = columns.is_partial;
    let columns = columns.names.into_iter().map(ColumnName::plain).collect();
    Relation { label: label.to_owned(), qualifier, called: None, columns, opaque, is_sorted: false, table: None }
}

fn words(name: &ObjectName) -> Vec<String> {
    name.0.iter().map(|p| p.as_ident().map_or_else(|| p.to_string(), |i| i.value.clone())).collect()
}
