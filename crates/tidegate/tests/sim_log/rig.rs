//! A log, members driven by hand, and a script of what goes wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate::broker::{
    CommitEntry, CommitError, Committed, Consumer, GroupEvent, NewTopic, Placed, PublishError,
    RevokeTicket, Subscription,
};
use tidegate::message::{NewRecord, Offset, Partition, Timestamp, TopicName, TopicPartition};
use tidegate::testing::sim::{Call, Faults, Injection, Process, SimLog, Site};

pub(crate) const GROUP: &str = "group";
pub(crate) const SESSION: Duration = Duration::from_secs(10);
/// Long enough for everything that needs no time of its own.
pub(crate) const SOON: Duration = Duration::from_millis(5);
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn topic() -> TopicName {
    TopicName::new("orders").unwrap()
}

pub(crate) fn at(partition: u32) -> TopicPartition {
    TopicPartition::new(topic(), Partition(partition))
}

pub(crate) fn record(partition: u32, value: &'static str) -> NewRecord {
    NewRecord::new(topic()).partition(Partition(partition)).value(value)
}

pub(crate) fn entry(partition: u32, offset: u64) -> CommitEntry {
    let committed = Committed { offset: Offset(offset), metadata: String::new() };
    CommitEntry { partition: at(partition), committed }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What goes wrong, once each; and what was called.
#[derive(Debug, Default)]
pub(crate) struct Script {
    lines: Mutex<Vec<(Process, Call, Injection)>>,
    calls: Mutex<Vec<(Process, Call)>>,
}

impl Script {
    pub(crate) fn calls(&self, process: Process) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(who, _)| *who == process).map(|(_, call)| *call).collect()
    }
}

impl Faults for Script {
    fn on(&self, site: &Site<'_>) -> Injection {
        self.calls.lock().unwrap().push((site.process, site.call));
        let mut lines = self.lines.lock().unwrap();
        let place = lines.iter().position(|line| (line.0, line.1) == (site.process, site.call));
        place.map_or(Injection::Nothing, |place| lines.remove(place).2)
    }
}

/// A log with one topic.
pub(crate) struct Rig {
    pub(crate) log: SimLog,
    pub(crate) script: Arc<Script>,
}

impl Rig {
    pub(crate) async fn new(partitions: u32) -> Self {
        let log = SimLog::at(Timestamp(0));
        let script = Arc::new(Script::default());
        log.set_faults(script.clone());
        let made = NewTopic::new(topic(), partitions);
        assert_eq!(log.broker(Process(0)).create_topics(vec![made]).await, [Ok(())]);
        Self { log, script }
    }

    /// What becomes of the process's next call of that kind.
    pub(crate) fn inject(&self, process: u32, call: Call, injection: Injection) {
        self.script.lines.lock().unwrap().push((Process(process), call, injection));
    }

    pub(crate) async fn publish(
        &self,
        process: u32,
        partition: u32,
        value: &'static str,
    ) -> Result<Placed, PublishError> {
        let sent = self.log.broker(Process(process)).publish(vec![record(partition, value)]);
        sent.await.pop().unwrap()
    }

    /// The values that a partition holds.
    pub(crate) fn values(&self, partition: u32) -> Vec<String> {
        let records = self.log.records(&at(partition));
        records.into_iter().map(|r| text(r.value.as_deref().unwrap())).collect()
    }

    pub(crate) fn committed(&self, partition: u32) -> Option<u64> {
        Some(self.log.committed(GROUP, &at(partition))?.offset.0)
    }

    pub(crate) async fn join(&self, process: u32) -> Member {
        self.try_join(process).await.unwrap()
    }

    pub(crate) async fn try_join(&self, process: u32) -> Option<Member> {
        let mut how = Subscription::new(GROUP, vec![topic()]);
        how.session_timeout = SESSION;
        let consumer = self.log.broker(Process(process)).subscribe(how).await.ok()?;
        let (owned, seen, values) = (BTreeSet::new(), Vec::new(), Vec::new());
        Some(Member { consumer, owned, seen, values, answers: true, ticket: None })
    }

    /// So many members that own everything between them.
    pub(crate) async fn group<const N: usize>(&self) -> [Member; N] {
        let mut members = Vec::new();
        for process in 1..=u32::try_from(N).unwrap() {
            members.push(self.join(process).await);
        }
        settle(&mut members).await;
        members.iter_mut().for_each(|member| member.seen.clear());
        members.try_into().unwrap_or_else(|_| unreachable!("as many as joined"))
    }
}

/// One member, and what it was told.
pub(crate) struct Member {
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) owned: BTreeSet<u32>,
    /// Events in short: `assigned [0, 1]`, `revoking [2]`, `lost [3]`.
    pub(crate) seen: Vec<String>,
    pub(crate) values: Vec<String>,
    /// Whether it gives back what it is asked for.
    pub(crate) answers: bool,
    pub(crate) ticket: Option<RevokeTicket>,
}

impl Member {
    /// Polls once, for so long at most; false when nothing came.
    pub(crate) async fn turn(&mut self, within: Duration) -> bool {
        let Ok(event) = tokio::time::timeout(within, self.consumer.poll()).await else {
            return false;
        };
        match event {
            GroupEvent::Assigned(assigned) => {
                self.see("assigned", assigned.iter().map(|assigned| &assigned.partition));
                for assigned in assigned {
                    let from = assigned.committed.map_or(Offset(0), |committed| committed.offset);
                    self.consumer.start(&assigned.partition, from);
                    self.owned.insert(assigned.partition.partition.0);
                }
            }
            GroupEvent::Revoking { partitions, ticket, .. } => {
                self.see("revoking", &partitions);
                self.ticket = Some(ticket);
                if self.answers {
                    self.forget(&partitions);
                    self.consumer.revoked(ticket);
                }
            }
            GroupEvent::Lost(partitions) => {
                self.see("lost", &partitions);
                self.forget(&partitions);
            }
            GroupEvent::CorruptBatch { position, .. } => {
                self.seen.push(format!("corrupt from {position}"));
            }
            GroupEvent::CorruptBatchOver { partition } => {
                self.see("readable", [&partition]);
            }
            GroupEvent::Records { records, .. } => {
                self.values.extend(records.iter().map(|r| text(r.value.as_deref().unwrap())));
            }
            other => panic!("{other:?}"),
        }
        true
    }

    /// Polls until nothing comes for so long.
    pub(crate) async fn turns(&mut self, within: Duration) {
        while self.turn(within).await {}
    }

    fn see<'a>(&mut self, what: &str, about: impl IntoIterator<Item = &'a TopicPartition>) {
        let mut about: Vec<_> = about.into_iter().map(|at| at.partition.0).collect();
        about.sort_unstable();
        self.seen.push(format!("{what} {about:?}"));
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        self.owned.retain(|n| !partitions.contains(&at(*n)));
    }

    pub(crate) async fn commit(&mut self, partition: u32, offset: u64) -> Result<(), CommitError> {
        self.consumer.commit(vec![entry(partition, offset)]).await.pop().unwrap()
    }
}

/// Polls all members until none is told anything.
pub(crate) async fn settle(members: &mut [Member]) {
    loop {
        let mut news = false;
        for member in members.iter_mut() {
            news |= member.turn(SOON).await;
        }
        if !news {
            return;
        }
    }
}
