use super::*;

fn clause(columns: Option<&[&str]>, operators: Option<&[&str]>) -> Option<Clause> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Some(Clause { parameter: "$p".to_owned(), columns: columns.map(owned), operators: operators.map(owned) })
}

fn column(name: &str, wire: &str) -> Column {
    Column { name: name.to_owned(), wire: wire.to_owned(), ..Column::default() }
}

fn method(pushdown: ClausePushdown) -> Method {
    Method { clause_pushdown: Some(pushdown), ..Method::default() }
}

fn encoded(pushed: Option<PushedClause>) -> Option<(String, bool)> {
    pushed.map(|pushed| match pushed.value {
        Value::Text(text) => (text, pushed.is_complete),
        other => unreachable!("clauses are texts, not {other:?}"),
    })
}

fn whole(text: &str) -> Option<(String, bool)> {
    Some((text.to_owned(), true))
}

#[test]
fn comparisons_are_written_in_the_words_of_odata() {
    let method = method(ClausePushdown { filter: clause(None, None), ..ClausePushdown::default() });
    let column = column("name", "displayName");
    let text = |text: &str| Value::Text(text.to_owned());
    for (operator, value, expect) in [
        (Operator::Equal, Value::Integer(-7), Some("displayName eq -7")),
        (Operator::NotEqual, Value::Null, Some("displayName ne null")),
        (Operator::Less, Value::Number(1.5), Some("displayName lt 1.5")),
        (Operator::LessOrEqual, Value::Integer(i64::MAX), Some("displayName le 9223372036854775807")),
        (Operator::Greater, text("a b"), Some("displayName gt 'a b'")),
        (Operator::GreaterOrEqual, text("O'Hara"), Some("displayName ge 'O''Hara'")),
        (Operator::Equal, Value::Boolean(true), Some("displayName eq true")),
        (Operator::StartsWith, text("A"), Some("startswith(displayName,'A')")),
        (Operator::EndsWith, text("''"), Some("endswith(displayName,'''''')")),
        (Operator::Contains, text("and (1 eq 1)"), Some("contains(displayName,'and (1 eq 1)')")),
        (Operator::Less, Value::Null, None),
        (Operator::Contains, Value::Null, None),
        (Operator::StartsWith, Value::Integer(1), None),
        (Operator::Equal, Value::Number(f64::NAN), None),
        (Operator::Equal, Value::Json(serde_json::json!([1])), None),
    ] {
        let comparison = Comparison { column: &column, operator, value };
        let clauses = ClauseEncoder::for_method(&method).unwrap();
        assert_eq!(clauses.accepts(&comparison), expect.is_some(), "{comparison:?}");
        let pushed = encoded(clauses.filter(std::slice::from_ref(&comparison)));
        assert_eq!(pushed, expect.map(|text| (text.to_owned(), true)), "{comparison:?}");
    }
}

#[test]
fn only_what_is_supported_travels_and_what_is_left_is_known() {
    let [id, name, owner] = [column("id", "id"), column("name", "displayName"), column("owner", "owner")];
    let equal = |column, n| Comparison { column, operator: Operator::Equal, value: Value::Integer(n) };
    // Columns may be named as they are here or on the wire.
    let columns: &[&str] = &["id", "name"];
    let filter = |operators: &[&str], comparisons: &[Comparison<'_>]| {
        let method =
            method(ClausePushdown { filter: clause(Some(columns), Some(operators)), ..ClausePushdown::default() });
        encoded(ClauseEncoder::for_method(&method).unwrap().filter(comparisons))
    };
    let both = [equal(&id, 1), equal(&name, 2)];
    assert_eq!(filter(&["eq", "and"], &both), whole("id eq 1 and displayName eq 2"));
    assert_eq!(filter(&["EQ"], &both), Some(("id eq 1".to_owned(), false)));
    assert_eq!(
        filter(&["eq", "and"], &[equal(&owner, 1), equal(&name, 2)]),
        Some(("displayName eq 2".to_owned(), false))
    );
    assert_eq!(filter(&["gt", "and"], &both), None);
    assert_eq!(filter(&["eq"], &[]), None);
}

#[test]
fn columns_and_orders_travel_as_a_whole_or_not() {
    let [id, name, odd] = [column("id", "id"), column("name", "displayName"), column("odd", "a,b")];
    let method = method(ClausePushdown {
        select: clause(None, None),
        order: clause(Some(&["id"]), None),
        ..ClausePushdown::default()
    });
    let clauses = ClauseEncoder::for_method(&method).unwrap();
    assert_eq!(encoded(clauses.select(&[&id, &name, &id])), whole("id,displayName"));
    assert_eq!(clauses.select(&[&id, &odd]), None);
    assert_eq!(clauses.select(&[]), None);
    let by = |column, descending| Order { column, descending };
    assert_eq!(encoded(clauses.order(&[by(&id, true)])), whole("id desc"));
    assert_eq!(encoded(clauses.order(&[by(&id, false), by(&id, true)])), whole("id asc,id desc"));
    assert_eq!(clauses.order(&[by(&id, true), by(&name, false)]), None);
    assert_eq!(clauses.filter(&[]), None);
    assert_eq!((clauses.top(1), clauses.skip(1), clauses.count()), (None, None, None));
}

#[test]
fn numbers_of_rows_are_bounded_without_losing_any() {
    let bound = |maximum, of_page| Some(RowLimit { parameter: "$n".to_owned(), maximum, per_page: of_page });
    let top = |maximum, of_page, rows| {
        let method = method(ClausePushdown { top: bound(maximum, of_page), ..ClausePushdown::default() });
        encoded(ClauseEncoder::for_method(&method).unwrap().top(rows))
    };
    assert_eq!(top(None, false, 5000), whole("5000"));
    assert_eq!(top(Some(100), false, 100), whole("100"));
    // A hundred of all would be too few; a hundred on a page are not.
    assert_eq!(top(Some(100), false, 101), None);
    assert_eq!(top(Some(100), true, 101), Some(("100".to_owned(), false)));
    assert_eq!(top(None, false, 0), None);
    let method = method(ClausePushdown { skip: bound(Some(10), false), ..ClausePushdown::default() });
    let skip = |rows| encoded(ClauseEncoder::for_method(&method).unwrap().skip(rows));
    assert_eq!((skip(7), skip(12)), (whole("7"), Some(("10".to_owned(), false))));
}

#[test]
fn rows_are_counted_where_the_method_can() {
    let (parameter, value) = ("$count".to_owned(), "true".to_owned());
    let count = stackql_provider::CountRequest { parameter: parameter.clone(), value, response_path: Vec::new() };
    let method = method(ClausePushdown { count: Some(count), ..ClausePushdown::default() });
    let pushed = ClauseEncoder::for_method(&method).unwrap().count();
    assert_eq!(pushed, Some(PushedClause { parameter, value: Value::Text("true".to_owned()), is_complete: true }));
    assert!(ClauseEncoder::for_method(&Method::default()).is_none());
}
