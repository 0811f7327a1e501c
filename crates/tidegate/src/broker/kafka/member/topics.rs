//! The watchdog of the topics: one that is read may be deleted under its readers, and made anew under the same name.
//!
//! ```text
//!   there ─ twice not found, 1 s apart ─▶ gone: told ─ found ─▶ back: what was owned of it is lost, the group joined anew
//!     └──── found, with another id ────────────────────────────▶ the same, and offsets from before mean nothing
//! ```
//!
//! The client says nothing of it for half a minute, and then reads on from its old position in what is another log. Each grant
//! says which topic it is of, so that a commit for another one is known (rule 7).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode as Code;

use super::state::State;
use crate::broker::kafka::cluster::is_missing;
use crate::broker::kafka::ffi::Identity;
use crate::broker::{BrokerError, GroupEvent};
use crate::message::{TopicId, TopicName};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// A broker may be a moment behind the others: it has to say so twice.
const SURELY: u32 = 2;

/// What is known of one topic.
#[derive(Debug, Default)]
struct Known {
    id: Option<TopicId>,
    missing: u32,
    /// The last time that counts.
    missed: Option<Instant>,
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

    /// Which one it is, if the cluster tells ids, and has told.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`]: the last answer was that it is not there.
    pub(super) fn id(&self, topic: &TopicName) -> Result<Option<TopicId>, BrokerError> {
        match self.known.get(topic) {
            Some(known) if known.missing > 0 => {
                Err(BrokerError::Unavailable(format!("topic {topic} is not there")))
            }
            known => Ok(known.and_then(|known| known.id)),
        }
    }

    /// Takes in what the cluster says of a topic.
    pub(super) fn take(&mut self, topic: &str, found: Identity, now: Instant) -> Option<News> {
        let (name, known) = self.known.iter_mut().find(|(name, _)| name.as_str() == topic)?;
        match found {
            Ok(id) => known.found(id).map(|anew| News::Back { topic: name.clone(), anew }),
            Err(code) => known.not_found(code, now).then(|| News::Gone(name.clone())),
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
    fn not_found(&mut self, code: Code, now: Instant) -> bool {
        // What is asked in between may hear the same moment once more.
        let again = self.missed.is_some_and(|at| now.saturating_duration_since(at) < EVERY);
        if !is_missing(code) || (self.missing > 0 && again) {
            return false;
        }
        self.missed = Some(now);
        self.missing = self.missing.saturating_add(1);
        self.missing == SURELY
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
                self.join_anew = true;
                self.events.push_back(GroupEvent::TopicBack { topic, anew });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> TopicName {
        TopicName::new("t").unwrap()
    }

    /// What is told when these answers come one after the other.
    fn told(answers: &[Identity]) -> Vec<News> {
        let mut topics = Topics::new(&[name()], Instant::now());
        let mut now = Instant::now();
        let mut take = |answer: &Identity| {
            now += EVERY;
            topics.take("t", *answer, now)
        };
        answers.iter().filter_map(&mut take).collect()
    }

    const A: Identity = Ok(Some(TopicId::new(1)));
    const B: Identity = Ok(Some(TopicId::new(2)));
    const OLD: Identity = Ok(None);
    const GONE: Identity = Err(Code::UnknownTopicOrPartition);
    const SILENT: Identity = Err(Code::OperationTimedOut);

    #[test]
    fn a_topic_that_is_there_or_not_asked_for_or_missing_for_a_moment_is_no_news() {
        assert_eq!(told(&[A, A, SILENT, SILENT, SILENT, A, GONE, A, GONE, A]), []);
        assert_eq!(told(&[OLD, OLD, A, A, OLD]), []);
    }

    /// A broker that is behind is asked twice in a moment, when a partition is granted: that is one answer.
    #[test]
    fn what_is_missing_twice_within_a_moment_is_no_news() {
        let (mut topics, now) = (Topics::new(&[name()], Instant::now()), Instant::now());
        let moment = Duration::from_millis(10);
        assert_eq!(topics.take("t", GONE, now), None);
        assert_eq!(topics.take("t", GONE, now + moment), None);
        assert_eq!(topics.take("t", GONE, now + EVERY), Some(News::Gone(name())));
        assert_eq!(topics.take("t", GONE, now + EVERY + moment), None);
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
    fn which_one_it_is_is_known_while_it_is_there() {
        let mut topics = Topics::new(&[name()], Instant::now());
        let mut known = |answer| {
            topics.take("t", answer, Instant::now());
            topics.id(&name()).ok()
        };
        let (a, b) = (Some(TopicId::new(1)), Some(TopicId::new(2)));
        let answers = [SILENT, A, SILENT, GONE, SILENT, A, B, OLD];
        let ids = [Some(None), Some(a), Some(a), None, None, Some(a), Some(b), Some(b)];
        assert_eq!(answers.map(&mut known), ids);
    }
}
