//! The log's questions, and what the world learns from the log.

use std::time::Duration;

use super::{Life, PUBLISHER, World, lock};
use crate::broker::CommitEntry;
use crate::companion::entry::{Found, Scribe};
use crate::consumer::core::metadata::CommitMetadata;
use crate::dead_letter::Origin;
use crate::headers::names;
use crate::message::{Record, TopicPartition};
use crate::testing::chaos::checks;
use crate::testing::chaos::moment::{Kind, Moment};
use crate::testing::chaos::outside::REFUSED;
use crate::testing::chaos::truth::Truth;
use crate::testing::sim::{Call, Faults, Injection, Process, Refusal, Site};

/// So long after a process goes on, it has heard nothing from the group yet: its heartbeat is on its way.
pub(super) const ROUND_TRIP: Duration = Duration::from_millis(25);

/// So many records may follow from each that was published; retries and repeats append none.
const MOST_FOR_EACH: usize = 100;

impl World {
    /// Which moment of a record's life, or of an ownership's, a call is.
    fn moment_of(&self, site: &Site<'_>) -> Option<Moment> {
        Some(match site.call {
            Call::Publish => {
                let topic = &site.partition?.topic;
                match () {
                    () if self.topics.dead_letters.contains(topic) => Moment::DeadLetter,
                    () if self.topics.owed.contains(topic) => Moment::Owed,
                    () => Moment::Enqueued,
                }
            }
            Call::Poll => Moment::Fetched,
            Call::Commit => Moment::Marked,
            Call::Revoked => Moment::Revoke,
            Call::Close => Moment::Shutdown,
            Call::Subscribe => Moment::TakeOver,
            _ => return None,
        })
    }

    /// What goes wrong for the producer of the records. It is not killed: it is the one who knows what was acknowledged.
    fn producer(&self, site: &Site<'_>) -> Injection {
        if site.call != Call::Publish || lock(&self.planner).is_healed() {
            return Injection::Nothing;
        }
        if self.is_away(Kind::BrokerAway) {
            return Injection::Refuse;
        }
        let mut rng = lock(&self.rng);
        if !rng.percent(self.plan.producer_trouble) {
            return Injection::Nothing;
        }
        let later = rng.millis(0, 500);
        rng.pick(&[Injection::Refuse, Injection::LoseReply(later), Injection::Late(later)])
    }

    /// What becomes of a call of a process that is cut off, or was a moment ago.
    fn disconnected(&self, life: &Life, call: Call) -> Option<Injection> {
        let left = life.left_cut_off();
        match call {
            call if call.is_local() => None,
            Call::Poll if !left.is_zero() => Some(Injection::Late(left)),
            _ if !left.is_zero() => Some(Injection::LoseRequest(left)),
            Call::Commit if life.was_cut_off() && lock(&self.rng).percent(50) => {
                Some(Injection::RefuseCommit(Refusal::NotCoordinator))
            }
            _ => None,
        }
    }

    fn a_little_late(&self, call: Call) -> Injection {
        let may = matches!(call, Call::Publish | Call::Poll | Call::Commit | Call::Subscribe);
        match self.restless().filter(|_| may) {
            Some(delay) => Injection::Late(delay),
            None => Injection::Nothing,
        }
    }

    /// A record for the routes: of the producer, or emitted by a handler.
    fn source(&self, record: &Record) {
        let id = record.headers.text(names::EVENT_ID).unwrap_or_default();
        let key = record.key.as_deref().map(<[u8]>::to_vec);
        let mut truth = lock(&self.truth);
        truth.write_down(&record.topic_partition(), record.offset, id, key);
        self.look_for_loops(&mut truth, record);
    }

    /// Routes that emit to what they read themselves have no end, and no world with them either.
    fn look_for_loops(&self, truth: &mut Truth, record: &Record) {
        let most = MOST_FOR_EACH * self.plan.records.max(1) as usize;
        if self.strangers && truth.written() > most && !truth.has_failed() {
            let what = format!(
                "more than {most} records after {} that were published: the routes emit to `{}`, which they read themselves",
                self.plan.records, record.topic
            );
            truth.violated(REFUSED, what);
        }
    }

    /// A record that a handler has emitted.
    fn emitted(&self, record: &Record) {
        let header = |name| record.headers.text(name).map(str::to_owned);
        if let (Some(cause), Some(id)) = (header(names::CAUSATION_ID), header(names::EVENT_ID)) {
            lock(&self.truth).learn_of(&cause, |fact| fact.emitted.extend([id.clone()]));
        }
    }

    /// A record of a companion: somebody waits, or waits no longer.
    fn scheduled(&self, process: Process, scribe: &Scribe, record: &Record) {
        let Ok(found) = scribe.read(record) else { return };
        let at = TopicPartition::new(scribe.source.clone(), record.partition);
        let mut truth = lock(&self.truth);
        match found {
            Found::Entry(entry) => truth.entry(&at, entry.id, record.offset, entry.hold),
            Found::Tombstone(id) => {
                let origin = id.origin;
                truth.struck(process, &at, id, record.offset);
                truth.learn(&at, origin, |fact| {
                    let held = fact.held.get(&id.stamp) == Some(&true);
                    fact.released |= held && process == PUBLISHER;
                });
                if self.checks("rule 22") {
                    checks::rule_22_what_is_struck_is_finished(&mut truth, process, &at, origin);
                }
            }
            Found::Foreign { .. } => {}
        }
    }

    fn dead(&self, process: Process, record: &Record) {
        let Some(origin) = Origin::from_headers(&record.headers) else { return };
        let at = TopicPartition::new(origin.topic, origin.partition);
        let mut truth = lock(&self.truth);
        if self.checks("rule 31") {
            checks::rule_31_dead_letters_do_not_double(&mut truth, process, &at, origin.offset);
        }
        truth.died(&at, origin.offset);
        let unanswered = truth.hands(process).letter_unanswered;
        truth.learn(&at, origin.offset, |fact| {
            (fact.dead, fact.letters) = (true, fact.letters + 1);
            fact.excused |= unanswered; // whoever does not know publishes it again
        });
    }
}

impl Faults for World {
    fn on(&self, site: &Site<'_>) -> Injection {
        if site.process == PUBLISHER {
            return self.producer(site);
        }
        let Some(life) = self.of(site.process) else { return Injection::Nothing };
        if life.is_dead() {
            return Injection::Crash;
        }
        if site.call == Call::Poll && life.has_just_thawed() {
            return Injection::Late(ROUND_TRIP);
        }
        if let Some(injection) = self.disconnected(&life, site.call) {
            return injection;
        }
        let injection = match self.moment_of(site) {
            Some(moment) => life.hit(moment, true),
            None if self.is_away(Kind::BrokerAway) => Injection::Refuse,
            None => Injection::Nothing,
        };
        if self.moment_of(site) == Some(Moment::DeadLetter) {
            let unanswered = !matches!(injection, Injection::Nothing | Injection::Late(_));
            lock(&self.truth).hands(site.process).letter_unanswered = unanswered;
        }
        match injection {
            Injection::Nothing => self.a_little_late(site.call),
            injection => injection,
        }
    }

    fn appended(&self, process: Process, record: &Record) {
        self.note(|| {
            let (at, offset) = (record.topic_partition(), record.offset);
            let what = if record.value.is_some() { "appended" } else { "struck" };
            let key = record.key.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            format!("{process:?}: {what} {at} offset {offset}, key {key}")
        });
        if self.topics.dead_letters.contains(&record.topic) {
            return self.dead(process, record);
        }
        if let Some(scribe) = self.topics.companions.get(&record.topic) {
            return self.scheduled(process, scribe, record);
        }
        if self.topics.sources.contains(&record.topic) {
            self.source(record);
        }
        self.emitted(record);
    }

    fn stored(&self, process: Process, entry: &CommitEntry) {
        let CommitEntry { partition, committed } = entry;
        self.note(|| format!("{process:?}: committed {} of {partition}", committed.offset));
        let mut truth = lock(&self.truth);
        if self.checks("I2") {
            checks::i2_nothing_unfinished_is_committed(&mut truth, process, entry);
        }
        if self.checks("I10") {
            checks::i10_commits_never_move_back(&mut truth, process, entry);
        }
        truth.hands(process).proven.insert(partition.clone(), tokio::time::Instant::now());
        let metadata = CommitMetadata::decode(&committed.metadata);
        let (done, fence) = metadata.map(|m| (m.done, m.fence)).unwrap_or_default();
        let Some(book) = truth.books.get_mut(partition) else { return };
        book.fenced(fence);
        book.committed = book.committed.max(committed.offset);
        for (offset, fact) in &mut book.facts {
            fact.covered |= *offset < committed.offset || done.contains(*offset);
        }
    }
}
