//! The watchdog of the topics: one that is read may be deleted under its readers, and made anew under the same name.
//!
//! ```text
//!   there ─ twice not found, 1 s apart ─▶ gone: told ─ found ─▶ back: what was owned of it is lost, the group joined anew
//!     └──── found, with another id ────────────────────────────▶ the same, and offsets from before mean nothing
//! ```
//!
//! The client says nothing of it for half a minute, and then reads on from its old position in what is another log. Kafka
//! forgets the group's commits with the topic; one that is found all the same was made for the topic that is gone (rule 7).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode as Code;

use super::state::State;
use crate::broker::kafka::cluster::is_missing;
use crate::broker::kafka::ffi::{Identity, TopicId};
use crate::broker::{Assignment, BrokerError, Committed, GroupEvent};
use crate::message::{TopicName, TopicPartition};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// A broker may be a moment behind the others: it has to say so twice.
const SURELY: u32 = 2;

/// The group is joined anew at once: what is granted later than this may have been committed for the new topic.
const VOID: Duration = Duration::from_secs(30);

/// What is known of one topic.
#[derive(Debug, Default)]
struct Known {
    id: Option<TopicId>,
    missing: u32,
}

/// Something to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    Gone(TopicName),
    Back { topic: TopicName, anew: bool },
}

/// The topics of one member.
#[derive(Debug)]
pub(super) struct Topics {
    known: BTreeMap<TopicName, Known>,
    due: Instant,
}

impl Topics {
    pub(super) fn new(topics: &[TopicName], now: Instant) -> Self {
        let known = topics.iter().map(|topic| (topic.clone(), Known::default()));
        Self { known: known.collect(), due: now }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(TopicName::as_str)
    }

    /// How long until the next look.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.due.saturating_duration_since(now)
    }

    pub(super) fn looked(&mut self, now: Instant) {
        self.due = now + EVERY;
    }

    /// Takes in what the cluster says of a topic.
    pub(super) fn take(&mut self, topic: &str, found: Identity) -> Option<News> {
        let (name, known) = self.known.iter_mut().find(|(name, _)| name.as_str() == topic)?;
        match found {
            Ok(id) => known.found(id).map(|anew| News::Back { topic: name.clone(), anew }),
            Err(code) => known.not_found(code).then(|| News::Gone(name.clone())),
        }
    }
}

impl Known {
    /// Whether it has come back, and then whether it is another one. Without an id nobody knows: then it is.
    fn found(&mut self, id: Option<TopicId>) -> Option<bool> {
        let was_gone = std::mem::take(&mut self.missing) >= SURELY;
        let before = self.id;
        self.id = id.or(before);
        let other = before.zip(id).is_some_and(|(before, now)| before != now);
        let known = before.is_some() && id.is_some();
        (was_gone || other).then_some(other || !known)
    }

    /// Whether it is gone since now.
    fn not_found(&mut self, code: Code) -> bool {
        if !is_missing(code) {
            return false;
        }
        self.missing = self.missing.saturating_add(1);
        self.missing == SURELY
    }
}

/// What was committed, as far as this member knows: after a topic was made anew it means nothing.
#[derive(Debug, Default)]
pub(super) struct Commits {
    known: BTreeMap<TopicPartition, Committed>,
    /// For topics that are gone, and since when that is known.
    void: BTreeMap<TopicPartition, (Committed, Instant)>,
}

impl Commits {
    pub(super) fn note(&mut self, partition: &TopicPartition, committed: Committed) {
        self.known.insert(partition.clone(), committed);
    }

    fn void(&mut self, topic: &TopicName, now: Instant) {
        let (void, known) = std::mem::take(&mut self.known)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(at, _)| at.topic == *topic);
        self.known = known;
        self.void.extend(void.into_iter().map(|(at, committed)| (at, (committed, now))));
    }

    /// Refuses what the group committed for the topic that was deleted.
    pub(super) fn check(&mut self, found: &Assignment, now: Instant) -> Result<(), BrokerError> {
        let Some((void, since)) = self.void.remove(&found.partition) else { return Ok(()) };
        // By then others may have committed the same of the new topic.
        if now.saturating_duration_since(since) > VOID {
            return Ok(());
        }
        match &found.committed {
            // The start of a new topic is where it would begin.
            Some(committed) if *committed == void && committed.offset.0 > 0 => {
                let (topic, offset) = (&found.partition.topic, committed.offset);
                Err(BrokerError::Storage(format!(
                    "topic {topic} was deleted and made anew, and the group still has its commit of before, offset {offset} \
                     of {}, which means nothing there; commit an offset of the new topic for the group, then start again",
                    found.partition
                )))
            }
            _ => Ok(()),
        }
    }
}

impl State {
    /// What is owned of a topic that is another one now is nobody's.
    pub(super) fn hear_of_topic(&mut self, news: News) {
        match news {
            News::Gone(topic) => self.events.push_back(GroupEvent::TopicGone(topic)),
            News::Back { topic, anew } => {
                let owned = self.readings.keys().filter(|at| at.topic == topic);
                let owned: Vec<_> = owned.cloned().collect();
                self.lost(&owned);
                self.gone.remove(&topic);
                if anew {
                    self.commits.void(&topic, Instant::now());
                }
                self.join_anew = true;
                self.events.push_back(GroupEvent::TopicBack { topic, anew });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Offset, Partition};

    fn name() -> TopicName {
        TopicName::new("t").unwrap()
    }

    /// What is told when these answers come one after the other.
    fn told(answers: &[Identity]) -> Vec<News> {
        let mut topics = Topics::new(&[name()], Instant::now());
        answers.iter().filter_map(|answer| topics.take("t", *answer)).collect()
    }

    const A: Identity = Ok(Some(TopicId::of(1)));
    const B: Identity = Ok(Some(TopicId::of(2)));
    const OLD: Identity = Ok(None);
    const GONE: Identity = Err(Code::UnknownTopicOrPartition);
    const SILENT: Identity = Err(Code::OperationTimedOut);

    #[test]
    fn a_topic_that_is_there_or_not_asked_for_or_missing_for_a_moment_is_no_news() {
        assert_eq!(told(&[A, A, SILENT, SILENT, SILENT, A, GONE, A, GONE, A]), []);
        assert_eq!(told(&[OLD, OLD, A, A, OLD]), []);
    }

    #[test]
    fn a_deleted_topic_is_told_once_and_again_when_it_is_back() {
        let gone = || News::Gone(name());
        let back = |anew| News::Back { topic: name(), anew };
        assert_eq!(told(&[A, GONE, GONE, GONE, SILENT, GONE]), [gone()]);
        assert_eq!(told(&[A, GONE, GONE, A, A]), [gone(), back(false)]);
        assert_eq!(told(&[A, GONE, GONE, B, B]), [gone(), back(true)]);
        assert_eq!(told(&[A, B, B]), [back(true)], "nobody looked in between");
        assert_eq!(told(&[A, GONE, B]), [back(true)]);
        assert_eq!(told(&[OLD, GONE, GONE, OLD]), [gone(), back(true)], "nobody knows");
    }

    #[test]
    fn a_commit_of_before_is_refused_and_one_of_another_member_is_not() {
        let at = TopicPartition::new(name(), Partition(0));
        let committed = |offset| Committed { offset: Offset(offset), metadata: String::new() };
        let found = |offset: Option<u64>| Assignment {
            partition: at.clone(),
            committed: offset.map(committed),
            watermarks: crate::broker::Watermarks::default(),
        };
        for (then, ok) in [(None, true), (Some(7), false), (Some(3), true)] {
            let (mut commits, now) = (Commits::default(), Instant::now());
            commits.note(&at, committed(7));
            assert!(commits.check(&found(Some(7)), now).is_ok(), "as long as it is the same topic");
            commits.void(&name(), now);
            let checked = commits.check(&found(then), now);
            assert_eq!(checked.is_ok(), ok, "{then:?}: {checked:?}");
            commits.note(&at, committed(7));
            commits.void(&name(), now);
            let late = commits.check(&found(then), now + VOID + EVERY);
            assert!(late.is_ok(), "others have committed for the new topic by then");
        }
    }
}
