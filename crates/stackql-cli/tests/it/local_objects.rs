//! What users make is kept alike by SQLite, in memory and in a file, and by PostgreSQL.

use std::path::Path;

use stackql_postgres_server::{SKIPPED, Server};
use tempfile::TempDir;

use super::*;

/// Statements whose answers do not depend on who keeps their rows.
const SCRIPT: &str = r#"
CREATE TABLE notes (note TEXT PRIMARY KEY, priority INTEGER NOT NULL DEFAULT 1, done BOOLEAN DEFAULT false);
INSERT INTO notes (note) VALUES ('milk'), ('bread');
INSERT INTO notes SELECT 'tea', 9007199254740993, true;
SELECT * FROM notes ORDER BY note;
UPDATE notes SET Priority = priority + 1, "done" = true WHERE note <> 'tea';
DELETE FROM Notes WHERE note = 'bread';
CREATE VIEW urgent AS SELECT note FROM notes WHERE priority > 1;
SELECT * FROM URGENT ORDER BY 1;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS "howMany", max(priority) AS top, 0.5 AS half,
  to_timestamp(0) AS at, NULL AS none FROM notes;
SELECT * FROM counted;
INSERT INTO notes VALUES ('jam', 7, NULL);
SELECT howMany FROM counted;
REFRESH MATERIALIZED VIEW counted;
SELECT howmany, top FROM counted;
CREATE TABLE copied AS SELECT note, priority FROM notes;
INSERT INTO copied SELECT note, priority FROM copied;
SELECT note, count(*) AS n FROM copied GROUP BY note ORDER BY note;
CREATE OR REPLACE MATERIALIZED VIEW counted AS SELECT note FROM copied WHERE note = 'jam' LIMIT 1;
SELECT * FROM counted;
DESCRIBE notes;
SELECT n.note FROM notes n JOIN copied c ON n.note = c.note WHERE n.priority = 7;
NATIVEQUERY 'SELECT note, priority FROM notes WHERE priority < 9 ORDER BY note';
CREATE TABLE IF NOT EXISTS notes (x TEXT);
DROP TABLE copied;
DROP MATERIALIZED VIEW counted;
DROP VIEW urgent;
DROP TABLE IF EXISTS copied;
SELECT note FROM notes ORDER BY note;
DROP TABLE notes;
"#;

fn output(backend: &str, more: &[&str], script: &str) -> (String, String) {
    let flag = format!("--sqlBackend={backend}");
    let output = run(&[&["exec", script, "-o", "csv", &flag], more].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

/// A server, or none; and what runs what it needs.
fn server() -> Option<(tokio::runtime::Runtime, Server)> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    if server.is_none() {
        #[expect(clippy::print_stderr, reason = "whoever runs the tests is told what was not tested")]
        {
            eprintln!("{SKIPPED}");
        }
    }
    server.map(|server| (runtime, server))
}

fn postgres(server: &Server, schema: &str) -> String {
    let dsn = server.dsn_of_owner("postgres");
    format!(
        "{{\"dbEngine\": \"postgres_tcp\", \"sqlDialect\": \"postgres\", \"dsn\": \"{dsn}\", \"schemata\": {{\"tableSchema\": \
         \"{schema}\"}}}}"
    )
}

fn file(folder: &TempDir) -> String {
    format!("{{\"dsn\": \"file:{}\"}}", folder.path().join("stackql.db").display())
}

#[test]
fn whoever_keeps_it_answers_are_alike() {
    let memory = output("{}", &[], SCRIPT);
    assert_snapshot!(format!("{}----\n{}", memory.0, memory.1));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(output(&file(&folder), &[], SCRIPT), memory);
    let Some((_runtime, server)) = server() else { return };
    assert_eq!(output(&postgres(&server, "one"), &[], SCRIPT), memory);
    assert_eq!(output(&postgres(&server, "two"), &["--export.alias=stackql_export"], SCRIPT), memory);
    // A process after the other.
    let statements: Vec<&str> = SCRIPT.split_inclusive(";\n").collect();
    let parts = statements.chunks(7).map(|part| output(&postgres(&server, "three"), &[], &part.concat()).0);
    assert_eq!(parts.collect::<String>(), memory.0);
}

#[test]
fn a_database_is_asked_only_where_something_kept_is_meant() {
    let nowhere = "{\"dbEngine\": \"postgres_tcp\", \"dsn\": \"postgres://u:hush@127.0.0.1:1/fleet\"}";
    let (out, err) = output(nowhere, &[], "SHOW PROVIDERS");
    assert!(out.starts_with("name,version"), "{out}{err}");
    assert_eq!(err, "");
    let (_, err) = output(nowhere, &[], "CREATE TABLE t (x TEXT)");
    assert!(err.starts_with("error: cannot connect to postgres://127.0.0.1:1/fleet: Connection refused"), "{err}");
    assert!(!err.contains("hush"), "{err}");
    let (_, err) = output("{dbEngine: snowflake_tcp}", &[], "SELECT 1");
    assert_eq!(
        err.trim_end(),
        "error: the SQL backend snowflake_tcp is not known; dbEngine is sqlite3_embedded or postgres_tcp"
    );
}

#[test]
fn exported_tables_are_found_by_other_programs() {
    let script = "CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('milk'), ('tea'); DELETE FROM notes WHERE \
                  notes.note = 'tea'; CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM notes; REFRESH \
                  MATERIALIZED VIEW counted; SELECT * FROM counted";
    let folder = tempfile::tempdir().unwrap();
    let (out, err) = output(&file(&folder), &["--export.alias=stackql_export"], script);
    assert!(out.ends_with("n\n1\n"), "{out}{err}");
    let asked = "SELECT * FROM \"stackql_export.notes\"; SELECT * FROM \"stackql_export.counted\"";
    if let Some(printed) =
        printed("sqlite3", &[&folder.path().join("stackql.db").display().to_string(), asked], folder.path())
    {
        assert_eq!(printed, "milk\n1\n");
    }
    let Some((_runtime, server)) = server() else { return };
    let (out, err) = output(&postgres(&server, "public"), &["--export.alias=stackql_export"], script);
    assert!(out.ends_with("n\n1\n"), "{out}{err}");
    let dsn = server.dsn_of_owner("postgres");
    let asked = ["-X", "-A", "-t", "-d", &dsn, "-c", "SELECT * FROM stackql_export.notes, stackql_export.counted"];
    if let Some(printed) = printed("psql", &asked, folder.path()) {
        assert_eq!(printed, "milk|1\n");
    }
}

/// What a program prints; none where there is no such program.
fn printed(program: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new(program).args(arguments).current_dir(folder).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}
