//! The relations that a FROM clause brings into view, with the names of their columns.

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

/// What messages call a function that gives rows.
const FUNCTION: &str = "function";

/// What messages call a query in parentheses.
const SUBQUERY: &str = "subquery";

/// What stands in front of the name of a method that is called in place of a relation.
pub(crate) const METHOD: &str = "METHOD ";

/// How to learn which columns there are of what messages call so.
pub(crate) fn relation_description(label: &str) -> Option<String> {
    match (label, label.strip_prefix(METHOD)) {
        (FUNCTION | SUBQUERY, _) => None,
        (_, Some(_)) => Some(format!("DESCRIBE {label} lists what it takes and gives")),
        (_, None) => Some(format!("DESCRIBE {label} lists its columns")),
    }
}

/// A relation in view.
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    /// What messages call it.
    pub(crate) label: String,
    /// What columns of it are qualified with: its alias, or its table's parts.
    pub(crate) qualifier: Vec<String>,
    /// What a statement may qualify them with, where that is something else.
    called: Option<Vec<String>>,
    pub(crate) columns: Vec<ColumnName>,
    /// It may have columns that are not listed here.
    pub(crate) opaque: bool,
    /// Its columns are in another order than those of its rows.
    is_sorted: bool,
    /// The resource that it is.
    pub(crate) table: Option<Arc<ResourceTable>>,
}

/// A column's name.
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
    /// Each column's own name under all its names.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let own = self.columns.iter().map(|c| (c.own.as_str(), c.own.as_str()));
        let other = self.columns.iter().flat_map(|c| c.aliases.iter().map(|a| (c.own.as_str(), a.as_str())));
        own.chain(other)
    }

    /// Hides columns from `*`, by their names, unless none would be left.
    pub(crate) fn hide(&mut self, is_hidden: impl Fn(&str) -> bool) {
        if self.columns.iter().any(|column| !column.hidden && !is_hidden(&column.own)) {
            self.columns.iter_mut().filter(|column| is_hidden(&column.own)).for_each(|column| column.hidden = true);
        }
    }

    pub(crate) fn has_hidden(&self) -> bool {
        self.columns.iter().any(|c| c.hidden)
    }

    /// Whether `words`, the qualifier of a column, means this relation.
    pub(crate) fn is_called(&self, words: &[&str]) -> bool {
        let own = self.called.as_ref().unwrap_or(&self.qualifier);
        !words.is_empty()
            && words.len() <= own.len()
            && words.iter().rev().zip(own.iter().rev()).all(|(w, o)| w.eq_ignore_ascii_case(o))
    }

    /// Whether `*` of it has to be written as the columns that it means.
    pub(crate) fn is_spelled_out(&self) -> bool {
        self.called.is_some() || self.is_partial()
    }

    /// Whether `*` of it means something else than all of its columns in their order.
    pub(crate) fn is_partial(&self) -> bool {
        self.is_sorted || self.has_hidden()
    }

    /// The column that `word` means where it is what the rows of a function are called that have just that one.
    pub(crate) fn row_called(&self, word: &str) -> Option<[Ident; 2]> {
        match (self.qualifier.as_slice(), self.columns.as_slice()) {
            ([own], [only]) if self.label == FUNCTION && own.eq_ignore_ascii_case(word) => {
                Some([quoted(own), quoted(&only.own)])
            }
            _ => None,
        }
    }

    /// The names of the columns that `*` shows.
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

    /// The visible columns as items of a projection, those that `wanted` says.
    pub(crate) fn visible_items(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = SelectItem> {
        self.columns.iter().filter(move |c| !c.hidden && wanted(&c.own)).map(|c| self.item(&c.own))
    }

    /// The hidden columns and those that `wanted` says, by their names, as items of a projection.
    pub(crate) fn items_behind(&self, wanted: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, SelectItem)> {
        self.columns.iter().filter(move |c| c.hidden || wanted(&c.own)).map(|c| (c.own.as_str(), self.item(&c.own)))
    }

    fn item(&self, name: &str) -> SelectItem {
        SelectItem::UnnamedExpr(self.column(name))
    }

    /// The column of this own name, qualified.
    pub(crate) fn column(&self, name: &str) -> Expr {
        Expr::CompoundIdentifier(self.qualifier.iter().map(String::as_str).chain([name]).map(quoted).collect())
    }
}

/// The names of a query's columns that can be told without planning it.
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

/// Finds relations: tables of the catalog and the common table expressions in view.
pub(crate) struct RelationResolver {
    context: Arc<Context>,
    /// One frame a query: its common table expressions, with their columns.
    frames: Vec<Vec<(String, OutputColumns)>>,
}

impl RelationResolver {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, frames: Vec::new() }
    }

    /// Whether SQL is read as the Go program does.
    pub(crate) fn compat(&self) -> bool {
        self.context.options.compat
    }

    /// Brings the common table expressions of `query` into view, until [`Self::leave`].
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

    /// The catalog's spelling of a table's name; `None` where it is not the catalog's.
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

    /// The relations of a FROM clause.
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
                // The planner calls it by its name in lower case.
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

    /// The names of what a SELECT gives.
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
                // The planner names it.
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

/// A relation of one word, whose columns behind the first, so many, are hidden.
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
