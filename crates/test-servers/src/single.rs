//! Servers of one process: PostgreSQL, Redis and Prometheus.

use std::marker::PhantomData;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::ports::{self, Ports};
use crate::script::{self, Attached};

/// A server of `scripts/{name}`. Ends when it is dropped.
#[derive(Debug)]
pub struct Single<K> {
    // Dropped in this order: the script ends the server before folder and port are given back.
    _attached: Attached,
    url: String,
    folder: TempDir,
    _port: Ports,
    kind: PhantomData<K>,
}

/// What kind of server it is.
pub trait Kind: Sized + 'static {
    /// Its script.
    const NAME: &'static str;

    /// The one for all tests of this process.
    fn shared() -> &'static OnceLock<Single<Self>>;
}

impl<K: Kind> Single<K> {
    /// Once it answers.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("tidegate-{}-", K::NAME)).tempdir();
        let folder = folder.expect("a folder for temporary files that can be written");
        let port = ports::take(1);
        let mut args = command("start", folder.path());
        args.extend(["--attached".into(), "--port".into(), port.first.to_string()]);
        args.extend(options.iter().map(|option| (*option).to_owned()));
        let (attached, url) = Attached::start(K::NAME, &args);
        Self { _attached: attached, url, folder, _port: port, kind: PhantomData }
    }

    /// One server for all tests of this process, each of which has a database, or keys, of its own.
    pub fn shared() -> &'static Self {
        K::shared().get_or_init(Self::start)
    }

    /// Where it answers: `redis://host:port/`, the URL of the database `postgres`, or `http://host:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Kills it with SIGKILL, as if the machine's power had gone, less the disk's cache. It is gone when this returns;
    /// its data stays.
    pub fn kill(&self) {
        self.run("kill", &[]);
    }

    /// Ends it as an operator does: what is open is rolled back, connections closed. It is gone when this returns; its data
    /// stays.
    pub fn stop_gently(&self) {
        self.run("stop", &["--keep"]);
    }

    /// Starts it on the same data and port. It answers when this returns.
    pub fn start_again(&self) {
        self.run("start", &[]);
    }

    /// Stops all of its processes where they are (SIGSTOP), as on a machine that hangs: its connections stay open, and nobody
    /// answers on them. Until [`thaw`](Self::thaw).
    pub fn freeze(&self) {
        self.run("freeze", &[]);
    }

    /// They go on (SIGCONT).
    pub fn thaw(&self) {
        self.run("thaw", &[]);
    }

    fn run(&self, verb: &str, options: &[&str]) -> String {
        let mut args = command(verb, self.folder.path());
        args.extend(options.iter().map(|option| (*option).to_owned()));
        script::run(K::NAME, &args)
    }
}

/// What every script understands: what to do, and where.
pub(crate) fn command(verb: &str, folder: &Path) -> Vec<String> {
    let folder = folder.to_str().expect("temporary folders have names in UTF-8");
    vec![verb.to_owned(), "--data".to_owned(), folder.to_owned()]
}

/// A PostgreSQL that syncs to disk.
pub type LocalPostgres = Single<Postgres>;

/// See [`LocalPostgres`].
#[derive(Debug)]
pub enum Postgres {}

impl Kind for Postgres {
    const NAME: &'static str = "postgres";

    fn shared() -> &'static OnceLock<LocalPostgres> {
        static SHARED: OnceLock<LocalPostgres> = OnceLock::new();
        &SHARED
    }
}

impl LocalPostgres {
    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        self.run("database", &[]).trim_end().to_owned()
    }
}

/// A Redis that keeps what it acknowledged when it is killed.
pub type LocalRedis = Single<Redis>;

/// See [`LocalRedis`].
#[derive(Debug)]
pub enum Redis {}

impl Kind for Redis {
    const NAME: &'static str = "redis";

    fn shared() -> &'static OnceLock<LocalRedis> {
        static SHARED: OnceLock<LocalRedis> = OnceLock::new();
        &SHARED
    }
}

/// A Prometheus that scrapes what its configuration names.
pub type LocalPrometheus = Single<Prometheus>;

/// See [`LocalPrometheus`].
#[derive(Debug)]
pub enum Prometheus {}

impl Kind for Prometheus {
    const NAME: &'static str = "prometheus";

    fn shared() -> &'static OnceLock<LocalPrometheus> {
        static SHARED: OnceLock<LocalPrometheus> = OnceLock::new();
        &SHARED
    }
}

impl LocalPrometheus {
    /// With this configuration, once it answers.
    ///
    /// # Panics
    /// When promtool refuses it, with what it says.
    pub fn with_config(config: &Path) -> Self {
        Self::start_with(&["--config", config.to_str().expect("a path in UTF-8")])
    }
}

/// What promtool says to these words, whether it agrees or not; [`LocalPrometheus`]' script installs it where it is missing.
pub fn promtool(words: &[&str]) -> Output {
    script::run(Prometheus::NAME, &["fetch".to_owned()]);
    Command::new("promtool").args(words).output().expect("promtool comes with Prometheus")
}
