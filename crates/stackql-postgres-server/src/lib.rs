//! A PostgreSQL server of a test's own, in a temporary folder, on a port of loopback and a socket in that folder.
//!
//! Runs the programs of whoever installed them; where there are none, tests that need a server say so and pass. Never
//! shipped. Unix only, as the tests that use it are.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "it starts programs, writes their files and waits for them")]

mod programs;

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{Client, Error, NoTls};

use crate::programs::{NOBODY, Programs};

/// What a test says that has no server.
pub const SKIPPED: &str =
    "skipped: no PostgreSQL (its initdb and postgres are neither on PATH nor below /usr/lib/postgresql)";
/// Who may do everything there.
const OWNER: &str = "owner:hush-owner";

/// A running server, which ends with this. Its connections may be secure.
#[derive(Debug)]
pub struct Server {
    programs: Programs,
    folder: TempDir,
    process: Child,
    /// Where it listens on loopback.
    pub port: u16,
}

/// A file of the tests of secure connections: the certificate of loopback, its key, and whoever signed it.
pub fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/tls").join(name)
}

impl Server {
    /// Starts one and waits until it answers; `None` where there is no such program.
    pub async fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let programs = Programs::find(folder.path())?;
        let file = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| std::fs::write(file(name), text).expect("a file can be written");
        let pem = |kind: &str, name: &str| {
            let der = std::fs::read(testdata(name)).expect("the file is part of this crate");
            pem::encode(&pem::Pem::new(kind, der))
        };
        write("password", "hush-owner");
        write("server.pem", &pem("CERTIFICATE", "server.der"));
        write("key.pem", &pem("PRIVATE KEY", "server.key.der"));
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(file("key.pem"), private).expect("the file is ours");
        if programs.as_nobody {
            for path in [folder.path(), &file("password"), &file("server.pem"), &file("key.pem")] {
                chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
            }
        }
        let made = programs
            .command("initdb", folder.path())
            .args(["--no-sync", "--username=owner", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .arg(format!("--pwfile={}", file("password").display()))
            .arg(format!("--pgdata={}", file("data").display()))
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("loopback has a free port").port();
        let setting = |name: &str, path: PathBuf| format!("{name}={}", path.display());
        let process = programs
            .command("postgres", folder.path())
            .arg("-D")
            .arg(file("data"))
            .args(["-F", "-h", "127.0.0.1", "-p", &port.to_string(), "-c", "ssl=on"])
            .arg("-k")
            .arg(folder.path())
            .args(["-c", &setting("ssl_cert_file", file("server.pem"))])
            .args(["-c", &setting("ssl_key_file", file("key.pem"))])
            .spawn()
            .expect("postgres can be run");
        let server = Self { programs, folder, process, port };
        let started = Instant::now();
        while let Err(error) = server.owner("postgres").await {
            assert!(started.elapsed() < Duration::from_secs(60), "no server: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(server)
    }

    /// The address by which somebody, `user:password`, asks a database.
    pub fn dsn(&self, who: &str, database: &str) -> String {
        format!("postgres://{who}@127.0.0.1:{}/{database}", self.port)
    }

    /// The address by which who may do everything asks a database.
    pub fn dsn_of_owner(&self, database: &str) -> String {
        self.dsn(OWNER, database)
    }

    /// The folder with the server's socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A connection of who may do everything.
    pub async fn owner(&self, database: &str) -> Result<Client, Error> {
        let (client, connection) = tokio_postgres::connect(&self.dsn_of_owner(database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Runs statements as who may do everything.
    pub async fn run(&self, database: &str, statements: &str) {
        let owner = self.owner(database).await.expect("the server answers");
        owner.batch_execute(statements).await.expect("the statements are right");
    }

    /// Whether soon no query like this runs any more.
    pub async fn becomes_quiet(&self, like: &str) -> bool {
        let owner = self.owner("postgres").await.expect("the server answers");
        let running = "SELECT count(*) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND state = 'active' AND query LIKE $1";
        for _ in 0..200 {
            let row = owner.query_one(running, &[&like]).await.expect("the server answers");
            if row.get::<_, i64>(0) == 0 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
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
