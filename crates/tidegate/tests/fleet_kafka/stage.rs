//! One scenario: its log, its messages, its members, and what is done to them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use test_servers::LocalKafka;

use crate::feed::{Feed, Flow, KEYS};
use crate::fleet::Fleet;
use crate::judge::{Terms, Verdict, judge};
use crate::ledger::{Ledger, What};
use crate::member::{How, Sharing};

pub(crate) const PARTITIONS: u32 = 6;
/// Members that are there from the start.
pub(crate) const MEMBERS: usize = 3;
/// Of each member.
pub(crate) const CONCURRENCY: usize = 16;

/// How long a condition may take. A passing run never waits for it.
const PATIENCE: Duration = Duration::from_secs(90);

/// The commit interval (50 ms), and the way of two commits on a slow machine: of the one that was not accepted any more, and
/// of the one before it, as one is on its way at a time.
const UNCOMMITTED: Duration = Duration::from_millis(50 + 2 * 225);

/// How many messages a scenario has: 6,000, or what FLEET_MESSAGES says (100,000 at night).
pub(crate) fn messages() -> u32 {
    match std::env::var("FLEET_MESSAGES") {
        Ok(count) => count.parse().expect("FLEET_MESSAGES is a number"),
        Err(_) => 6_000,
    }
}

/// How often a fault comes: three times in the short form, ten times at most.
pub(crate) fn rounds() -> u32 {
    (messages() / 2_000).clamp(1, 10)
}

/// How long the messages flow.
pub(crate) fn flowing() -> Duration {
    Duration::from_secs(u64::from(messages() / 1_000).max(12))
}

/// Messages flow at a steady pace; a handler takes 2 ms.
pub(crate) fn steady() -> Flow {
    Flow { messages: messages(), over: flowing(), takes: |_, _| 2 }
}

/// The settings of a scenario's members; the address and the ledger come with the stage.
pub(crate) fn how(name: &str) -> How {
    How {
        address: String::new(),
        name: name.to_owned(),
        ledger: std::path::PathBuf::new(),
        sharing: Sharing::Cooperative,
        by_partition: false,
        concurrency: CONCURRENCY,
        session: Duration::from_secs(3),
        max_poll: Duration::from_secs(4),
        drain: Duration::from_millis(1_500),
        scheduled: false,
        storm: 0,
    }
}

pub(crate) struct Stage {
    pub(crate) how: How,
    pub(crate) fleet: Fleet,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    flow: Flow,
    begun: Instant,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Members on a log to which messages flow, as soon as they own all of it.
    pub(crate) fn set(kafka: &LocalKafka, how: How, flow: Flow) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path());
        let path = ledger.path().to_owned();
        let how = How { address: kafka.address().to_owned(), ledger: path, ..how };
        let feed = Feed::start(&how.address, &how.name, PARTITIONS, flow);
        let (fleet, begun) = (Fleet::default(), Instant::now());
        let mut stage = Self { how, fleet, ledger, feed, flow, begun, _folder: folder };
        for _ in 0..MEMBERS {
            stage.join();
        }
        stage.all_owned();
        stage
    }

    pub(crate) fn join(&mut self) -> u32 {
        self.fleet.join(&self.how, &self.ledger)
    }

    pub(crate) fn leave(&mut self, pid: u32) {
        self.fleet.leave(pid, &self.ledger);
    }

    pub(crate) fn kill(&mut self, pid: u32) {
        self.fleet.kill(pid, &self.ledger);
    }

    /// Waits for what the ledger will show, and for no member to end by itself.
    ///
    /// # Panics
    /// When nothing at all has been written for too long, or the condition does not come.
    pub(crate) fn until(&mut self, what: &str, holds: impl Fn(&mut Self) -> bool) {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            self.ledger.read();
            self.fleet.assert_alive();
            if holds(self) {
                return;
            }
            if std::mem::replace(&mut seen, self.ledger.ended()) != self.ledger.ended() {
                since = Instant::now();
            }
            assert!(since.elapsed() < PATIENCE, "not in time, and nothing moves: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until so many hundredths of the messages have ended.
    pub(crate) fn reach(&mut self, percent: u32) {
        let count = u64::from(self.flow.messages) * u64::from(percent) / 100;
        self.until(&format!("{percent} %"), |stage| stage.ledger.ended() as u64 >= count);
    }

    /// Waits until every partition has a member that lives.
    pub(crate) fn all_owned(&mut self) {
        self.until("every partition is owned", |stage| {
            let owners = stage.ledger.owners();
            owners.len() == PARTITIONS as usize && owners.values().all(|pid| stage.fleet.has(*pid))
        });
    }

    /// Waits until a member owns something.
    pub(crate) fn owns(&mut self, pid: u32) {
        let what = format!("{pid} owns a partition");
        self.until(&what, |stage| stage.ledger.owners().values().any(|owner| *owner == pid));
    }

    /// Waits until the group has settled: every partition is owned, and what had ended by then is committed.
    pub(crate) fn settle(&mut self) {
        self.all_owned();
        let ended = self.ledger.reached();
        self.until("what has ended is committed", |stage| {
            let committed = stage.feed.committed(&stage.how.name);
            ended.iter().all(|(partition, end)| committed.get(partition) >= Some(end))
        });
    }

    /// A member that owns something now.
    pub(crate) fn an_owner(&mut self) -> u32 {
        self.all_owned();
        let owners = self.ledger.owners();
        *owners.values().nth(fastrand::usize(..owners.len())).expect("all are owned")
    }

    /// Whether messages are left for the members to do.
    pub(crate) fn flows(&mut self) -> bool {
        self.ledger.read();
        (self.ledger.ended() as u64) < u64::from(self.flow.messages)
    }

    /// Waits for the last message, ends the members in order, and judges: `settled` says that the group had
    /// [settled](Self::settle) before each fault, `late` what [`Terms::late`] is.
    ///
    /// # Panics
    /// When anything was lost, out of order, or repeated beyond the bound.
    pub(crate) fn close(mut self, settled: bool, late: u32) -> Verdict {
        self.feed.end();
        self.reach(100);
        for pid in self.fleet.all() {
            self.leave(pid);
        }
        self.ledger.read();
        let expected: BTreeMap<_, _> = (0..KEYS).map(|key| (key, self.flow.of_key(key))).collect();
        let lease = self.how.session.mul_f64(0.8);
        let by_partition = self.how.by_partition;
        let uncommitted = settled.then_some(UNCOMMITTED);
        let terms = Terms { by_partition, uncommitted, lease, late };
        let verdict = judge(&self.ledger.lines, &expected, terms);
        eprintln!("{}: {verdict} in {:.0?}", self.how.name, self.begun.elapsed());
        let findings = &verdict.findings[..verdict.findings.len().min(10)];
        assert!(findings.is_empty(), "{} findings: {findings:#?}", verdict.findings.len());
        verdict
    }

    /// The most memory that a member has had so far, in bytes, as the system counts it.
    pub(crate) fn peak(&self) -> u64 {
        self.fleet.all().into_iter().map(peak).max().expect("members")
    }

    /// A broker that is away for a while: written down when it is gone, and when it answers again.
    pub(crate) fn without(&self, kafka: &LocalKafka, end: impl FnOnce(&LocalKafka)) {
        end(kafka);
        let refused = std::net::TcpStream::connect(kafka.address());
        assert!(refused.is_err(), "the broker is not down");
        self.ledger.write(std::process::id(), What::Down);
        kafka.start_again();
        self.ledger.write(std::process::id(), What::Up);
    }
}

/// `VmHWM` of proc(5).
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")).expect("a peak in kB");
    kib.trim().parse::<u64>().unwrap() * 1024
}
