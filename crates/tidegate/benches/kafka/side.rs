//! One side of a pair, in a process of its own: started, and asked what it did.

use std::process::{Child, Command, Stdio};

/// The first argument of such a process.
pub(crate) const ARGUMENT: &str = "--side";

/// What a side did in its stretch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) records: u64,
    pub(crate) seconds: f64,
    /// Of the whole process, client and all.
    pub(crate) cpu: f64,
}

impl Stretch {
    pub(crate) fn per_second(&self) -> f64 {
        self.records as f64 / self.seconds
    }

    pub(crate) fn cpu_per_record(&self) -> f64 {
        self.cpu / self.records as f64
    }

    /// What a side has said.
    pub(crate) fn parse(said: &str) -> Self {
        let mut figures = said.split_whitespace().map(|figure| figure.parse::<f64>());
        let mut next = || figures.next().and_then(Result::ok).expect("three figures");
        Self { records: next() as u64, seconds: next(), cpu: next() }
    }
}

/// Runs a side to its end.
pub(crate) fn run(name: &str, args: &[&str]) -> Stretch {
    let output = start(name, args).wait_with_output().expect("a child");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the side {name} failed: {said}");
    Stretch::parse(&said)
}

/// Starts a side; whoever starts it ends it.
pub(crate) fn start(name: &str, args: &[&str]) -> Child {
    let itself = std::env::current_exe().expect("this program has a file");
    let mut command = Command::new(itself);
    command.arg(ARGUMENT).arg(name).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it was started before")
}
