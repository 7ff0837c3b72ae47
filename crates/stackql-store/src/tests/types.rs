//! Every type goes in and comes out as it was.

use std::collections::HashMap;

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int16Array, LargeStringArray, ListArray,
    StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::Int64Type;

use super::*;

/// Columns with a value or two, and NULLs.
fn everything() -> RecordBatch {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(vec![Some("a 'quoted' ż\0\nword"), Some(""), None]))),
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

#[tokio::test]
async fn every_type_comes_back_as_it_was() {
    let batch = everything();
    for store in stores().1 {
        let made = Stored { name: "everything".to_owned(), schema: batch.schema(), ..numbers("") };
        store.create(&made, false, given([batch.clone()])).await.unwrap();
        assert_eq!(all(&store, "everything").await, batch);
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_not_null() {
    for store in stores().1 {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![Some(f64::NAN), None]));
        let batch = RecordBatch::try_from_iter_with_nullable([("n", values, true)]).unwrap();
        let made = Stored { schema: batch.schema(), ..numbers("odd") };
        store.create(&made, false, given([batch])).await.unwrap();
        let back = all(&store, "odd").await;
        let back = back.column(0).as_any().downcast_ref::<Float64Array>().unwrap();
        assert!(back.value(0).is_nan());
        assert!(arrow::array::Array::is_null(back, 1));
    }
}

#[tokio::test]
async fn sqlite_sees_plain_types() {
    let batch = everything();
    for store in stores().1 {
        let made = Stored { name: "everything".to_owned(), schema: batch.schema(), ..numbers("") };
        store.create(&made, false, given([batch.clone()])).await.unwrap();
        let seen = store
            .query(
                "SELECT typeof(text) || ' ' || typeof(integer) || ' ' || typeof(real) || ' ' || typeof(boolean) || ' ' || \
                 typeof(bytes) || ' ' || typeof(huge) || ' ' || boolean || ' ' || time || ' ' || local || ' ' || day || ' ' \
                 || money FROM everything LIMIT 1",
            )
            .await
            .unwrap();
        let seen = seen.column(0).as_any().downcast_ref::<StringArray>().unwrap().value(0);
        assert_eq!(
            seen,
            "text integer real integer blob text 1 2023-11-14T22:13:20.123Z 2023-11-14T22:13:20.000001 2024-10-04 123.45"
        );
    }
}

#[tokio::test]
async fn marks_of_columns_and_what_must_be_there_are_kept() {
    let marked =
        Field::new("tags", DataType::Utf8, false).with_metadata(HashMap::from([("format".into(), "json".into())]));
    let marks = HashMap::from([("made by".to_owned(), "a test".to_owned())]);
    let schema = Arc::new(Schema::new(vec![marked]).with_metadata(marks));
    for store in stores().1 {
        let made = Stored { schema: Arc::clone(&schema), ..numbers("marked") };
        store.create(&made, false, none()).await.unwrap();
        assert_eq!(store.list().await.unwrap(), [made]);
        let rows = store.rows("marked", &[0]).await.unwrap().try_collect::<Vec<_>>().await.unwrap();
        assert_eq!(rows, []);
    }
}

#[tokio::test]
async fn what_could_not_be_read_back_is_refused() {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)])]));
    let batch = RecordBatch::try_from_iter([("list", list)]).unwrap();
    for store in stores().1 {
        let made = Stored { schema: batch.schema(), ..numbers("lists") };
        let error = store.create(&made, false, given([batch.clone()])).await.unwrap_err();
        assert_eq!(refused(error), "column list is of type List(Int64), which cannot be kept; cast it to text");
        assert_eq!(store.list().await.unwrap(), []);
    }
}

#[tokio::test]
async fn columns_are_given_in_the_order_they_are_asked_for() {
    for store in stores().1 {
        store.create(&notes(), false, none()).await.unwrap();
        store.insert("notes", given([note("milk", 1), note("bread", 2)])).await.unwrap();
        let back: Vec<RecordBatch> = store.rows("notes", &[1, 0]).await.unwrap().try_collect().await.unwrap();
        assert_eq!(back[0].schema().field(0).name(), "priority");
        let counted: Vec<RecordBatch> = store.rows("notes", &[]).await.unwrap().try_collect().await.unwrap();
        assert_eq!((counted[0].num_columns(), counted[0].num_rows()), (0, 2));
    }
}
