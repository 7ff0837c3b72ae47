//! Aggregates that collect values: `group_concat`, `json_group_array`, `json_group_object`; and `total`, the sum that is 0.0
//! instead of NULL for no rows.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::common::utils::compare_rows;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::error::Error;
use crate::function::{FunctionDoc, called_by_name, check_count, known_by_name};
use crate::json::build::object_key;
use crate::json::node::Node;
use crate::value::{Column, FORMAT_KEY, JSON, Type, Value};

/// A collecting aggregate: the text that each row adds, and the brackets around all of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CollectingSpec {
    pub(crate) name: &'static str,
    pub(crate) other_names: &'static [&'static str],
    pub(crate) arguments: (usize, usize),
    returns: Type,
    /// The text that a row adds, and the separator in front of it; `None` if the row does not count.
    piece: fn(&[Value<'_>]) -> Result<Option<CollectedValue>, Error>,
    brackets: Option<(char, char)>,
    pub(crate) doc: FunctionDoc,
}

struct CollectedValue {
    separator: String,
    text: String,
    /// The values of the sort keys.
    order: Vec<ScalarValue>,
}

impl CollectedValue {
    fn new(separator: impl Into<String>, text: impl Into<String>) -> Self {
        Self { separator: separator.into(), text: text.into(), order: Vec::new() }
    }
}

pub(crate) const ALL: &[CollectingSpec] = &[
    CollectingSpec {
        name: "group_concat",
        other_names: &[],
        arguments: (1, 2),
        returns: Type::Text,
        piece: |row| {
            let separator = match row.get(1) {
                None => ",".into(),
                Some(separator) => separator.as_text().unwrap_or_default(),
            };
            Ok(row[0].as_text().map(|text| CollectedValue::new(separator, text)))
        },
        brackets: None,
        doc: FunctionDoc {
            usage: "group_concat(x[, separator])",
            says: "all x that are not NULL, with commas or the separator between",
            example: "SELECT group_concat(x, '; ') FROM (VALUES ('a'), ('b')) AS t(x)",
        },
    },
    CollectingSpec {
        name: "json_group_array",
        other_names: &["json_agg", "jsonb_agg", "jsonb_group_array"],
        arguments: (1, 1),
        returns: Type::Json,
        piece: |row| Ok(Some(CollectedValue::new(",", Node::from_value(&row[0])?.to_string()))),
        brackets: Some(('[', ']')),
        doc: FunctionDoc {
            usage: "json_group_array(x)",
            says: "an array of all x",
            example: "SELECT json_group_array(x) FROM (VALUES (1), (2)) AS t(x)",
        },
    },
    CollectingSpec {
        name: "json_group_object",
        other_names: &["json_object_agg", "jsonb_object_agg", "jsonb_group_object"],
        arguments: (2, 2),
        returns: Type::Json,
        piece: |row| {
            if row[0].is_null() {
                return Ok(None);
            }
            Ok(Some(CollectedValue::new(",", format!("{}:{}", object_key(&row[0])?.0, Node::from_value(&row[1])?))))
        },
        brackets: Some(('{', '}')),
        doc: FunctionDoc {
            usage: "json_group_object(key, x)",
            says: "an object of all keys and their x",
            example: "SELECT json_group_object(k, x) FROM (VALUES ('a', 1), ('b', 2)) AS t(k, x)",
        },
    },
];

/// The collecting aggregate of this name.
pub(crate) fn gathering(name: &str) -> Option<AggregateUDF> {
    ALL.iter().find(|gathering| gathering.name == name).map(|gathering| gathering.udaf())
}

impl CollectingSpec {
    pub(crate) fn udaf(self) -> AggregateUDF {
        AggregateUDF::new_from_impl(CollectingUdaf {
            spec: self,
            other_names: self.other_names.iter().map(|name| (*name).to_owned()).collect(),
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }

    /// The result for no rows: an empty array or object, or NULL.
    fn of_nothing(&self) -> ScalarValue {
        ScalarValue::Utf8(self.brackets.map(|(open, close)| format!("{open}{close}")))
    }
}

#[derive(Debug)]
struct CollectingUdaf {
    spec: CollectingSpec,
    other_names: Vec<String>,
    signature: Signature,
}

known_by_name!(CollectingUdaf, spec);

impl AggregateUDFImpl for CollectingUdaf {
    called_by_name!(spec);

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, arguments: &[FieldRef]) -> Result<FieldRef> {
        check_count(self.spec.name, self.spec.arguments, arguments.len())?;
        Ok(Arc::new(self.spec.returns.field(self.spec.name)))
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(self.spec.of_nothing())
    }

    /// The accumulator sorts the values itself, because they may come from several partitions.
    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Beneficial
    }

    fn with_beneficial_ordering(self: Arc<Self>, _: bool) -> Result<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let is_json = |field: &FieldRef| field.metadata().get(FORMAT_KEY).is_some_and(|format| format == JSON);
        let order = arguments.order_bys.iter().map(|key| Ok((key.options, key.expr.data_type(arguments.schema)?)));
        Ok(Box::new(CollectingAccumulator {
            gathering: self.spec,
            json: arguments.expr_fields.iter().map(is_json).collect(),
            order: order.collect::<Result<_>>()?,
            seen: arguments.is_distinct.then(HashSet::new),
            values: Vec::new(),
            size: 0,
        }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let list = |what: &str, kind: &DataType| -> FieldRef {
            Arc::new(Field::new_list(
                format!("{}[{what}]", arguments.name),
                Field::new_list_field(kind.clone(), true),
                true,
            ))
        };
        let texts = [list("separators", &DataType::Utf8), list("texts", &DataType::Utf8)];
        let order = arguments.ordering_fields.iter().enumerate();
        let order = order.map(|(index, field)| list(&format!("order {index}"), field.data_type()));
        Ok(texts.into_iter().chain(order).collect())
    }
}

/// The values collected so far.
struct CollectingAccumulator {
    gathering: CollectingSpec,
    /// For each argument, whether it is marked as JSON.
    json: Vec<bool>,
    /// The options and types of the sort keys.
    order: Vec<(SortOptions, DataType)>,
    /// The texts collected so far, for DISTINCT.
    seen: Option<HashSet<String>>,
    values: Vec<CollectedValue>,
    size: usize,
}

impl std::fmt::Debug for CollectingAccumulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CollectingAccumulator")
            .field("name", &self.gathering.name)
            .field("count", &self.values.len())
            .finish()
    }
}

impl CollectingAccumulator {
    fn add(&mut self, piece: CollectedValue) {
        if self.seen.as_mut().is_none_or(|known| known.insert(piece.text.clone())) {
            let order: usize = piece.order.iter().map(ScalarValue::size).sum();
            self.size += piece.text.len() + piece.separator.len() + order + size_of::<CollectedValue>();
            self.values.push(piece);
        }
    }

    /// Sorts the values by the ORDER BY of the aggregate.
    fn sort(&mut self) -> Result<()> {
        let options: Vec<_> = self.order.iter().map(|(options, _)| *options).collect();
        let mut failed = Ok(());
        self.values.sort_by(|a, b| {
            compare_rows(&a.order, &b.order, &options).unwrap_or_else(|error| {
                failed = Err(error);
                Ordering::Equal
            })
        });
        failed
    }
}

impl Accumulator for CollectingAccumulator {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let (arguments, order) = arguments.split_at(self.json.len());
        let columns = arguments.iter().zip(&self.json).map(|(cells, is_json)| Column::of_array(cells, *is_json));
        let columns: Vec<_> = columns.collect::<Result<_>>()?;
        for index in 0..arguments.first().map_or(0, |cells| cells.len()) {
            let row: Vec<_> = columns.iter().map(|column| column.get(index)).collect();
            let failed = |error| DataFusionError::Execution(format!("{}(): {error}", self.gathering.name));
            if let Some(piece) = (self.gathering.piece)(&row).map_err(failed)? {
                let order = order.iter().map(|cells| ScalarValue::try_from_array(cells, index));
                self.add(CollectedValue { order: order.collect::<Result<_>>()?, ..piece });
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists: Vec<_> = states.iter().map(|state| state.as_list::<i32>()).collect();
        let [separators, texts, order @ ..] = lists.as_slice() else { return Ok(()) };
        for row in 0..separators.len() {
            let (separators, texts) = (separators.value(row), texts.value(row));
            let order: Vec<_> = order.iter().map(|list| list.value(row)).collect();
            let (separators, texts) = (separators.as_string::<i32>(), texts.as_string::<i32>());
            for index in 0..texts.len() {
                let order = order.iter().map(|cells| ScalarValue::try_from_array(cells, index));
                let piece = CollectedValue::new(separators.value(index), texts.value(index));
                self.add(CollectedValue { order: order.collect::<Result<_>>()?, ..piece });
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |kind: &DataType, cell: &dyn Fn(&CollectedValue) -> ScalarValue| {
            let cells: Vec<_> = self.values.iter().map(cell).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&cells, kind))
        };
        let mut state = vec![
            list(&DataType::Utf8, &|piece| ScalarValue::from(piece.separator.as_str())),
            list(&DataType::Utf8, &|piece| ScalarValue::from(piece.text.as_str())),
        ];
        for (index, (_, kind)) in self.order.iter().enumerate() {
            state.push(list(kind, &|piece| piece.order[index].clone()));
        }
        Ok(state)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.values.is_empty() {
            return Ok(self.gathering.of_nothing());
        }
        self.sort()?;
        let mut all = String::with_capacity(self.size);
        all.extend(self.gathering.brackets.map(|(open, _)| open));
        for (index, piece) in self.values.iter().enumerate() {
            if index > 0 {
                all.push_str(&piece.separator);
            }
            all.push_str(&piece.text);
        }
        all.extend(self.gathering.brackets.map(|(_, close)| close));
        Ok(ScalarValue::Utf8(Some(all)))
    }

    fn size(&self) -> usize {
        // With DISTINCT, each text is held twice.
        size_of_val(self) + self.size * if self.seen.is_some() { 2 } else { 1 }
    }
}

/// The entry of [`total`] in the function reference.
pub(crate) const TOTAL: FunctionDoc = FunctionDoc {
    usage: "total(x)",
    says: "the sum of all x as a float; 0.0 of no rows",
    example: "SELECT total(x) FROM (VALUES (1), (2.5)) AS t(x)",
};

/// The aggregate `total`; a text counts as the number that it begins with.
pub(crate) fn total() -> AggregateUDF {
    AggregateUDF::new_from_impl(TotalUdaf { signature: Signature::user_defined(Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TotalUdaf {
    signature: Signature,
}

impl AggregateUDFImpl for TotalUdaf {
    fn name(&self) -> &'static str {
        "total"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        check_count(self.name(), (1, 1), types.len())?;
        Ok(DataType::Float64)
    }

    fn default_value(&self, _: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(Some(0.0)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(TotalAccumulator { total: 0.0, known: arguments.is_distinct.then(HashSet::new) }))
    }
}

#[derive(Debug)]
struct TotalAccumulator {
    total: f64,
    /// The bits of the numbers added so far, for DISTINCT.
    known: Option<HashSet<u64>>,
}

impl Accumulator for TotalAccumulator {
    fn update_batch(&mut self, arguments: &[ArrayRef]) -> Result<()> {
        let Some(cells) = arguments.first() else { return Ok(()) };
        let column = Column::of_array(cells, false)?;
        for number in (0..cells.len()).filter_map(|row| column.get(row).as_real()) {
            if self.known.as_mut().is_none_or(|known| known.insert(number.to_bits())) {
                self.total += number;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Float64(Some(self.total))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(Some(self.total)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.known.as_ref().map_or(0, |known| known.capacity() * size_of::<u64>())
    }
}
