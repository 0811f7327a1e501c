//! Asks the cluster what the poll thread must not wait for: commits and bounds of new grants, bounds before a start.
//!
//! ```text
//!  asked ─▶ open: new ones in front ─▶ one try ─▶ answered: told
//!             ▲                           └ failed: behind all others, with more time the next time
//!             └───────────────────────────┘
//! ```
//!
//! A partition without a leader cannot be asked about for as long as that lasts. Nothing waits for it but itself.
//!
//! Between the questions it looks, once a second, whether the topics are still there, and still the same.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;

use super::lists::{committed, list};
use super::topics::Topics;
use super::{ANSWER, Client, Shared};
use crate::broker::kafka::{error, record};
use crate::broker::{Assignment, BrokerError, Committed, Watermarks};
use crate::message::{TopicName, TopicPartition};

/// How long it takes until questions that failed are asked again.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// How long the first try may take; each later one may take twice as long, up to [`ANSWER`].
const FIRST_TRY: Duration = Duration::from_secs(1);

/// A partition, and the grant that the question is about.
pub(super) type Grant = (TopicPartition, u64);

/// What is to be found out.
#[derive(Debug)]
pub(super) enum Ask {
    /// What these grants start with.
    Describe(Vec<Grant>),
    /// Whether a start lies within the log.
    Bounds(TopicPartition, u64),
    /// Whether a position still lies within the log, of which the client may have said that it does not.
    Released(Grant),
    /// Which of these the client could not read on: it does not say (rule 7).
    Suspects(Vec<Grant>),
    /// Whether the log of what nothing comes of goes on.
    Silent(Grant),
    /// Nothing more will be asked. The client's context holds a sender as well: the channel does not close by itself.
    End,
}

/// Answers until the end is asked for, each question until it is answered or does not matter any more.
pub(super) fn thread(
    client: Arc<Client>,
    shared: Arc<Shared>,
    topics: &[TopicName],
    asked: Receiver<Ask>,
) -> impl FnOnce() + Send + use<> {
    let topics = Topics::new(topics, Instant::now());
    move || Asker { client, shared, topics, open: VecDeque::new() }.run(&asked)
}

/// One question, and how often it has failed.
struct Open {
    question: Question,
    failures: u32,
}

enum Question {
    /// What the group committed for new grants.
    Commits(Vec<Grant>),
    /// The rest of what a new grant starts with.
    Describe(Grant, Option<Committed>),
    /// `given_up`: the client may not read there any more.
    Bounds {
        grant: Grant,
        given_up: bool,
    },
    Silent(Grant),
    /// `found`: one that lies outside of its log.
    Suspects {
        left: Vec<Grant>,
        found: bool,
    },
}

struct Asker {
    client: Arc<Client>,
    shared: Arc<Shared>,
    topics: Topics,
    open: VecDeque<Open>,
}

impl Asker {
    fn run(mut self, asked: &Receiver<Ask>) {
        loop {
            let look = self.topics.wait(Instant::now());
            let wait = match self.open.front() {
                None => Duration::MAX,
                Some(open) if open.failures == 0 => Duration::ZERO,
                Some(_) => TRY_AGAIN,
            };
            match asked.recv_timeout(wait.min(look)) {
                Ok(Ask::End) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Ask::Describe(grants)) => self.first(Question::Commits(grants)),
                Ok(Ask::Bounds(partition, grant)) => {
                    let grant = (partition, grant);
                    self.first(Question::Bounds { grant, given_up: false });
                }
                Ok(Ask::Released(grant)) => {
                    self.first(Question::Bounds { grant, given_up: true });
                }
                Ok(Ask::Silent(grant)) => self.first(Question::Silent(grant)),
                Ok(Ask::Suspects(left)) => self.first(Question::Suspects { left, found: false }),
                Err(RecvTimeoutError::Timeout) if look <= wait => self.look(FIRST_TRY),
                Err(RecvTimeoutError::Timeout) => self.round(),
            }
        }
    }

    fn first(&mut self, question: Question) {
        self.open.push_front(Open { question, failures: 0 });
    }

    /// One try for what is new, or for what failed first.
    fn round(&mut self) {
        let Some(Open { question, failures }) = self.open.pop_front() else { return };
        let limit = FIRST_TRY.saturating_mul(1 << failures.min(4)).min(ANSWER);
        let Err((question, error)) = self.answer(question, limit) else { return };
        if failures == 0 {
            tracing::warn!(%error, "a partition cannot be asked about: trying again");
        }
        self.open.push_back(Open { question, failures: failures.saturating_add(1) });
    }

    /// Gives the question back when it is still open.
    fn answer(
        &mut self,
        question: Question,
        limit: Duration,
    ) -> Result<(), (Question, BrokerError)> {
        match question {
            Question::Commits(grants) => self.commits(grants),
            Question::Describe(grant, committed) => {
                let described = self.describe(&grant, committed.clone(), limit);
                described.map_err(|e| (Question::Describe(grant, committed), e))
            }
            Question::Bounds { grant, given_up } => {
                let told = self.bounds(&grant, given_up, limit);
                told.map(drop).map_err(|e| (Question::Bounds { grant, given_up }, e))
            }
            Question::Silent(grant) => {
                self.silent(&grant, limit);
                Ok(())
            }
            Question::Suspects { left, found } => self.find(left, found, limit),
        }
    }

    fn stands(&self, (partition, grant): &Grant) -> bool {
        let state = self.shared.state();
        !state.closing && !state.has_failed() && state.stands(partition, *grant)
    }

    fn commits(&mut self, mut grants: Vec<Grant>) -> Result<(), (Question, BrokerError)> {
        grants.retain(|grant| self.stands(grant));
        if grants.is_empty() {
            return Ok(());
        }
        let list = list(grants.iter().map(|(partition, _)| partition));
        let found = self.client.committed_offsets(list, ANSWER);
        let mut found = match found.and_then(|list| committed(&list)) {
            Ok(found) => found,
            Err(error) => return Err((Question::Commits(grants), self.failed(&error))),
        };
        // The last one is put in front last.
        for grant in grants.into_iter().rev() {
            let committed = found.remove(&grant.0);
            self.first(Question::Describe(grant, committed));
        }
        Ok(())
    }

    fn describe(
        &self,
        grant: &Grant,
        committed: Option<Committed>,
        limit: Duration,
    ) -> Result<(), BrokerError> {
        if let Some(watermarks) = self.ask(grant, limit)? {
            let assignment = Assignment { partition: grant.0.clone(), committed, watermarks };
            self.shared.tell(|state| state.described(grant.1, assignment));
        }
        Ok(())
    }

    /// Asked by another client: behind this one's reads, which wait for records, an answer would wait too. `None` when
    /// nobody wants to know any more.
    fn ask(&self, grant: &Grant, limit: Duration) -> Result<Option<Watermarks>, BrokerError> {
        if !self.stands(grant) {
            return Ok(None);
        }
        self.client.context().cluster.watermarks_within(&grant.0, limit).map(Some)
    }

    /// Looks whether the topics are still there, and still the same.
    fn look(&mut self, limit: Duration) {
        let found = self.client.context().cluster.identities(self.topics.names(), limit);
        self.topics.looked(Instant::now());
        // Nobody answers: then nothing can be said, and nothing need be.
        for (topic, identity) in found.unwrap_or_default() {
            if let Some(news) = self.topics.take(&topic, identity) {
                self.shared.ask(|state| state.note_topic(news));
            }
        }
    }

    /// Whether the position lies outside.
    fn bounds(
        &mut self,
        grant: &Grant,
        given_up: bool,
        limit: Duration,
    ) -> Result<Option<bool>, BrokerError> {
        let Some(bounds) = self.ask(grant, limit)? else { return Ok(None) };
        if self.shared.state().lies_outside(grant, bounds) {
            // In a topic that was made anew every offset may: that is told instead, and the grant is over.
            self.look(limit);
        }
        let outside = self.shared.tell(|s| s.bounded(&grant.0, grant.1, bounds, given_up));
        self.shared.bell.ring();
        Ok(Some(outside))
    }

    /// Whether there is more than the client has given out. It counts markers of transactions, which are no records.
    /// Without an answer nothing can be said, and it is asked again when it has been quiet for as long once more.
    fn silent(&self, grant: &Grant, limit: Duration) {
        let bounds = match self.ask(grant, limit) {
            Ok(Some(bounds)) => bounds,
            Ok(None) => return,
            Err(error) => {
                let (topic, partition) = (grant.0.topic.as_str(), record::number(&grant.0));
                tracing::debug!(topic, partition, %error, "nothing comes, and nobody can be asked");
                return self.shared.state().silence_unanswered(grant, Instant::now());
            }
        };
        let (topic, number) = (grant.0.topic.as_str(), record::number(&grant.0));
        let positions = self.client.position().ok();
        let position =
            positions.and_then(|list| list.find_partition(topic, number)?.offset().to_raw());
        let position = position.filter(|at| *at >= 0).map(record::offset);
        self.shared.tell(|state| state.silence_answered(grant, bounds, position, Instant::now()));
    }

    /// If none is outside, the client stopped for another reason, or for one that cannot be asked about: only joining
    /// anew makes it read again.
    fn find(
        &mut self,
        suspects: Vec<Grant>,
        mut found: bool,
        limit: Duration,
    ) -> Result<(), (Question, BrokerError)> {
        let (mut left, mut answered, mut failure) = (Vec::new(), 0_usize, None);
        for grant in suspects {
            match self.bounds(&grant, true, limit) {
                Ok(outside) => {
                    answered += 1;
                    found |= outside.unwrap_or(false);
                }
                Err(error) => {
                    left.push(grant);
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if found || answered == 0 => {
                Err((Question::Suspects { left, found }, error))
            }
            _ if found => Ok(()),
            _ => {
                tracing::warn!(
                    "a partition cannot be read on, and none is out of range: joining anew"
                );
                self.shared.ask(super::state::State::ask_to_join_anew);
                Ok(())
            }
        }
    }

    /// What asking again does not heal ends the membership.
    fn failed(&self, error: &KafkaError) -> BrokerError {
        let cluster = &self.client.context().cluster;
        let answer = cluster.question_about(error, self.client.context().about());
        if error::code(error).is_some_and(error::is_denied) {
            self.shared.fail(answer.clone());
        }
        answer
    }
}
