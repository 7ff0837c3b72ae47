//! Where the text of `--sqlBackend` says that things are kept.

use super::*;

fn read(text: &str) -> String {
    match place(text) {
        Ok(Place::Memory) => "memory".to_owned(),
        Ok(Place::File(path)) => path.display().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_file_or_memory() {
    for (text, expected) in [
        ("", "memory"),
        (" \n", "memory"),
        ("{}", "memory"),
        ("null", "memory"),
        (r#"{"dbEngine": "sqlite3_embedded"}"#, "memory"),
        (r#"{"dbEngine": "sqlite3_embedded", "dsn": ""}"#, "memory"),
        (r#"{"dsn": ":memory:"}"#, "memory"),
        (r#"{"dsn": "file::memory:?cache=shared"}"#, "memory"),
        (r#"{"dsn": "file:x?cache=shared&mode=memory"}"#, "memory"),
        (r#"{"dsn": "file:/tmp/stackql.db"}"#, "/tmp/stackql.db"),
        ("dsn: file:below/stackql.db?_foreign_keys=1&cache=shared#x", "below/stackql.db"),
        (r#"{ dbEngine: 'sqlite3_embedded', dsn: 'file:///a%20b.db' }"#, "/a b.db"),
        (r#"{"dsn": "file://localhost/a.db"}"#, "/a.db"),
        (
            r#"{"dbEngine":"sqlite3_embedded","sqlDialect":"sqlite3","dbInitFilepath":"x","schemata":{"a":"b"},"new":[1],"dsn":"file:a"}"#,
            "a",
        ),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn others_are_not_supported_yet() {
    for engine in ["postgres_tcp", "snowflake_tcp"] {
        assert_eq!(
            read(&format!("{{dbEngine: {engine}, dsn: 'postgres://u:p@h/d'}}")),
            format!("the SQL backend {engine} is not supported here yet; use sqlite3_embedded")
        );
    }
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    for (text, reason) in [
        ("{\"dsn\": \n\"file:x\"\n", ""),
        ("[file:x]", "it has no keys"),
        ("file", "it has no keys"),
        ("{dsn: [1]}", "invalid type: sequence, expected a string"),
        ("{dsn: stackql.db}", "the dsn stackql.db does not begin with file:"),
        ("{dsn: 'file:%ff'}", "the path in the dsn is no UTF-8"),
    ] {
        let said = read(text);
        assert!(said.starts_with(&format!("cannot read the configuration of the SQL backend: {reason}")), "{said}");
        assert!(said.ends_with("}") && said.lines().count() == 1, "{said}");
    }
}
