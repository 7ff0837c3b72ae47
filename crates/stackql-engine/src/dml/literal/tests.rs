use stackql_sql::{Statement, parse};

use super::*;

fn check(sql: &str, expect: Result<Vec<(&str, Vec<Value>)>, &str>) {
    let Ok(Statement::Delete(delete)) = parse(&format!("DELETE FROM a.b.c WHERE {sql}")) else {
        panic!("no DELETE: {sql}");
    };
    let found = condition(&delete.selection.expect("there is a WHERE"), "DELETE").map_err(|e| e.to_string());
    let assignment = |(c, values): (&str, _)| Assignment { column: c.to_owned(), named: ColumnRole::Matched, values };
    let expect = expect.map(|all| all.into_iter().map(assignment).collect::<Vec<_>>());
    assert_eq!(found, expect.map_err(str::to_owned), "{sql}");
}

#[test]
fn equalities_and_lists_are_assignments() {
    let text = |s: &str| Value::Text(s.to_owned());
    check("id = 'x' AND n = -5", Ok(vec![("id", vec![text("x")]), ("n", vec![Value::Integer(-5)])]));
    check("id IN ('x', 'y')", Ok(vec![("id", vec![text("x"), text("y")])]));
    check("(id = 'x') AND flag = true", Ok(vec![("id", vec![text("x")]), ("flag", vec![Value::Boolean(true)])]));
}

#[test]
fn anything_else_says_what_it_is() {
    check("id > 'x'", Err("DELETE takes WHERE parameter = value, IN lists and AND, not: id > 'x'"));
    check("id = other", Err("DELETE takes WHERE parameter = value, IN lists and AND, not: id = other"));
}
