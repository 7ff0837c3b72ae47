//! Where the text of `--sqlBackend` says that things are kept.

use super::*;

fn read(text: &str) -> String {
    let with = |place: String, script: Option<PathBuf>| match script {
        Some(script) => format!("{place} after {}", script.display()),
        None => place,
    };
    match backend(text) {
        Ok(Backend::Memory { script }) => with("memory".to_owned(), script),
        Ok(Backend::File { path, script }) => with(path.display().to_string(), script),
        Ok(Backend::Postgres { dsn, schema, script }) => with(format!("{schema} of {dsn}"), script),
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
            "a after x",
        ),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn a_schema_of_a_database() {
    for (more, expected) in [
        ("", "public of postgres://u:p@h/d"),
        ("sqlDialect: postgres, schemata: {tableSchema: ''}", "public of postgres://u:p@h/d"),
        ("schemata: {tableSchema: raw, intelViewSchema: x}", "raw of postgres://u:p@h/d"),
        ("dbInitFilepath: a.sql", "public of postgres://u:p@h/d after a.sql"),
    ] {
        assert_eq!(read(&format!("{{dbEngine: postgres_tcp, dsn: 'postgres://u:p@h/d', {more}}}")), expected);
    }
}

#[test]
fn engines_and_dialects_are_known() {
    for (text, words) in [
        (
            "{dbEngine: snowflake_tcp}",
            "the SQL backend snowflake_tcp is not known; dbEngine is sqlite3_embedded or postgres_tcp",
        ),
        (
            "{sqlDialect: postgres, dsn: 'postgres://u:p@h/d'}",
            "the SQL backend sqlite3_embedded has the sqlDialect sqlite3, not postgres; dbEngine is sqlite3_embedded for \
             sqlite3 and postgres_tcp for postgres",
        ),
    ] {
        assert_eq!(read(text), words);
    }
}

#[test]
fn what_cannot_be_read_is_told_in_one_line() {
    for (text, reason) in [
        ("{\"dsn\": \n\"file:x\"\n", ""),
        ("[file:x]", "it has no keys"),
        ("file", "it has no keys"),
        ("{dsn: [1]}", "invalid type: sequence, expected a string"),
        ("{dsn: stackql.db}", "the dsn does not begin with file:"),
        ("{dsn: 'postgres://u:secret@h'}", "the dsn does not begin with file:; PostgreSQL is dbEngine postgres_tcp"),
        ("{dsn: 'file:%ff'}", "the path in the dsn is no UTF-8"),
    ] {
        let said = read(text);
        assert!(said.starts_with(&format!("cannot read the configuration of the SQL backend: {reason}")), "{said}");
        assert!(said.ends_with("}") && said.lines().count() == 1, "{said}");
    }
}
