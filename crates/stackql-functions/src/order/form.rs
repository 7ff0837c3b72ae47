//! Expressions of JSON values: which expressions are JSON underneath, and how they are rewritten for ordering and decoded
//! elsewhere.

use datafusion::arrow::datatypes::Field;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, ScalarValue, TableReference, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::expr::{Between, Case, Cast, Exists, InSubquery, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, ExprSchemable, Operator, SortExpr, Subquery};
use datafusion::prelude::Expr;

use super::{Ordered, ordered, whole};
use crate::scalar_function;
use crate::table::ROWS;
use crate::value::{FORMAT_KEY, JSON};

/// How JSON values are decoded where they are not ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// To the result of `json_extract`.
    Extracted,
    /// To the result of `->>`.
    Text,
    /// Not at all: they are JSON in the result too.
    Json,
}

/// Whether the metadata of a field marks it as JSON.
pub(crate) fn is_marked(field: &Field) -> bool {
    field.metadata().get(FORMAT_KEY).is_some_and(|format| format == JSON)
}

/// Whether an expression may yield JSON values.
pub(super) fn makes_json(expr: &Expr) -> bool {
    match expr {
        Expr::ScalarFunction(function) => function.name().starts_with("json") || function.name() == "get_field",
        _ => false,
    }
}

/// A call of a function of this crate.
pub(super) fn called(name: &str, arguments: Vec<Expr>) -> Result<Expr> {
    match scalar_function(name) {
        Some(function) => Ok(function.call(arguments)),
        None => internal_err!("there is no function {name}"),
    }
}

/// Decodes JSON values by their form.
pub(super) fn decoded(json: Expr, form: Form) -> Result<Expr> {
    match form {
        Form::Extracted => called("json_cell", vec![json]),
        Form::Text => called("json_cell_text", vec![json]),
        Form::Json => Ok(json),
    }
}

/// A text as a JSON string.
pub(super) fn quoted(text: Expr) -> Result<Expr> {
    // `json_quote(NULL)` is `null`, which is ordered and decoded as NULL.
    called("json_quote", vec![text])
}

/// The expression with this output name.
pub(super) fn named_as(expr: Expr, relation: Option<TableReference>, name: String) -> Result<Expr> {
    let is_called_so = expr.qualified_name() == (relation.clone(), name.clone());
    Ok(if is_called_so { expr } else { expr.unalias().alias_qualified(relation, name) })
}

/// The columns of an expression, including those that its subqueries reference.
pub(super) fn within(expr: &Expr) -> Vec<Column> {
    let mut all: Vec<Column> = expr.column_refs().into_iter().cloned().collect();
    all.extend(outer_columns(expr));
    all
}

/// The outer columns that subqueries in an expression reference.
pub(super) fn outer_columns(expr: &Expr) -> Vec<Column> {
    let mut all = Vec::new();
    let mut add = |subquery: &Subquery| {
        for outer in &subquery.outer_ref_columns {
            let _ = outer.apply(|part| {
                if let Expr::OuterReferenceColumn(_, column) = part {
                    all.push(column.clone());
                }
                Ok(TreeNodeRecursion::Continue)
            });
        }
    };
    let _ = expr.apply(|part| {
        match part {
            Expr::ScalarSubquery(subquery) => add(subquery),
            Expr::Exists(exists) => add(&exists.subquery),
            Expr::InSubquery(within) => add(&within.subquery),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    all
}

/// The operands of all order comparisons in an expression: `<` and the like, BETWEEN, `least` and `greatest`.
pub(super) fn compared(expr: &Expr) -> Vec<&Expr> {
    let mut all = Vec::new();
    let _ = expr.apply(|part| {
        match part {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_order(*op) => all.extend([&**left, &**right]),
            Expr::Between(Between { expr, low, high, .. }) => all.extend([&**expr, &**low, &**high]),
            Expr::ScalarFunction(function) if is_choice(function) => all.extend(&function.args),
            _ => {}
        }
        Ok(TreeNodeRecursion::Continue)
    });
    all
}

fn is_order(op: Operator) -> bool {
    matches!(op, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

/// Whether a function returns the least or the greatest of its arguments.
fn is_choice(function: &ScalarFunction) -> bool {
    ["least", "greatest"].contains(&function.name())
}

/// Whether an expression is a number that was cast to text to agree with others.
pub(super) fn is_number_as_text(expr: &Expr, schema: &DFSchema) -> bool {
    match expr {
        Expr::Alias(alias) => is_number_as_text(&alias.expr, schema),
        Expr::Cast(Cast { expr, field }) => {
            field.data_type().is_string() && expr.get_type(schema).is_ok_and(|kind| kind.is_numeric())
        }
        _ => false,
    }
}

/// Whether a constant is a JSON list or object.
pub(crate) fn is_document(value: &ScalarValue) -> bool {
    let text = value.try_as_str().flatten().unwrap_or_default();
    text.starts_with(['[', '{']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The input columns of an expression, and the form of those that are JSON in place of text.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    schema: &'a DFSchema,
    forms: &'a [Option<Form>],
}

impl<'a> Scope<'a> {
    pub(super) fn new(schema: &'a DFSchema, forms: &'a [Option<Form>]) -> Self {
        Self { schema, forms }
    }

    fn form(&self, column: &Column) -> Option<Form> {
        self.schema.maybe_index_of_column(column).and_then(|index| self.forms.get(index).copied().flatten())
    }

    /// The expression as JSON with its form; `None` if it has no JSON values.
    pub(super) fn json(&self, expr: &Expr) -> Result<Option<(Expr, Form)>> {
        match expr {
            Expr::Alias(alias) => return self.json(&alias.expr),
            Expr::Column(column) => {
                if let Some(form) = self.form(column) {
                    return Ok(Some((expr.clone(), form)));
                }
            }
            Expr::ScalarFunction(function) => {
                if let Some(found) = self.json_of_function(function)? {
                    return Ok(Some(found));
                }
            }
            Expr::ScalarSubquery(subquery) => {
                let Ordered { plan, forms } = ordered(subquery.subquery.as_ref().clone(), &[true])?;
                let is_json = plan.schema().fields().first().is_some_and(|field| is_marked(field));
                let form = forms.first().copied().flatten().or(is_json.then_some(Form::Json));
                let json = Expr::ScalarSubquery(subquery.with_plan(plan.into()));
                return Ok(form.map(|form| (json, form)));
            }
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, then)| then.as_ref());
                let branches: Vec<&Expr> = branches.chain(case.else_expr.as_deref()).collect();
                let Some((mut branches, form)) = self.branches(&branches)? else { return Ok(None) };
                let otherwise = if case.else_expr.is_some() { branches.pop() } else { None };
                let mut when_then_expr = Vec::new();
                for ((when, _), then) in case.when_then_expr.iter().zip(branches) {
                    when_then_expr.push((Box::new(self.plain(when.as_ref().clone())?), Box::new(then)));
                }
                let operand = case.expr.as_ref().map(|expr| self.plain(expr.as_ref().clone())).transpose()?;
                let case = Case { expr: operand.map(Box::new), when_then_expr, else_expr: otherwise.map(Box::new) };
                return Ok(Some((Expr::Case(case), form)));
            }
            _ => {}
        }
        match expr.to_field(self.schema) {
            Ok((_, field)) if is_marked(&field) => Ok(Some((self.plain(expr.clone())?, Form::Json))),
            _ => Ok(None),
        }
    }

    fn json_of_function(&self, function: &ScalarFunction) -> Result<Option<(Expr, Form)>> {
        let arguments =
            || function.args.iter().map(|argument| self.plain(argument.clone())).collect::<Result<Vec<_>>>();
        let found = match (function.name(), function.args.as_slice()) {
            ("json_extract", [_, _]) => (called("json_at", arguments()?)?, Form::Extracted),
            ("json_get_text", _) => (called("json_get", arguments()?)?, Form::Text),
            ("json_extract_path_text", _) => (called("json_extract_path", arguments()?)?, Form::Text),
            ("get_field", [Expr::Column(rows), Expr::Literal(field, _)]) if rows.name == ROWS => {
                let is_value = matches!(field, ScalarValue::Utf8(Some(name)) if name == "value" || name == "atom");
                let kind = function.func.call(vec![
                    Expr::Column(rows.clone()),
                    Expr::Literal(ScalarValue::Utf8(Some("type".to_owned())), None),
                ]);
                if !is_value || kind.get_type(self.schema).is_err() {
                    return Ok(None);
                }
                let value = Expr::ScalarFunction(function.clone());
                (called("json_of_kind", vec![value, kind])?, Form::Extracted)
            }
            ("coalesce", of) => {
                let Some((branches, form)) = self.branches(&of.iter().collect::<Vec<_>>())? else { return Ok(None) };
                (function.func.call(branches), form)
            }
            (_, of) if is_choice(function) => {
                let Some((branches, form)) = self.branches(&of.iter().collect::<Vec<_>>())? else { return Ok(None) };
                let ranked =
                    branches.into_iter().map(|json| called("json_ranked", vec![json])).collect::<Result<_>>()?;
                (called("json_of_rank", vec![function.func.call(ranked)])?, form)
            }
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    /// The branches of an expression that returns one of them, as JSON with a common form. At least one must have JSON values;
    /// the others may be constants, or numbers that were cast to text to agree with them. `None` otherwise.
    fn branches(&self, exprs: &[&Expr]) -> Result<Option<(Vec<Expr>, Form)>> {
        let (mut all, mut form) = (Vec::new(), None);
        let is_marked = |expr: &&Expr| expr.to_field(self.schema).is_ok_and(|(_, field)| is_marked(&field));
        let has_documents = exprs.iter().copied().any(|expr| is_marked(&expr));
        for expr in exprs {
            if let Some((json, own)) = self.json(expr)? {
                if form.is_some_and(|form| form != own) {
                    return Ok(None);
                }
                form = Some(own);
                all.push(json);
            } else if is_number_as_text(expr, self.schema) {
                all.push(self.plain((*expr).clone())?);
            } else if let Expr::Literal(value, _) = expr {
                let is_document = has_documents && is_document(value);
                let is_text = value.data_type().is_string() && !value.is_null() && !is_document;
                all.push(if is_text { quoted((*expr).clone())? } else { (*expr).clone() });
            } else if matches!(expr, Expr::Cast(Cast { expr, .. }) if matches!(&**expr, Expr::Literal(value, _) if value.is_null()))
            {
                all.push((*expr).clone());
            } else {
                return Ok(None);
            }
        }
        Ok(form.map(|form| (all, form)))
    }

    /// The sort key of an expression of JSON values; `None` for any other.
    fn order(&self, expr: &Expr) -> Result<Option<Expr>> {
        self.json(expr)?.map(|(json, _)| called("json_order", vec![json])).transpose()
    }

    pub(super) fn key(&self, key: SortExpr) -> Result<SortExpr> {
        let expr = match self.order(&key.expr)? {
            Some(order) => order,
            None => self.plain(key.expr)?,
        };
        Ok(SortExpr { expr, ..key })
    }

    pub(super) fn keys(&self, keys: Vec<SortExpr>) -> Result<Vec<SortExpr>> {
        keys.into_iter().map(|key| self.key(key)).collect()
    }

    /// The expression with JSON values decoded, except in order comparisons.
    pub(super) fn plain(&self, expr: Expr) -> Result<Expr> {
        expr.transform_down(|expr| self.plain_here(expr)).data()
    }

    fn plain_here(&self, expr: Expr) -> Result<Transformed<Expr>> {
        let done = |expr| Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump));
        match expr {
            Expr::Column(ref column) => match self.form(column) {
                Some(form) => done(decoded(expr, form)?),
                None => Ok(Transformed::no(expr)),
            },
            Expr::BinaryExpr(BinaryExpr { ref left, op, ref right }) if is_order(op) => {
                match (self.order(left)?, self.order(right)?) {
                    (Some(left), Some(right)) => {
                        done(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
                    }
                    _ => Ok(Transformed::no(expr)),
                }
            }
            Expr::Between(Between { expr: ref of, negated, ref low, ref high }) => {
                match (self.order(of)?, self.order(low)?, self.order(high)?) {
                    (Some(of), Some(low), Some(high)) => {
                        done(Expr::Between(Between::new(Box::new(of), negated, Box::new(low), Box::new(high))))
                    }
                    _ => Ok(Transformed::no(expr)),
                }
            }
            Expr::ScalarFunction(ref function) if is_choice(function) => match self.json_of_function(function)? {
                Some((json, form)) => done(decoded(json, form)?),
                None => Ok(Transformed::no(expr)),
            },
            Expr::AggregateFunction(mut function) => {
                let params = &mut function.params;
                params.order_by = self.keys(std::mem::take(&mut params.order_by))?;
                params.args = self.all_plain(std::mem::take(&mut params.args))?;
                params.filter = params.filter.take().map(|f| self.plain(*f).map(Box::new)).transpose()?;
                done(Expr::AggregateFunction(function))
            }
            Expr::WindowFunction(mut function) => {
                let params = &mut function.params;
                params.order_by = self.keys(std::mem::take(&mut params.order_by))?;
                params.args = self.all_plain(std::mem::take(&mut params.args))?;
                params.partition_by = self.all_plain(std::mem::take(&mut params.partition_by))?;
                params.filter = params.filter.take().map(|f| self.plain(*f).map(Box::new)).transpose()?;
                done(Expr::WindowFunction(function))
            }
            Expr::ScalarSubquery(subquery) => Ok(Transformed::yes(Expr::ScalarSubquery(ordered_within(subquery)?))),
            Expr::Exists(Exists { subquery, negated }) => {
                Ok(Transformed::yes(Expr::Exists(Exists { subquery: ordered_within(subquery)?, negated })))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                let subquery = ordered_within(subquery)?;
                Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    fn all_plain(&self, exprs: Vec<Expr>) -> Result<Vec<Expr>> {
        exprs.into_iter().map(|expr| self.plain(expr)).collect()
    }
}

fn ordered_within(subquery: Subquery) -> Result<Subquery> {
    let plan = whole(subquery.subquery.as_ref().clone())?;
    Ok(subquery.with_plan(plan.into()))
}
