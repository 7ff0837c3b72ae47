//! Table functions: functions that return rows, in FROM, also with columns of the preceding relations as arguments, and in the
//! list of a SELECT.
//!
//! A table function is a scalar function that returns a list, which DataFusion unnests. With columns of another relation as
//! arguments it is a lateral join. DataFusion cannot execute it, so [`UnnestLateralRule`] rewrites it to an unnest of that
//! relation.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, ScalarValue, plan_err};
use datafusion::common::{NullHandling, UnnestOptions};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::get_field;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{
    ColumnarValue, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::prelude::{Column, Expr};
use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, Ident, ObjectName, TableAlias, TableFactor};

use crate::error::Error;
use crate::function::{FunctionDoc, called_by_name, check_count, known_by_name, rows};
use crate::value::{Cells, Type, Value};
use crate::{json, scalar_function};

/// A table function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableFunction {
    pub(crate) name: &'static str,
    pub(crate) other_names: &'static [&'static str],
    pub(crate) arguments: (usize, usize),
    pub(crate) columns: &'static [(&'static str, Type)],
    pub(crate) rows: ToRows,
    pub(crate) doc: FunctionDoc,
}

/// Rows of cells.
pub(crate) type Rows<'a> = Vec<Vec<Value<'a>>>;

/// Computes the rows of a function from the arguments of one row.
pub(crate) type ToRows = for<'a> fn(&[Value<'a>]) -> Result<Rows<'a>, Error>;

/// The name of the column with the list.
pub(crate) const ROWS: &str = "__rows";

/// The table function of this name or alias, compared case-insensitively.
fn of_name(name: &str) -> Option<&'static TableFunction> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    json::rows::ALL.iter().find(|table| is(table.name) || table.other_names.iter().any(|other| is(other)))
}

/// The table function that an unqualified name denotes.
pub(crate) fn lookup(name: &ObjectName) -> Option<&'static TableFunction> {
    match name.0.as_slice() {
        [part] => part.as_ident().and_then(|ident| of_name(&ident.value)),
        _ => None,
    }
}

/// The columns of the table function of this name; `None` if the name denotes no table function.
pub fn columns(name: &ObjectName) -> Option<impl Iterator<Item = &'static str>> {
    lookup(name).map(|table| table.columns.iter().map(|(name, _)| *name))
}

impl TableFunction {
    pub(crate) fn udf(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(ListFunction {
            table: self,
            other_names: self.other_names.iter().map(|name| (*name).to_owned()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }

    /// Whether its rows have the kind of a value in a column `type`, as those of `json_each` and `json_tree`.
    pub(crate) fn is_tree(&self) -> bool {
        self.columns.iter().any(|(name, _)| *name == "type")
    }

    /// Whether its only column is JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.columns, [(_, Type::Json)])
    }

    /// The field of a list item: that of the only column, or a struct of all columns.
    fn item(&self) -> FieldRef {
        let fields: Vec<Field> = self.columns.iter().map(|(name, kind)| kind.field(name)).collect();
        Arc::new(match <[Field; 1]>::try_from(fields) {
            Ok([only]) => only.with_name("item"),
            Err(fields) => Field::new("item", DataType::Struct(fields.into()), true),
        })
    }

    /// The columns of the function, projected from the unnested list.
    fn projection(&self) -> Vec<Expr> {
        let row = || Expr::Column(Column::new_unqualified(ROWS));
        match self.columns {
            // Unnesting drops the JSON metadata; the `json` function restores it.
            [(only, Type::Json)] => match scalar_function("json") {
                Some(json) => vec![json.call(vec![row()]).alias(*only)],
                None => vec![row().alias(*only)],
            },
            [(only, _)] => vec![row().alias(*only)],
            all => all.iter().map(|(name, _)| get_field(row(), *name).alias(*name)).collect(),
        }
    }
}

/// Adapts a [`TableFunction`] to DataFusion: it returns a list for each row of arguments.
#[derive(Debug)]
struct ListFunction {
    table: TableFunction,
    other_names: Vec<String>,
    signature: Signature,
}

known_by_name!(ListFunction, table);

impl ScalarUDFImpl for ListFunction {
    called_by_name!(table);

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        check_count(self.table.name, self.table.arguments, types.len())?;
        Ok(DataType::List(self.table.item()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let mut columns: Vec<Cells> = self.table.columns.iter().map(|(_, kind)| Cells::new(*kind)).collect();
        let mut lengths = Vec::new();
        let is_constant = rows(self.table.name, &arguments, |row| {
            let found = (self.table.rows)(row)?;
            lengths.push(found.len());
            for cells in &found {
                columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
            }
            Ok(())
        })?;
        let item = self.table.item();
        let mut arrays: Vec<ArrayRef> = columns.into_iter().map(Cells::finish).collect();
        let values = match item.data_type() {
            DataType::Struct(fields) => Arc::new(StructArray::try_new(fields.clone(), arrays, None)?) as ArrayRef,
            _ => arrays.swap_remove(0),
        };
        let lists = ListArray::try_new(item, OffsetBuffer::from_lengths(lengths), values, None)?;
        let lists = Arc::new(lists);
        Ok(if is_constant { ColumnarValue::Scalar(ScalarValue::List(lists)) } else { ColumnarValue::Array(lists) })
    }
}

/// The relation planner for table functions in FROM.
#[derive(Debug)]
pub(crate) struct TableFunctionPlanner;

impl RelationPlanner for TableFunctionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (table, arguments, alias) = match relation {
            TableFactor::Function { ref name, args, alias, .. } if lookup(name).is_some() => {
                (lookup(name), args, alias)
            }
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        let Some(table) = table else { return plan_err!("a function that gives rows has a name") };
        let argument = |argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => context.sql_to_expr(expr, &DFSchema::empty()),
            other => plan_err!("{}() does not take {other}", table.name),
        };
        let arguments = arguments.into_iter().map(argument).collect::<Result<Vec<_>>>()?;
        let plan = LogicalPlanBuilder::empty(true)
            .project([table.udf().call(arguments).alias(ROWS)])?
            .unnest_column_with_options(
                Column::new_unqualified(ROWS),
                UnnestOptions::new().with_null_handling(NullHandling::Drop),
            )?
            .project(table.projection())?
            .build()?;
        let alias = alias.unwrap_or_else(|| TableAlias {
            explicit: false,
            name: Ident::with_quote('"', table.name),
            columns: Vec::new(),
            at: None,
        });
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, Some(alias)))))
    }
}
