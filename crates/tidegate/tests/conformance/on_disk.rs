//! The embedded log in a temporary folder.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;
use tidegate::broker::embedded::{EmbeddedBroker, EmbeddedOptions};
use tidegate::broker::{BoxFuture, Broker};
use tidegate::message::TopicPartition;
use tidegate::testing::conformance::{Harness, ShortTimes};

pub(crate) struct OnDisk {
    running: Mutex<Running>,
    has_gaps: bool,
}

struct Running {
    log: EmbeddedBroker,
    folder: TempDir,
    /// Brokers that "crashed", with their folders. They stay as they were, so that nothing is closed in order.
    crashed: Vec<(EmbeddedBroker, TempDir)>,
}

impl OnDisk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = open(folder.path());
        let running = Mutex::new(Running { log, folder, crashed: Vec::new() });
        Self { running, has_gaps: true }
    }

    /// Panics when a case asks for a gap.
    pub(crate) fn without_gaps() -> Self {
        Self { has_gaps: false, ..Self::new() }
    }

    fn log(&self) -> EmbeddedBroker {
        self.running.lock().expect("no harness call panicked").log.clone()
    }
}

fn open(folder: &Path) -> EmbeddedBroker {
    let options = EmbeddedOptions::new(folder).upkeep_every(Duration::from_millis(20));
    EmbeddedBroker::open(options).expect("a log in a temporary folder")
}

/// What a crash leaves: the files as the system has them, with nothing flushed and nothing closed.
fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary folder");
    for entry in std::fs::read_dir(folder).expect("the log's folder can be listed") {
        let file = entry.expect("the log's folder can be listed");
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("a copy of a file");
    }
    copy
}

impl Harness for OnDisk {
    fn name(&self) -> &str {
        "embedded"
    }

    fn broker(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async { Broker::new(self.log()) })
    }

    fn reopen(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async {
            let mut running = self.running.lock().expect("no harness call panicked");
            let folder = copy_of(running.folder.path());
            let log = open(folder.path());
            let crashed = std::mem::replace(&mut running.log, log.clone());
            let old_folder = std::mem::replace(&mut running.folder, folder);
            running.crashed.push((crashed, old_folder));
            Broker::new(log)
        })
    }

    fn make_gap(&self, partition: &TopicPartition, offsets: u64) -> BoxFuture<'_, ()> {
        let partition = partition.clone();
        Box::pin(async move {
            assert!(self.has_gaps, "this log has no gaps");
            self.log().skip_offsets(&partition, offsets).await.expect("a gap in a partition");
        })
    }

    fn short_times(&self) -> ShortTimes {
        ShortTimes {
            session_timeout: Duration::from_millis(500),
            max_poll_interval: Duration::from_millis(600),
            drain_deadline: Duration::from_millis(200),
        }
    }
}
