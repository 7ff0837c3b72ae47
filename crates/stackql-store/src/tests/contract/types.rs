//! Every type goes in and comes out as it was.

use std::collections::HashMap;

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int16Array, LargeStringArray, ListArray,
    StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::Int64Type;

use crate::tests::*;

/// Columns with a value or two, and NULLs.
pub(crate) fn everything() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(vec![Some("a 'quoted' ż\nword"), Some(""), None]))),
        ("integer", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(i64::MIN), None]))),
        ("real", Arc::new(Float64Array::from(vec![Some(0.1), Some(f64::NEG_INFINITY), None]))),
        ("boolean", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        (
            "time",
            Arc::new(
                TimestampMillisecondArray::from(vec![Some(1_700_000_000_123), Some(-1), None]).with_timezone("+00:00"),
            ),
        ),
        ("local", Arc::new(TimestampMicrosecondArray::from(vec![Some(1_700_000_000_000_001), Some(0), None]))),
        ("bytes", Arc::new(BinaryArray::from_opt_vec(vec![Some(b"\xff\0"), Some(b""), None]))),
        ("small", Arc::new(Int16Array::from(vec![Some(i16::MIN), Some(7), None]))),
        ("count", Arc::new(UInt32Array::from(vec![Some(u32::MAX), Some(0), None]))),
        ("huge", Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None]))),
        ("long", Arc::new(LargeStringArray::from(vec![Some("x"), Some("y"), None]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("a text that is not inlined"), Some("y"), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(20_000), Some(-1), None]))),
        (
            "money",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345), Some(-1), None]).with_precision_and_scale(20, 2).unwrap(),
            ),
        ),
        ("nothing", arrow::array::new_null_array(&DataType::Int64, 3)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, values)| (name, values, true))).unwrap()
}

pub(crate) async fn every_type_comes_back_as_it_was(place: &Place) {
    let batch = everything();
    for store in [place.fresh()] {
        let made = StoredObject { name: "everything".to_owned(), schema: batch.schema(), ..numbers("") };
        store.create(&made, false, given([batch.clone()])).await.unwrap();
        assert_eq!(all(&*store, "everything").await, batch);
    }
}

pub(crate) async fn a_number_that_is_none_is_not_null(place: &Place) {
    for store in [place.fresh()] {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(f64::NAN), None]));
        let batch = RecordBatch::try_from_iter_with_nullable([("n", values, true)]).unwrap();
        let made = StoredObject { schema: batch.schema(), ..numbers("odd") };
        store.create(&made, false, given([batch])).await.unwrap();
        let back = all(&*store, "odd").await;
        let back = back.column(0).as_any().downcast_ref::<Float64Array>().unwrap();
        assert!(back.value(0).is_nan());
        assert!(arrow::array::Array::is_null(back, 1));
    }
}

pub(crate) async fn marks_of_columns_and_what_must_be_there_are_kept(place: &Place) {
    let marked =
        Field::new("tags", DataType::Utf8, false).with_metadata(HashMap::from([("format".into(), "json".into())]));
    let marks = HashMap::from([("made by".to_owned(), "a test".to_owned())]);
    let schema = Arc::new(Schema::new(vec![marked]).with_metadata(marks));
    for store in [place.fresh()] {
        let made = StoredObject { schema: Arc::clone(&schema), ..numbers("marked") };
        store.create(&made, false, none()).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [made]);
        let rows = store.rows("marked", &[0]).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(rows, []);
    }
}

pub(crate) async fn what_could_not_be_read_back_is_refused(place: &Place) {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])]));
    let batch = RecordBatch::try_from_iter([("list", list)]).unwrap();
    for store in [place.fresh()] {
        let made = StoredObject { schema: batch.schema(), ..numbers("lists") };
        let error = store.create(&made, false, given([batch.clone()])).await.unwrap_err();
        assert_eq!(refused(error), "column list is of type List(Int64), which cannot be kept; cast it to text");
        assert_eq!(store.list().await.unwrap(), []);
    }
}

pub(crate) async fn columns_are_given_in_the_order_they_are_asked_for(place: &Place) {
    for store in [place.fresh()] {
        store.create(&notes(), false, none()).await.unwrap();
        store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
        let back: Vec<RecordBatch> = store.rows("notes", &[1, 0]).await.unwrap().try_collect().await.unwrap();
        assert_eq!(back[0].schema().field(0).name(), "priority");
        let counted: Vec<RecordBatch> = store.rows("notes", &[]).await.unwrap().try_collect().await.unwrap();
        assert_eq!((counted[0].num_columns(), counted[0].num_rows()), (0, 2));
    }
}

pub(crate) async fn text_that_is_marked_as_json_comes_back_as_it_was(place: &Place) {
    let mark = HashMap::from([("stackql.format".to_owned(), "json".to_owned())]);
    for texts in [[r#"{"b": [1, null],  "a":"\u0000"}"#, "[]"], ["no JSON", "{}"]] {
        for store in [place.fresh()] {
            let schema = schema(vec![Field::new("tags", DataType::Utf8, true).with_metadata(mark.clone())]);
            let values: ArrayRef = Arc::new(StringArray::from(vec![Some(texts[0]), None, Some(texts[1])]));
            let batch = RecordBatch::try_new(Arc::clone(&schema), vec![values]).unwrap();
            store.create(&StoredObject { schema, ..numbers("tagged") }, false, given([batch.clone()])).await.unwrap();
            assert_eq!(all(&*store, "tagged").await, batch);
        }
    }
}
