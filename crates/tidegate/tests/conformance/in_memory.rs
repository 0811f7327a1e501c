//! The simulated log, in real time and without faults.

use std::sync::Mutex;
use std::time::Duration;

use tidegate::broker::{BoxFuture, Broker};
use tidegate::message::TopicPartition;
use tidegate::testing::conformance::{Harness, ShortTimes};
use tidegate::testing::sim::{Process, SimLog};

pub(crate) struct InMemory(Mutex<SimLog>);

impl InMemory {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(SimLog::new()))
    }

    fn log(&self) -> SimLog {
        self.0.lock().expect("no harness call panicked").clone()
    }
}

impl Harness for InMemory {
    fn name(&self) -> &str {
        "sim"
    }

    fn broker(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async { self.log().broker(Process(1)) })
    }

    fn reopen(&self) -> BoxFuture<'_, Broker> {
        Box::pin(async {
            let mut log = self.0.lock().expect("no harness call panicked");
            *log = log.restarted();
            log.broker(Process(1))
        })
    }

    fn make_gap(&self, partition: &TopicPartition, offsets: u64) -> BoxFuture<'_, ()> {
        let partition = partition.clone();
        Box::pin(async move { self.log().skip_offsets(&partition, offsets) })
    }

    fn short_times(&self) -> ShortTimes {
        ShortTimes {
            session_timeout: Duration::from_millis(500),
            max_poll_interval: Duration::from_millis(600),
            drain_deadline: Duration::from_millis(200),
        }
    }
}
