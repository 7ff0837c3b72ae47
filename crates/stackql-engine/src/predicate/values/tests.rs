use datafusion::prelude::{col, lit};

use super::*;

fn check(expr: Expr, expect: Option<(&str, Vec<Value>)>) {
    let expect = expect.map(|(column, values)| Predicate { column: column.to_owned(), values });
    assert_eq!(predicate(&expr), expect, "{expr}");
}

fn text_value(s: &str) -> Value {
    Value::Text(s.to_owned())
}

#[test]
fn equality_binds_from_either_side() {
    check(col("a").eq(lit("x")), Some(("a", vec![text_value("x")])));
    check(lit(5).eq(col("a")), Some(("a", vec![Value::Integer(5)])));
}

#[test]
fn lists_bind_each_value_once() {
    let list = col("a").in_list(vec![lit("x"), lit("y"), lit("x")], false);
    check(list, Some(("a", vec![text_value("x"), text_value("y")])));
    let chain = col("a").eq(lit("x")).or(col("a").eq(lit("y")));
    check(chain, Some(("a", vec![text_value("x"), text_value("y")])));
}

#[test]
fn booleans_bind_as_bare_columns() {
    check(col("a"), Some(("a", vec![Value::Boolean(true)])));
    check(!col("a"), Some(("a", vec![Value::Boolean(false)])));
}

#[test]
fn what_does_not_fix_a_column_binds_nothing() {
    check(col("a").gt(lit(5)), None);
    check(col("a").eq(col("b")), None);
    check(col("a").eq(lit("x")).or(col("b").eq(lit("y"))), None);
    check(col("a").in_list(vec![lit("x")], true), None);
    check(col("a").eq(lit(ScalarValue::Utf8(None))), None);
}
