//! The real `orders up`, in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use test_servers::LocalKafka;

use crate::log::Log;

/// `USER_HZ` of Linux, on all of its platforms that Rust has standard libraries for.
const TICKS_PER_SECOND: f64 = 100.0;
/// How long it may take until the first order is processed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A platform with a folder and, on Kafka, a cluster of its own; killed by its id at the end.
pub(crate) struct Up {
    process: Child,
    address: SocketAddr,
    folder: tempfile::TempDir,
    cluster: Option<LocalKafka>,
}

impl Up {
    pub(crate) fn start(log: Log) -> Self {
        Self::start_with(log, &[])
    }

    /// With these settings besides.
    pub(crate) fn start_with(log: Log, settings: &[(&'static str, String)]) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let port = free_ports();
        let cluster = log.start();
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command.arg("up").env_clear().current_dir(folder.path()).stdin(Stdio::null());
        command.env("HTTP_PORT", port.to_string()).env("DATA_DIR", folder.path());
        command.envs(cluster.iter().map(|cluster| ("KAFKA_BROKERS", cluster.address())));
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let stderr = std::fs::File::create(folder.path().join("stderr")).expect("a file");
        let process = command.stdout(Stdio::null()).stderr(stderr).spawn().expect("orders starts");
        let mut up = Self { process, address: ([127, 0, 0, 1], port).into(), folder, cluster };
        up.await_first_order();
        up
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CPU that it has used, all threads of it, in seconds.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()));
        let stat = stat.expect("a child that runs");
        // The name may hold anything; behind its bracket come the fields from the third on. `man 5 proc_pid_stat`.
        let fields = stat.rsplit(')').next().expect("a name in brackets").split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).map(|t| t.parse::<f64>().expect("ticks")).sum();
        ticks / TICKS_PER_SECOND
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("orders.db")
    }

    /// The load generator ends well when an order went all the way.
    fn await_first_order(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.load_one() {
            let ended = self.process.try_wait().expect("a child");
            assert!(ended.is_none() && Instant::now() < deadline, "not ready: {}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    fn load_one(&self) -> bool {
        let mut load = Command::new(env!("CARGO_BIN_EXE_orders"));
        load.args(["load", "--count", "1"]).env_clear().current_dir(self.folder.path());
        load.env("HTTP_PORT", self.address.port().to_string()).env("DATA_DIR", self.folder.path());
        load.envs(self.cluster.iter().map(|cluster| ("KAFKA_BROKERS", cluster.address())));
        let status = load.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.expect("orders starts").success()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Four ports in a row, below those that the system gives to outgoing connections; not where others begin to look.
fn free_ports() -> u16 {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = std::process::id() % 3_000;
    let bases = (first..first + 3_000).map(|row| 20_000 + 4 * (row % 3_000) as u16);
    bases.into_iter().find(|base| (*base..base + 4).all(free)).expect("four free ports")
}
