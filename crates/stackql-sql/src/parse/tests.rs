use insta::assert_snapshot;
use proptest::prelude::*;

use super::parse;
use crate::to_sql::faithful;
use crate::{Hints, Literal, Replace, Statement, split};

fn check(text: &str) -> String {
    match parse(text) {
        Ok(statement) => format!("{statement:?}"),
        Err(error) => format!("{error}\n{}", error.with_caret(text)),
    }
}

#[test]
fn show_and_describe() {
    assert_snapshot!(check("SHOW EXTENDED METHODS IN aws.ec2.volumes LIKE '%Describe%'"), @r#"Show(Show { kind: Methods { table: ObjectName(["aws", "ec2", "volumes"]) }, extended: true, filter: Some(Like("%Describe%")) })"#);
    assert_snapshot!(check("show services from aws;"), @r#"Show(Show { kind: Services { provider: "aws" }, extended: false, filter: None })"#);
    assert_snapshot!(check("SHOW RESOURCES IN `aws`.ec2"), @r#"Show(Show { kind: Resources { provider: "aws", service: "ec2" }, extended: false, filter: None })"#);
    assert_snapshot!(check("SHOW INSERT INTO a.b.\"c.d\""), @r#"Show(Show { kind: InsertInto { table: ObjectName(["a", "b", "c.d"]) }, extended: false, filter: None })"#);
    assert_snapshot!(check("SHOW TRANSACTION ISOLATION LEVEL"), @r#"Show(Show { kind: Setting("TRANSACTION ISOLATION LEVEL"), extended: false, filter: None })"#);
    assert_snapshot!(check("DESC METHOD EXTENDED a.b.c.d"), @r#"DescribeMethod { method: ObjectName(["a", "b", "c", "d"]), extended: true }"#);
    assert_snapshot!(check("DESCRIBE method"), @r#"Describe { table: ObjectName(["method"]), extended: false }"#);
}

#[test]
fn exec() {
    assert_snapshot!(check(r#"EXEC /*+ AWAIT */ a.b.c.d @X='it''s', @Y=-1, @Z = 1.5, @F=true, @N=NULL @@json='{"a":1}'"#), @r#"Exec(Exec { method: ObjectName(["a", "b", "c", "d"]), arguments: [("X", Text("it's")), ("Y", Integer(-1)), ("Z", Number(1.5)), ("F", Boolean(true)), ("N", Null)], json: Some("{\"a\":1}"), hints: Hints { await_completion: true, show_results: false, join: None } })"#);
    assert_snapshot!(check("EXEC a.b.c.d @x=1, @x=2"), @r"
    syntax error at line 1, column 20 near '@': @x is given twice
    EXEC a.b.c.d @x=1, @x=2
                       ^
    ");
    assert_snapshot!(check("EXEC a.b.c.d @x=b"), @r"
    syntax error at line 1, column 17 near 'b': expected the value of @x: text in quotes, a number, TRUE, FALSE or NULL
    EXEC a.b.c.d @x=b
                    ^
    ");
}

#[test]
fn exec_as_a_relation() {
    let query = |text: &str| match parse(text).unwrap() {
        Statement::Query(query) => query.ast.to_string(),
        other => panic!("{other:?}"),
    };
    let text = "SELECT e.x FROM (EXEC /*+ AWAIT */ a.b.c.d @X='it''s', @n=-1.5, @f=true, @z=NULL @@json='{}') AS e, t";
    let called = r#""a"."b"."c"."d"("X" => 'it''s', "n" => -1.5, "f" => true, "z" => NULL, "@@json" => '{}')"#;
    assert_eq!(query(text), format!("SELECT e.x FROM {called} AS e, t"));
    let text = "WITH w AS (SELECT * FROM ( EXEC a.b.c.d )) SELECT * FROM w JOIN (EXEC a.b.c.e @x = 1) e ON true";
    assert!(query(text).contains(r#"FROM "a"."b"."c"."d"())"#));
    assert!(query(text).contains(r#"JOIN "a"."b"."c"."e"("x" => 1) e"#));
    // A column may have that name.
    assert_eq!(
        query("SELECT (exec + 1), (exec) FROM t WHERE (exec IS NULL)"),
        "SELECT (exec + 1), (exec) FROM t WHERE (exec IS NULL)"
    );
    for (text, why) in [
        ("SELECT * FROM (EXEC a.b @x=1)", "column 21 near 'a': expected provider.service.resource.method"),
        ("SELECT * FROM (EXEC a.b.c.d @x=1", "at the end: expected )"),
        ("SELECT * FROM (EXEC a.b.c.d @x=1, 2)", "near '2': expected @argument = value"),
        ("EXEC a.b.c.d @x=1)", "near ')': expected the end of the statement"),
    ] {
        assert!(check(text).contains(why), "{}", check(text));
    }
}

#[test]
fn replace_purge_and_auth() {
    assert_snapshot!(check("PURGE"), @"Purge(None)");
    assert_snapshot!(check("purge control_tables;"), @r#"Purge(Some("control_tables"))"#);
    assert_snapshot!(check("AUTH LOGIN p SCOPES 'a b', c"), @r#"LogIn { provider: "p", scopes: ["a b", "c"] }"#);
    assert_snapshot!(check("auth revoke `p`"), @r#"Revoke { provider: "p" }"#);
    assert_snapshot!(check("AUTH LOGOUT p"), @r"
    syntax error at line 1, column 6 near 'LOGOUT': expected LOGIN or REVOKE, and a provider
    AUTH LOGOUT p
         ^
    ");
    assert_snapshot!(check("SHOW AUTH"), @"Show(Show { kind: Auth { provider: None }, extended: false, filter: None })");
    assert_snapshot!(check("SHOW AUTH p"), @r#"Show(Show { kind: Auth { provider: Some("p") }, extended: false, filter: None })"#);
    assert_snapshot!(check("SHOW AUTH LIKE 'p%'"), @r#"Show(Show { kind: Auth { provider: None }, extended: false, filter: Some(Like("p%")) })"#);
    let Statement::Replace(Replace::Set(update)) =
        parse("REPLACE /*+ AWAIT */ INTO a.b.\"c.d\" SET x = 1 WHERE z = 3 RETURNING *").unwrap()
    else {
        panic!("not a REPLACE … SET")
    };
    assert_eq!((update.table.to_string().as_str(), update.assignments.len()), ("a.b.c.d", 1));
    assert!(update.hints.await_completion && update.returning.is_some());
    let Statement::Replace(Replace::Rows(insert)) = parse("REPLACE INTO a.b.c(x, y) VALUES (1, 2), (3, 4)").unwrap()
    else {
        panic!("not a REPLACE INTO")
    };
    assert_eq!(insert.columns, ["x", "y"]);
    assert!(check("REPLACE a.b.c WHERE x = 1").contains("near 'WHERE': expected SELECT, VALUES"));
}

#[test]
fn settings() {
    assert_snapshot!(check("SET SESSION \"$.auth.aws.type\" = 'x'"), @r#"Set { name: "$.auth.aws.type", value: "x" }"#);
    assert_snapshot!(check("SET search_path TO a, b"), @r#"Set { name: "search_path", value: "a, b" }"#);
    assert_snapshot!(check("SLEEP 10"), @"Sleep(10)");
    assert_snapshot!(check("USE aws"), @r#"Use("aws")"#);
    assert_snapshot!(check("alter table x add a int"), @r#"Unsupported("ALTER")"#);
}

#[test]
fn transactions() {
    for (text, expect) in [
        ("BEGIN", Statement::Begin),
        ("begin transaction;", Statement::Begin),
        ("BEGIN WORK", Statement::Begin),
        ("START TRANSACTION", Statement::Begin),
        ("COMMIT", Statement::Commit),
        ("commit work", Statement::Commit),
        ("END", Statement::Commit),
        ("ROLLBACK", Statement::Rollback),
        ("ROLLBACK TRANSACTION", Statement::Rollback),
    ] {
        assert_eq!(parse(text).as_ref(), Ok(&expect), "{text}");
    }
    assert_snapshot!(check("START WORK"), @r"
    syntax error at line 1, column 7 near 'WORK': expected TRANSACTION
    START WORK
          ^
    ");
    assert_snapshot!(check("BEGIN ISOLATION LEVEL SERIALIZABLE"), @r"
    syntax error at line 1, column 7 near 'ISOLATION': expected the end of the statement
    BEGIN ISOLATION LEVEL SERIALIZABLE
          ^
    ");
}

#[test]
fn writes() {
    let Statement::Insert(insert) =
        parse("INSERT INTO a.b.c(X, \"Y\", `Z`) VALUES ('1', -2, NULL), ('2', 3, '{}') RETURNING x AS y").unwrap()
    else {
        panic!("not an INSERT")
    };
    assert_eq!(insert.table.to_string(), "a.b.c");
    assert_eq!(insert.columns, ["X", "Y", "Z"]);
    assert_eq!(insert.source.unwrap().ast.to_string(), "VALUES ('1', -2, NULL), ('2', 3, '{}')");
    assert_eq!(insert.returning.unwrap()[0].to_string(), "x AS y");

    let Statement::Update(update) =
        parse("UPDATE /*+ AWAIT */ a.b.c SET x = 1, y = '2' WHERE z = 3 RETURNING *").unwrap()
    else {
        panic!("not an UPDATE")
    };
    assert!(update.hints.await_completion);
    assert_eq!(update.assignments[1].0, "y");
    assert_eq!(update.selection.unwrap().to_string(), "z = 3");

    let Statement::Delete(delete) = parse("DELETE FROM a.b.c WHERE x IN ('1', '2')").unwrap() else {
        panic!("not a DELETE")
    };
    assert_eq!(delete.selection.unwrap().to_string(), "x IN ('1', '2')");
}

#[test]
fn hints_stand_in_every_statement_that_changes_something() {
    let hints = |sql: &str| match parse(sql).unwrap() {
        Statement::Insert(insert) => insert.hints,
        Statement::Update(update) => update.hints,
        Statement::Delete(delete) => delete.hints,
        Statement::Exec(exec) => exec.hints,
        other => panic!("{other:?}"),
    };
    for (statement, rest) in [
        ("INSERT", "INTO a.b.c(x) VALUES (1)"),
        ("UPDATE", "a.b.c SET x = 1"),
        ("DELETE", "FROM a.b.c"),
        ("EXEC", "a.b.c.d"),
    ] {
        for (hint, await_completion, show_results) in [
            ("/*+ AWAIT */", true, false),
            ("/*+ await,SHOWRESULTS */", true, true),
            ("/*+ SHOWRESULTS  */ /*+AWAIT*/", true, true),
            ("/* AWAIT */", false, false),
            ("/*+ AWAITED */", false, false),
        ] {
            let sql = format!("{statement} {hint} {rest}");
            assert_eq!(hints(&sql), Hints { await_completion, show_results, join: None }, "{sql}");
        }
    }
}

#[test]
fn queries_keep_what_was_written() {
    for text in [
        "SELECT a ->> 'b', `c` FROM x.y.z AS t, LATERAL (SELECT 1) AS u WHERE a -> 'b' = 1",
        "SELECT row_number() OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT count(*) FILTER (WHERE a) FROM t GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 DESC LIMIT 2 OFFSET 3",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "VALUES (1), (2)",
    ] {
        match parse(text) {
            Ok(Statement::Query(query)) => assert_eq!(query.ast.to_string(), text),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn syntax_errors_mark_their_place() {
    assert_snapshot!(check("SELECT a FORM b WHERE c"), @r"
    syntax error at line 1, column 15 near 'b': expected the end of the statement; did you mean FROM in front of it?
    SELECT a FORM b WHERE c
                  ^
    ");
    assert_snapshot!(check("SELCT 1"), @r"
    syntax error at line 1, column 1 near 'SELCT': no statement begins with this word, did you mean SELECT?
    SELCT 1
    ^
    ");
    assert_snapshot!(check("select\n a,\n é, from"), @r"
    syntax error at line 3, column 9, at the end: expected an expression
     é, from
            ^
    ");
    assert_snapshot!(check("SELECT 'abc"), @r"
    syntax error at line 1, column 8, at the end: unterminated string literal
    SELECT 'abc
           ^
    ");
    assert_snapshot!(check("SHOW METHODS"), @r"
    syntax error at line 1, column 13, at the end: expected IN provider.service.resource
    SHOW METHODS
                ^
    ");
    assert_snapshot!(check("DELETE FROM a.b.c, d"), @r"
    syntax error at line 1, column 13 near 'a': expected one table, without joins
    DELETE FROM a.b.c, d
                ^
    ");
    assert_snapshot!(check("SELECT 1; SELECT 2"), @r"
    syntax error at line 1, column 11 near 'SELECT': expected the end of the statement
    SELECT 1; SELECT 2
              ^
    ");
}

/// Text that gets past the first token more often than arbitrary text does.
fn sql_like() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "SHOW",
        "METHODS",
        "IN",
        "EXEC",
        "a.b.c.d",
        "@x",
        "@@json",
        "=",
        "'v'",
        "-",
        "1.5",
        "INSERT INTO",
        "VALUES",
        "(",
        ")",
        ",",
        ";",
        "\"q",
        "E'\\'",
        "$$",
        "/*+ AWAIT */",
        "--",
        "\n",
        "é",
        "WHERE",
        "UPDATE",
        "SET",
    ]);
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

/// Queries that are well formed: names, literals and predicates in every quoting.
fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "tagSet", "\"b c\"", "t.\"d\"\"e\"", "\"select\"", "é"]);
    let literal = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        ".{0,8}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        "['\\\\a]{0,8}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        prop::sample::select(vec!["NULL", "TRUE", "1.5", "DATE '2026-01-31'", "ARRAY[1, 2]"]).prop_map(str::to_owned),
    ];
    let predicate = (name.clone(), 0..5, literal.clone(), literal).prop_map(|(name, form, one, two)| match form {
        0 => format!("{name} = {one}"),
        1 => format!("{name} IN ({one}, {two})"),
        2 => format!("{name} IS NOT NULL"),
        3 => format!("NOT ({name} BETWEEN {one} AND {two})"),
        _ => format!("{name} LIKE {one}"),
    });
    let columns = prop::collection::vec(name.clone(), 1..3);
    let predicates = prop::collection::vec(predicate, 0..4);
    (columns, predicates, prop::option::of(name), prop::option::of(0u32..9)).prop_map(|(columns, all, order, limit)| {
        let filter = if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" OR ")) };
        let order = order.map(|name| format!(" ORDER BY {name} DESC")).unwrap_or_default();
        let limit = limit.map(|n| format!(" LIMIT {n}")).unwrap_or_default();
        format!("SELECT {} FROM p.s.r AS t{filter}{order}{limit}", columns.join(", "))
    })
}

proptest! {
    /// A query, written as text, reads as the same query.
    #[test]
    fn queries_go_round(text in query()) {
        let Ok(Statement::Query(first)) = parse(&text) else { panic!("{text}: {:?}", parse(&text)) };
        let written = faithful(&first.ast).to_string();
        let Ok(Statement::Query(second)) = parse(&written) else { panic!("{written}: {:?}", parse(&written)) };
        prop_assert_eq!(faithful(&second.ast).to_string(), written);
    }

    #[test]
    fn no_text_panics(text in prop_oneof![".*", sql_like()]) {
        if let Err(error) = parse(&text) {
            prop_assert!(error.position <= text.len());
            let _ = error.with_caret(&text);
        }
    }

    #[test]
    fn split_loses_nothing(text in prop_oneof![".*", sql_like()]) {
        let comments = text.contains("--") || text.contains("/*");
        let blank = |gap: &str| comments || gap.chars().all(|c| c == ';' || c.is_whitespace());
        let mut end = 0;
        for piece in split(&text) {
            prop_assert!(blank(&text[end..piece.start]));
            prop_assert_eq!(&text[piece.start..piece.start + piece.text.len()], piece.text);
            end = piece.start + piece.text.len();
        }
        prop_assert!(blank(&text[end..]));
    }

    #[test]
    fn statements_survive_being_joined(values in prop::collection::vec(".*", 1..4)) {
        let statements: Vec<String> = values.iter().map(|v| format!("SELECT '{}'", v.replace('\'', "''"))).collect();
        let script = statements.join(";\n");
        let pieces: Vec<&str> = split(&script).into_iter().map(|p| p.text).collect();
        prop_assert_eq!(pieces, statements);
    }

    #[test]
    fn arguments_arrive_as_given(text in ".*", number in any::<i64>()) {
        let quoted = text.replace('\'', "''");
        let sql = format!("EXEC a.b.c.d @Text = '{quoted}', @Number={number}");
        match parse(&sql) {
            Ok(Statement::Exec(exec)) => prop_assert_eq!(
                exec.arguments,
                vec![("Text".to_owned(), Literal::Text(text)), ("Number".to_owned(), Literal::Integer(number))]
            ),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(parse(&text).unwrap_err().message.contains("nested too deeply"));
    let explained = format!("{}SELECT 1", "EXPLAIN ".repeat(100_000));
    assert!(parse(&explained).unwrap_err().message.contains("EXPLAIN"));
}

#[test]
fn the_mark_stands_below_the_place_in_wide_and_in_long_lines() {
    assert_snapshot!(check("SELECT '日本語' FORM t"), @r"
    syntax error at line 1, column 19 near 't': expected the end of the statement; did you mean FROM in front of it?
    SELECT '日本語' FORM t
                         ^
    ");
    let long = format!("SELECT {}1 FORM place, {}2", "1 + ".repeat(1000), "t, ".repeat(1000));
    let marked = parse(&long).unwrap_err().with_caret(&long);
    let (shown, below) = marked.split_once('\n').unwrap();
    assert!(shown.starts_with('…') && shown.ends_with('…') && shown.chars().count() < 130, "{marked}");
    assert!(shown.chars().skip(below.len() - 1).collect::<String>().starts_with("place, t,"), "{marked}");
}

#[test]
fn long_chains_are_refused_and_long_lists_are_not() {
    let chain = |operator: &str, count: usize| format!("SELECT {}", vec!["1"; count].join(operator));
    for operator in ["+", " OR ", "||", "::int +", "=", " IS NULL AND ", " UNION SELECT "] {
        assert!(parse(&chain(operator, 500)).is_ok(), "{operator}");
        let refused = parse(&chain(operator, 20_000)).unwrap_err();
        assert!(refused.message.starts_with("more than 2000 operators in a row"), "{refused}");
    }
    assert!(parse(&chain(",", 20_000)).is_ok());
    assert!(parse(&chain(" = 2 OR 1", 2000)).is_ok());
    assert!(parse(&format!("SELECT f({}) + 1", vec!["1+1"; 10_000].join(","))).is_ok());
}

#[test]
fn registry() {
    assert_snapshot!(check("REGISTRY LIST"), @"RegistryList { provider: None }");
    assert_snapshot!(check("registry list googleapis.com;"), @r#"RegistryList { provider: Some("googleapis.com") }"#);
    assert_snapshot!(check("REGISTRY PULL  aws"), @r#"RegistryPull { provider: "aws", version: None }"#);
    for version in ["v0.1.3", "v00.00.00000", "0.1.3", "v23.01.00104-beta.1", "'v0.1.3'", "\"v0.1.3\""] {
        let read = check(&format!("REGISTRY PULL 'aws' /* or so */ {version} ;"));
        let version = version.trim_matches(['\'', '"']);
        assert_eq!(read, format!("RegistryPull {{ provider: \"aws\", version: Some(\"{version}\") }}"));
    }
    for wrong in ["REGISTRY", "REGISTRY PUSH aws", "REGISTRY PULL", "REGISTRY PULL (1)", "REGISTRY PULL aws v1 v2"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}
