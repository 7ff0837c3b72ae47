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
    (
        "10000000000 * 10000000000",
        "error: Execution error: integer overflow in 10000000000 * 10000000000; cast to DOUBLE",
        "a whole number that does not fit is an error, and never another kind of number",
    ),
    (
        "SELECT x + 1 FROM (VALUES (9223372036854775807)) AS t(x)",
        "error: Execution error: integer overflow in t.x + 1: 9223372036854775807 + 1; cast to DOUBLE",
        "a whole number that does not fit is an error, and never another kind of number",
    ),
    (
        "SELECT -x FROM (VALUES (-9223372036854775808)) AS t(x)",
        "error: Execution error: integer overflow in (- t.x); cast to DOUBLE",
        "a whole number that does not fit is an error, and never another kind of number",
    ),
    (
        "SELECT x / -1 FROM (VALUES (-9223372036854775808)) AS t(x)",
        "error: Execution error: integer overflow in t.x / -1: -9223372036854775808 / -1; cast to DOUBLE",
        "a whole number that does not fit is an error, and never another kind of number",
    ),
    (
        "SELECT sum(x) FROM (VALUES (9223372036854775807), (1), (-1)) AS t(x)",
        "9223372036854775807",
        "what is added up on the way may be larger than the sum",
    ),
    (
        "CAST(1e30 AS BIGINT)",
        "error: Optimizer rule 'simplify_expressions' failed caused by Arrow error: Cast error: Can't cast value 1e30 to type Int64",
        "a number that does not fit is an error",
    ),
    (
        "json_extract('{\"n\":9007199254740992}', '$.n') + 1",
        "error: Execution error: text_plus(): 9007199254740992 + 1 has more digits than are kept of texts; cast both to BIGINT",
        "no digit is lost without a word",
    ),
    ("'abc' + 1", "NULL", "a text that holds no number is none"),
    ("7 / '0'", "error: Arrow error: Divide by zero error", "divided by zero, as of numbers"),
    (
        "json_extract('{\"n\":0}', '$.n') / 0",
        "error: Execution error: text_divided(): divided by zero",
        "divided by zero, as of numbers",
    ),
];
