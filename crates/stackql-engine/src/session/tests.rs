use stackql_call::RowProjection;

/// Two crates that must not know each other mark JSON in the same way.
#[test]
fn json_of_functions_is_marked_as_json_of_rows_is() {
    assert_eq!(stackql_functions::FORMAT_KEY, RowProjection::FORMAT_KEY);
    assert_eq!(stackql_functions::JSON, "json");
}
