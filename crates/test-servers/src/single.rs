//! Servers of one process: PostgreSQL and Redis.

use std::path::Path;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::ports::{self, Ports};
use crate::script::{self, Attached};

/// One server of `scripts/{name}`.
#[derive(Debug)]
struct Single {
    name: &'static str,
    // Dropped in this order: the script ends the server before folder and port are given back.
    _attached: Attached,
    url: String,
    folder: TempDir,
    _port: Ports,
}

impl Single {
    fn start(name: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("tidegate-{name}-")).tempdir();
        let folder = folder.expect("a folder for temporary files that can be written");
        let port = ports::take(1);
        let mut args = command("start", folder.path());
        args.extend(["--attached".into(), "--port".into(), port.first.to_string()]);
        let (attached, url) = Attached::start(name, &args);
        Self { name, _attached: attached, url, folder, _port: port }
    }

    fn run(&self, verb: &str, options: &[&str]) -> String {
        let mut args = command(verb, self.folder.path());
        args.extend(options.iter().map(|option| (*option).to_owned()));
        script::run(self.name, &args)
    }
}

/// What every script understands: what to do, and where.
pub(crate) fn command(verb: &str, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("temporary folders have names in UTF-8");
    vec![verb.to_owned(), "--data".to_owned(), folder.to_owned()]
}

/// A PostgreSQL that syncs to disk. Ends when it is dropped.
#[derive(Debug)]
pub struct LocalPostgres(Single);

impl LocalPostgres {
    /// Once it answers.
    pub fn start() -> Self {
        Self(Single::start("postgres"))
    }

    /// One server for all tests of this process, each with a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<LocalPostgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The URL of the database `postgres`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        self.0.run("database", &[]).trim_end().to_owned()
    }

    /// Kills it with SIGKILL, as if the machine's power had gone, less the disk's cache. It is gone when this returns;
    /// its data stays.
    pub fn kill(&self) {
        self.0.run("kill", &[]);
    }

    /// Ends it as an operator does: open transactions are rolled back, connections closed. Its data stays.
    pub fn stop_gently(&self) {
        self.0.run("stop", &["--keep"]);
    }

    /// Starts it on the same data and port. It answers when this returns.
    pub fn start_again(&self) {
        self.0.run("start", &[]);
    }
}

/// A Redis that keeps what it acknowledged when it is killed. Ends when it is dropped.
#[derive(Debug)]
pub struct LocalRedis(Single);

impl LocalRedis {
    /// Once it answers.
    pub fn start() -> Self {
        Self(Single::start("redis"))
    }

    /// One server for all tests of this process, which use keys of their own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<LocalRedis> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// `redis://host:port/`.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Kills it with SIGKILL. It is gone when this returns; its data stays.
    pub fn kill(&self) {
        self.0.run("kill", &[]);
    }

    /// Ends it as an operator does. It is gone when this returns; its data stays.
    pub fn stop_gently(&self) {
        self.0.run("stop", &["--keep"]);
    }

    /// Starts it on the same data and port. It answers when this returns.
    pub fn start_again(&self) {
        self.0.run("start", &[]);
    }
}
