//! Rewrites error messages of DataFusion, Arrow and the SQL parser for users: SQL type names in place of Arrow types, and no
//! syntax trees, plans or internal names. `failure.rs` passes the text of each library error through it.

/// Arrow data types as they are printed, and their SQL names.
const TYPES: [(&str, &str); 12] = [
    ("Interval(MonthDayNano)", "INTERVAL"),
    ("LargeUtf8", "TEXT"),
    ("Utf8View", "TEXT"),
    ("Utf8", "TEXT"),
    ("Float64", "DOUBLE"),
    ("Float32", "DOUBLE"),
    ("Int64", "BIGINT"),
    ("Int32", "INT"),
    ("UInt64", "BIGINT"),
    ("Boolean", "BOOLEAN"),
    ("Date32", "DATE"),
    ("Struct", "a struct"),
];

/// Markers at which a message is cut off: the rest repeats the text before or prints internal structures.
const CUTS: [&str; 12] = [
    ". No function matches the given name",
    " No function matches the given name",
    ". You might need to add explicit type casts",
    " Consider aliasing",
    ": Invalid argument error: ",
    "This issue was likely caused by a bug",
    " Substring {",
    " Pivot {",
    " Unpivot {",
    " Derived {",
    " MatchRecognize {",
    ": While expanding wildcard",
];

/// Substrings that occur only in internal names; a message with one of them is replaced as a whole.
const INSIDE: [&str; 24] = [
    "Span(",
    "Location(",
    "TokenWithSpan",
    "ValueWithSpan",
    "OuterReferenceColumn",
    "LogicalPlan",
    "physical plan",
    "Physical plan",
    "logical expression",
    "ScalarSubquery",
    "InSubquery",
    "Exists(",
    "DataFusion",
    "datafusion",
    "Arrow",
    "RecordBatch",
    "Field {",
    "Column {",
    "ScalarFunction",
    "sqlparser",
    "user-defined coercion",
    "TableReference",
    "\u{1f}",
    " __",
];

/// The message in a form for users.
pub(crate) fn readable(text: &str) -> String {
    if let Some(known) = known_meaning(text) {
        return known;
    }
    let cut = CUTS.iter().filter_map(|cut| text.find(cut)).min();
    let text = cut.map_or(text, |at| &text[..at]).trim_end_matches(['.', ' ', ':']);
    let out = with_sql_types(text);
    match INSIDE.iter().any(|inside| out.contains(inside)) {
        true => "the statement has a form that cannot be planned; write it with joins, subqueries in FROM, or WITH"
            .to_owned(),
        false => out,
    }
}

/// Whether a message is about the statement, whichever error variant the library uses for it.
pub(crate) fn is_of_statement(text: &str) -> bool {
    known_meaning(text).is_some()
}

fn with_sql_types(text: &str) -> String {
    TYPES.iter().fold(text.to_owned(), |text, (name, sql)| text.replace(name, sql))
}

/// The replacement of a message of a known type; `None` for any other message.
fn known_meaning(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let says = |part: &str| lower.contains(part);
    let of = |message: &str| Some(message.to_owned());
    if says("regex parse error") {
        let why = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
        return Some(format!("the pattern is no regular expression: {why}"));
    }
    if says("failed to match any signature") {
        let function = text.split('\'').nth(1).unwrap_or_default();
        let received = text.split("but received ").nth(1).and_then(|rest| rest.split([' ', '.', ',', '(']).next());
        let received = received.map(|kind| format!(", such as {}", with_sql_types(kind))).unwrap_or_default();
        return Some(format!("{function}() does not take such arguments{received}"));
    }
    if says("the subquery should only return one column") {
        return of("a subquery of IN gives one column; compare several by EXISTS with an equation each in its WHERE");
    }
    if says("cannot access field at argument") {
        return of("only JSON has members; read them by ->>, such as data ->> 'a'");
    }
    if says("substring without for/from") {
        return of("substr() takes a text, where it begins, and how many characters: substr(x, 1, 3)");
    }
    if says("in select must be in group by") || says("must appear in the group by clause") {
        return of("what is selected beside aggregates, and what HAVING names, is grouped by or inside an aggregate");
    }
    if says("with ordinality") {
        return of("WITH ORDINALITY is not read; json_each gives the position as key");
    }
    for (form, name) in [("pivot", "PIVOT"), ("match_recognize", "MATCH_RECOGNIZE"), ("top", "TOP")] {
        let is_it = says("unsupported ast node") && says(form) || lower == form;
        if is_it {
            return of(&format!("{name} is not read; write it with aggregates, FILTER and LIMIT"));
        }
    }
    if let Some(rest) = lower.strip_prefix("unsupported sql unary operator ") {
        return Some(format!("there is no operator {rest}; write it as a function, such as sqrt(x)"));
    }
    if says("cannot cast string") {
        let value = text.split('\'').nth(1).unwrap_or_default();
        let kind = text.rsplit(" value of ").next().and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        return Some(format!("'{value}' is no {}; TRY_CAST gives NULL", with_sql_types(kind)));
    }
    if lower.starts_with("projections require unique expression names") {
        let name = text.split(" AS ").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("it");
        return Some(format!("two columns of a subquery are called {name}; give one another name by AS"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn types_have_their_sql_names() {
        assert_eq!(
            readable("there isn't a common type to coerce Int64 and Utf8 in LIKE expression"),
            "there isn't a common type to coerce BIGINT and TEXT in LIKE expression"
        );
    }

    #[test]
    fn nothing_of_the_inside_is_shown() {
        for text in [
            "Physical plan does not support logical expression Exists(Exists { subquery: <subquery> })",
            "unsupported thing ValueWithSpan { value: Number(\"1\", false), span: Span(Location(1,1)) }",
            "no such column: __t_0 and __t_1",
        ] {
            assert!(readable(text).starts_with("the statement has a form"), "{}", readable(text));
        }
    }

    #[test]
    fn what_repeats_itself_is_cut() {
        let text = "function 'upper' requires String, but received Int64. No function matches the given name and types";
        assert_eq!(readable(text), "function 'upper' requires String, but received BIGINT");
    }
}
