//! Resolves the names in a query to those of the catalog, before DataFusion plans it: tables and columns in any spelling, and
//! `*` without the hidden columns. On the way it applies the other rewrites of `resolve/` to each SELECT and expression.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::sql::sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableFactor, Visit,
    VisitMut, Visitor, VisitorMut,
};
use stackql_call::RowProjection;
use stackql_provider::names::{NameMatch, did_you_mean, fold, match_name, nearest};

use crate::call::context::Context;
use crate::error::Error;
use crate::resolve::relation::{METHOD, OutputColumns, Relation, RelationResolver, relation_description};
use crate::resolve::{
    bare_columns, conditions, duplicate_names, method_columns, natural_joins, normalize, output_names, wildcard,
};
use crate::table::columns::spelled;

/// Resolves the names of a query; returns its output names as written, by position, where the statement determines them.
pub(crate) fn resolve(context: &Arc<Context>, query: &mut Query) -> Result<Vec<Option<String>>, Error> {
    let written = output_names::alias_expressions(query);
    let mut resolver = Resolver { relations: RelationResolver::new(Arc::clone(context)), scopes: Vec::new() };
    match VisitMut::visit(query, &mut resolver) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(written),
    }
}

/// Resolves the names of a view's query, and appends hidden columns to its output: the parameters of the tables inside, and
/// the columns to which a reader has to supply values. Returns how many it appended; none where the query merges rows, is not a
/// plain SELECT (has WITH, LIMIT or a set operation), or has unknown columns.
pub(crate) fn view(
    context: &Arc<Context>,
    query: &mut Query,
    required: &[String],
    is_aggregate: &dyn Fn(&str) -> bool,
) -> Result<usize, Error> {
    resolve(context, query)?;
    let Query { with: None, body, limit_clause: None, fetch: None, .. } = query else { return Ok(0) };
    let SetExpr::Select(select) = body.as_mut() else { return Ok(0) };
    let groups = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    if groups || select.distinct.is_some() || select.having.is_some() || aggregates(select, is_aggregate) {
        return Ok(0);
    }
    let mut relations = RelationResolver::new(Arc::clone(context));
    let all = relations.relations_of_from(&select.from)?;
    let OutputColumns { mut names, is_partial: false } = relations.projected(select)? else { return Ok(0) };
    let before = names.len();
    for relation in &all {
        let is_required = |name: &str| required.iter().any(|required| fold(required) == fold(name));
        for (name, item) in relation
            .items_behind(is_required)
            .filter(|(name, _)| *name != RowProjection::EXTRA && spelled(name) == *name)
        {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
                select.projection.push(item);
            }
        }
    }
    Ok(names.len() - before)
}

/// Whether a SELECT without GROUP BY may have an aggregate in its projection.
fn aggregates(select: &Select, is_aggregate: &dyn Fn(&str) -> bool) -> bool {
    struct Calls<'a>(&'a dyn Fn(&str) -> bool);
    impl Visitor for Calls<'_> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(call) if bare_columns::gathers(call, self.0) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    select.projection.visit(&mut Calls(is_aggregate)).is_break()
}

struct Resolver {
    relations: RelationResolver,
    scopes: Vec<Scope>,
}

/// The names that are visible in a SELECT itself, without those of enclosing queries.
struct Scope {
    relations: Vec<Relation>,
    /// The aliases of its projection.
    aliases: Vec<String>,
    /// The aliases take precedence over columns, as in ORDER BY.
    is_of_query: bool,
}

impl VisitorMut for Resolver {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        if let Err(error) = self.relations.enter(query) {
            return ControlFlow::Break(error);
        }
        // ORDER BY belongs to the query, but sees the names of its SELECT.
        let scope = match query.body.as_ref() {
            SetExpr::Select(select) => self.scope(select),
            _ => Ok(Scope { relations: Vec::new(), aliases: Vec::new(), is_of_query: true }),
        };
        match scope {
            Ok(scope) => self.scopes.push(Scope { is_of_query: true, ..scope }),
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<Error> {
        self.scopes.pop();
        self.relations.leave();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        match natural_joins::rewrite_natural_joins(select, &mut self.relations).and_then(|()| self.scope(select)) {
            Ok(mut scope) => {
                method_columns::show_only(select, &mut scope.relations);
                wildcard::expand(select, &scope.relations);
                normalize::places(select);
                if self.relations.compat() {
                    normalize::as_sqlite(select);
                }
                conditions::spell_out(select, &scope.relations);
                self.scopes.push(scope);
                ControlFlow::Continue(())
            }
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        // Two scopes: those of the statement's outermost query and of its SELECT.
        if self.scopes.len() == 2 {
            duplicate_names::disambiguate(select);
        }
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        if let TableFactor::Table { sample: Some(_), .. } | TableFactor::Derived { sample: Some(_), .. } = factor {
            let hint = Some("ORDER BY random() LIMIT n gives some of the rows".to_owned());
            return ControlFlow::Break(Error::InvalidStatement { message: "TABLESAMPLE is not read".to_owned(), hint });
        }
        if let TableFactor::Table { name, args: None, .. } = factor {
            match self.relations.table(name) {
                Ok(Some(parts)) => *name = object_name(&parts),
                Ok(None) => {}
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let outcome = match expr {
            Expr::Identifier(ident) => self.unqualified(ident).map(|row| {
                if let Some(column) = row {
                    *expr = Expr::CompoundIdentifier(column.into());
                }
            }),
            Expr::CompoundIdentifier(parts) => self.qualified(parts),
            Expr::Cast { .. } | Expr::Collate { .. } | Expr::BinaryOp { .. } => normalize::expression(expr),
            Expr::Like { .. } if self.relations.compat() => {
                normalize::overlook_case(expr);
                Ok(())
            }
            // A word that the parser takes for a function may be a column.
            Expr::Function(function) => match normalize::word(function) {
                Some(mut word) if self.is_column(&word.value) => {
                    self.unqualified(&mut word).map(|_| *expr = Expr::Identifier(word))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        match outcome {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Resolver {
    fn scope(&mut self, select: &Select) -> Result<Scope, Error> {
        let relations = self.relations.relations_of_from(&select.from)?;
        let alias = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            _ => None,
        };
        Ok(Scope { relations, aliases: select.projection.iter().filter_map(alias).collect(), is_of_query: false })
    }

    /// Whether a visible relation has a column of this name.
    fn is_column(&self, name: &str) -> bool {
        let relations = self.scopes.iter().flat_map(|scope| &scope.relations);
        relations.map(|relation| match_name(name, relation.names())).any(|found| found != NameMatch::None)
    }

    /// Resolves an unqualified name to its catalog spelling. Where no column has the name, but a function in FROM with a single
    /// column has, returns that column.
    fn unqualified(&self, ident: &mut Ident) -> Result<Option<[Ident; 2]>, Error> {
        for scope in self.scopes.iter().rev() {
            let found = match_name(&ident.value, scope.relations.iter().flat_map(Relation::names));
            if found == NameMatch::None
                && let Some(row) = scope.relations.iter().find_map(|relation| relation.row_called(&ident.value))
            {
                return Ok(Some(row));
            }
            let exact = scope.relations.iter().any(|r| r.columns.iter().any(|c| c.is(&ident.value)));
            if !exact && scope.aliases.contains(&ident.value) && (scope.is_of_query || found == NameMatch::None) {
                return Ok(None);
            }
            match found {
                NameMatch::One(name) => {
                    *ident = quoted(name);
                    return Ok(None);
                }
                NameMatch::Ambiguous(candidates) => return Err(ambiguous(&ident.value, candidates)),
                NameMatch::None => {}
            }
        }
        let is_text = ident.quote_style == Some('"') && !ident.value.starts_with('$');
        let all = || self.scopes.iter().flat_map(|s| &s.relations);
        if all().next().is_none() || all().any(|r| r.opaque) {
            return Ok(None);
        }
        let tables: Vec<&str> = all().map(|r| r.label.as_str()).collect();
        let mut error = self.unknown(&ident.value, &tables, all().flat_map(Relation::names).map(|(n, _)| n));
        if is_text && let Error::InvalidStatement { hint, .. } = &mut error {
            let name = &ident.value;
            *hint = Some(format!("double quotes are for names; a text is written '{}'", name.replace('\'', "''")));
        }
        Err(error)
    }

    fn qualified(&self, parts: &mut Vec<Ident>) -> Result<(), Error> {
        let Some((column, qualifier)) = parts.split_last_mut() else { return Ok(()) };
        let words: Vec<&str> = qualifier.iter().map(|i| i.value.as_str()).collect();
        for scope in self.scopes.iter().rev() {
            let Some(relation) = scope.relations.iter().find(|r| r.is_called(&words)) else { continue };
            match match_name(&column.value, relation.names()) {
                NameMatch::One(name) => *column = quoted(name),
                NameMatch::Ambiguous(candidates) => return Err(ambiguous(&column.value, candidates)),
                NameMatch::None if relation.opaque => return Ok(()),
                NameMatch::None => {
                    return Err(self.unknown(&column.value, &[&relation.label], relation.names().map(|(n, _)| n)));
                }
            }
            let beyond = relation.qualifier.len().saturating_sub(qualifier.len());
            let own = relation.qualifier[beyond..].iter().map(|word| quoted(word));
            *parts = own.chain([column.clone()]).collect();
            return Ok(());
        }
        match parts.as_slice() {
            [column, members @ ..] if !members.is_empty() && self.is_column(&column.value) => {
                let path: Vec<String> = members.iter().map(|member| format!("'{}'", member.value)).collect();
                let (written, name) = (joined_names(parts), &column.value);
                Err(Error::InvalidStatement {
                    message: format!(
                        "no such column: {written}; {name} is a column, and members of JSON are read by ->>"
                    ),
                    hint: Some(format!("write {name} ->> {}", path.join(" ->> "))),
                })
            }
            _ => Ok(()),
        }
    }

    fn unknown<'a>(&self, name: &str, tables: &[&str], columns: impl Iterator<Item = &'a str>) -> Error {
        let meant = did_you_mean(nearest(name, columns.filter(|column| spelled(column) == *column)));
        let mut tables = tables.to_vec();
        tables.dedup();
        Error::InvalidStatement {
            message: format!("no such column: {name} in {}{meant}", tables.join(", ").replace(METHOD, "")),
            hint: tables.first().and_then(|label| relation_description(label)),
        }
    }
}

fn joined_names(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

fn ambiguous(name: &str, candidates: Vec<String>) -> Error {
    stackql_provider::LookupError::Ambiguous { name: name.to_owned(), candidates }.into()
}

pub(crate) fn quoted(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

pub(crate) fn object_name(parts: &[String]) -> ObjectName {
    ObjectName(parts.iter().map(|p| ObjectNamePart::Identifier(quoted(p))).collect())
}
