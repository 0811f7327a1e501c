//! Apache Kafka.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::ports::{self, Ports};
use crate::script::{self, Attached};
use crate::secure::SecureKafka;
use crate::single::command;

/// A cluster of one or more brokers, each in a process of its own. Ends when it is dropped.
///
/// Its times are short (`scripts/kafka` lists them): a member's session may be 1 s.
#[derive(Debug)]
pub struct LocalKafka {
    // Dropped in this order: the script ends the brokers before folder and ports are given back.
    _attached: Attached,
    addresses: Vec<String>,
    all: String,
    folder: TempDir,
    ports: Ports,
}

impl LocalKafka {
    /// One broker, once it answers.
    pub fn start() -> Self {
        Self::cluster(1)
    }

    /// So many brokers (1 to 9), once each of them knows all of them. Topics have 3 replicas, of which 2 must be in
    /// sync, when there are 3 or more.
    pub fn cluster(nodes: u16) -> Self {
        Self::with_properties(nodes, &[])
    }

    /// A cluster whose brokers have these properties besides.
    pub fn with_properties(nodes: u16, properties: &[(&str, &str)]) -> Self {
        let settings = properties.iter().map(|(name, value)| format!("{name}={value}"));
        let settings = settings.flat_map(|setting| ["--set".to_owned(), setting]);
        // One for clients and one for controllers.
        Self::launch(nodes, 2, settings.collect())
    }

    /// A broker that asks for TLS and a login, and lets users do only what they may.
    pub fn secure() -> SecureKafka {
        // One for each kind of listener.
        SecureKafka::on(Self::launch(1, 5, vec!["--secure".into()]))
    }

    fn launch(nodes: u16, ports_of_a_node: u16, options: Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("tidegate-kafka-").tempdir();
        let folder = folder.expect("a folder for temporary files that can be written");
        let ports = ports::take(ports_of_a_node * nodes);
        let mut args = command("start", folder.path());
        args.extend(["--attached".into(), "--nodes".into(), nodes.to_string()]);
        args.extend(["--port".into(), ports.first.to_string()]);
        args.extend(options);
        let (attached, all) = Attached::start("kafka", &args);
        let addresses = all.split(',').map(str::to_owned).collect();
        Self { _attached: attached, addresses, all, folder, ports }
    }

    /// One broker for all tests of this process that only need some broker, with topics and groups of their own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<LocalKafka> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// What a client is given to find the cluster: `host:port` of each node, with commas between them.
    pub fn address(&self) -> &str {
        &self.all
    }

    /// Kills all brokers at once with SIGKILL. They are gone when this returns; their data stays.
    pub fn kill(&self) {
        self.run("kill", &[]);
    }

    /// Ends all brokers as an operator does. They are gone when this returns; their data stays.
    pub fn stop_gently(&self) {
        self.run("stop", &["--keep"]);
    }

    /// Starts those that are down, on the same data and ports. All answer when this returns.
    pub fn start_again(&self) {
        self.run("start", &[]);
    }

    /// One of the nodes, from 1.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn node(&self, number: u16) -> Node<'_> {
        assert!((1..=self.addresses.len()).contains(&usize::from(number)), "no node {number}");
        Node { cluster: self, number }
    }

    /// The first of its ports; the others follow.
    pub(crate) const fn first_port(&self) -> u16 {
        self.ports.first
    }

    /// Where the data is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, verb: &str, options: &[&str]) {
        let mut args = command(verb, self.folder());
        args.extend(options.iter().map(|option| (*option).to_owned()));
        script::run("kafka", &args);
    }
}

/// One broker of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    cluster: &'a LocalKafka,
    number: u16,
}

impl Node<'_> {
    /// Its `host:port`.
    pub fn address(&self) -> &str {
        &self.cluster.addresses[usize::from(self.number) - 1]
    }

    /// Kills it with SIGKILL. It is gone when this returns; its data stays.
    pub fn kill(&self) {
        self.run("kill");
    }

    /// Ends it as an operator does: it hands its partitions over first. It is gone when this returns; its data stays.
    pub fn stop_gently(&self) {
        self.run("stop");
    }

    /// Starts it on the same data and port. It answers when this returns.
    pub fn start_again(&self) {
        self.run("start");
    }

    /// Its process, when it was started last.
    ///
    /// # Panics
    /// When it is stopped.
    pub fn process_id(&self) -> u32 {
        let pid = fs::read_to_string(self.pid_file()).expect("the node runs");
        pid.trim().parse().expect("the script writes a number")
    }

    fn pid_file(&self) -> PathBuf {
        self.cluster.folder().join(format!("node-{}/pid", self.number))
    }

    fn run(&self, verb: &str) {
        self.cluster.run(verb, &["--node", &self.number.to_string()]);
    }
}
