use insta::assert_snapshot;

use super::parse;

fn check(text: &str) -> String {
    match parse(text) {
        Ok(statement) => format!("{statement:?}"),
        Err(error) => format!("{error}\n{}", error.marked(text)),
    }
}

#[test]
fn statements_of_ours() {
    assert_snapshot!(check("SHOW EXTENDED METHODS IN aws.ec2.volumes LIKE '%Describe%'"), @r#"Show(Show { kind: Methods { table: ObjectName(["aws", "ec2", "volumes"]) }, extended: true, filter: Some(Like("%Describe%")) })"#);
    assert_snapshot!(check("show services from aws;"), @r#"Show(Show { kind: Services { provider: "aws" }, extended: false, filter: None })"#);
    assert_snapshot!(check("DESC METHOD EXTENDED a.b.c.d"), @r#"DescribeMethod { method: ObjectName(["a", "b", "c", "d"]), extended: true }"#);
}

#[test]
fn syntax_errors_mark_their_place() {
    assert_snapshot!(check("SELECT a FORM b WHERE c"), @"
    syntax error at line 1, column 15 near 'b': expected the end of the statement; did you mean FROM in front of it?
    SELECT a FORM b WHERE c
                  ^
    ");
}
