//! Where the engine is not SQLite, by choice: the expression, what it gives here, and why.

pub(crate) const ALL: &[(&str, &str, &str)] = &[
    (
        "json_extract('{\"a\":1}', '$[')",
        "error: Execution error: json_extract(): bad JSON path: '$['; paths are like $.name[0]",
        "a path that is none is an error, as all versions of SQLite but few have it",
    ),
    (
        "json_extract('{\"a\":1}', '$[x]')",
        "error: Execution error: json_extract(): bad JSON path: '$[x]'; paths are like $.name[0]",
        "a path that is none is an error, as all versions of SQLite but few have it",
    ),
    (
        "SELECT json_group_array(value) FROM json_each('[1,\"2\",null,true,{\"a\":[3]}]')",
        r#"[1,"2",null,true,{"a":[3]}]"#,
        "a truth of JSON stays one",
    ),
    ("date('2024-01-31', '+24:00')", "2024-02-01", "24 hours are a day"),
    (
        "json_extract('{\"n\":5}', '$.n') - '{\"n\":3}' ->> 'n'",
        "NULL",
        "operators on JSON bind as in PostgreSQL, looser than those of arithmetic; parentheses help",
    ),
];
