//! A PostgreSQL server in a temporary folder, on a port of loopback and a socket in that folder.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// Nobody: the server refuses to run as root.
const NOBODY: u32 = 65534;
const SETUP: &str = r#"
CREATE SCHEMA yard;
CREATE TABLE yard.ships (id int4, "the ""name""" varchar(40), afloat bool);
INSERT INTO yard.ships VALUES (1, 'Anna', true), (2, 'it''s', false), (3, '$1', true);
CREATE TABLE yard.nothing (id int8);
CREATE TABLE yard.hidden AS SELECT * FROM yard.ships;
CREATE VIEW yard.own AS SELECT pg_backend_pid() AS pid, pg_sleep(0.1)::text AS slept;
CREATE VIEW yard.asleep AS SELECT 1 AS id FROM pg_sleep(60);
CREATE VIEW yard.secure AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid();
CREATE TABLE yard."values" (id int8, whole int2, exact numeric, real float8, sure bool, at timestamptz, day date,
  doc json, list text[], uid uuid, raw bytea, none int4);
INSERT INTO yard."values" VALUES (9007199254740993, -32768, 12345678901234567890.125, 1e-7, true,
  '2026-01-31T14:00:00.5+02:00', '2026-01-31', '{"b": [1, null], "a": "ü\"\\"}', ARRAY['x', NULL],
  'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '\x00ff', NULL);
CREATE ROLE reader LOGIN PASSWORD 'hush-hush';
GRANT USAGE ON SCHEMA yard TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA yard TO reader;
REVOKE ALL ON yard.hidden FROM reader;
ALTER ROLE reader SET timezone = 'UTC';
"#;

/// A running server.
pub(super) struct Server {
    programs: Programs,
    folder: TempDir,
    process: Child,
    pub(super) port: u16,
}

/// A file of the tests of secure connections.
pub(super) fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tls").join(name)
}

impl Server {
    /// Starts one; `None` where there is no such program.
    pub(super) async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::find(folder.path())?;
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("password"), "hush-owner").unwrap();
        let pem = |kind: &str, name: &str| {
            let der = std::fs::read(testdata(name)).unwrap();
            crate::world::armoured(kind, &der)
        };
        std::fs::write(file("server.pem"), pem("CERTIFICATE", "server.der")).unwrap();
        std::fs::write(file("key.pem"), pem("PRIVATE KEY", "server.key.der")).unwrap();
        std::fs::set_permissions(file("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
        if programs.as_nobody {
            for path in [folder.path(), &file("password"), &file("server.pem"), &file("key.pem")] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let made = programs
            .command("initdb", folder.path())
            .args(["--no-sync", "--username=owner", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={}", file("password").display()))
            .arg(format!("--pgdata={}", file("data").display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = programs
            .command("postgres", folder.path())
            .arg("-D")
            .arg(file("data"))
            .args(["-F", "-h", "127.0.0.1", "-p", &port.to_string(), "-c", "ssl=on"])
            .arg("-k")
            .arg(folder.path())
            .arg("-c")
            .arg(format!("ssl_cert_file={}", file("server.pem").display()))
            .arg("-c")
            .arg(format!("ssl_key_file={}", file("key.pem").display()))
            .spawn()
            .unwrap();
        let server = Self { programs, folder, process, port };
        server.run("CREATE DATABASE fleet").await;
        server.owner("fleet").await.unwrap().batch_execute(SETUP).await.unwrap();
        Some(server)
    }

    /// The address by which a reader asks.
    pub(super) fn dsn(&self) -> String {
        format!("postgres://reader:hush-hush@127.0.0.1:{}/fleet", self.port)
    }

    /// The same by a socket, as keys and values.
    pub(super) fn dsn_of_socket(&self) -> String {
        let folder = self.folder.path().display();
        format!("host={folder} port={} user=reader password=hush-hush dbname=fleet", self.port)
    }

    /// Runs a statement as the owner, as soon as the server answers.
    pub(super) async fn run(&self, statement: &str) {
        let started = Instant::now();
        loop {
            match self.owner("postgres").await {
                Ok(owner) => return owner.batch_execute(statement).await.unwrap(),
                Err(error) if started.elapsed() > Duration::from_secs(30) => unreachable!("no server: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Whether soon no query like this runs any more.
    pub(super) async fn becomes_quiet(&self, like: &str) -> bool {
        let owner = self.owner("postgres").await.unwrap();
        let running =
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active' AND query LIKE $1";
        for _ in 0..200 {
            let count: i64 = owner.query_one(running, &[&like]).await.unwrap().get(0);
            if count == 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    async fn owner(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let dsn = format!("postgres://owner:hush-owner@127.0.0.1:{}/{database}", self.port);
        let (client, connection) = tokio_postgres::connect(&dsn, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let mut stop = self.programs.command("pg_ctl", self.folder.path());
        let stop = stop.args(["stop", "-m", "immediate", "-D"]).arg(data).status();
        if !stop.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// The server's programs.
struct Programs {
    folder: PathBuf,
    /// Whoever runs the tests is root.
    as_nobody: bool,
}

impl Programs {
    /// Those on `PATH`, else those of the newest version that is installed. `own`: a folder made by this process.
    fn find(own: &Path) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut versions: Vec<PathBuf> = installed.map(|entry| entry.path().join("bin")).collect();
        versions.sort_by(|a, b| b.cmp(a));
        let has_all =
            |folder: &PathBuf| ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
        let folder = std::env::split_paths(&path).chain(versions).find(has_all)?;
        Some(Self { folder, as_nobody: own.metadata().unwrap().uid() == 0 })
    }

    /// A program, not as root.
    fn command(&self, name: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}
