//! How each question is answered.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;

use super::{Asker, FIRST_TRY, Found, Grant, Question};
use crate::broker::kafka::member::ANSWER;
use crate::broker::kafka::member::lists::{committed, list};
use crate::broker::kafka::member::state::State;
use crate::broker::kafka::{error, record};
use crate::broker::{Assignment, BrokerError, Watermarks};
use crate::message::Offset;

/// How long another client may take to read where something was corrupt. It connects first; new grants wait meanwhile.
const READ: Duration = Duration::from_secs(3);

impl Asker {
    fn stands(&self, (partition, grant): &Grant) -> bool {
        let state = self.shared.state();
        !state.closing && !state.has_failed() && state.stands(partition, *grant)
    }

    pub(super) fn commits(
        &mut self,
        mut grants: Vec<Grant>,
        limit: Duration,
    ) -> Result<(), (Question, BrokerError)> {
        grants.retain(|grant| self.stands(grant));
        if grants.is_empty() {
            return Ok(());
        }
        // Before the commits: one that comes for another topic of the name is known by this (rule 7).
        if let Err(error) = self.look_first(limit) {
            return Err((Question::Commits(grants), error));
        }
        let list = list(grants.iter().map(|(partition, _)| partition));
        let found = self.client.committed_offsets(list, ANSWER);
        let mut found = match found.and_then(|list| committed(&list)) {
            Ok(found) => found,
            Err(error) => return Err((Question::Commits(grants), self.failed(&error))),
        };
        let (mut away, mut why) = (Vec::new(), None);
        // The last one is put in front last.
        for grant in grants.into_iter().rev() {
            let committed = found.remove(&grant.0);
            match self.topics.id(&grant.0.topic) {
                Ok(topic_id) => {
                    self.first(Question::Describe(grant, Box::new(Found { committed, topic_id })))
                }
                Err(error) => {
                    away.push(grant);
                    why = Some(error);
                }
            }
        }
        why.map_or(Ok(()), |why| Err((Question::Commits(away), why)))
    }

    pub(super) fn describe(
        &mut self,
        grant: &Grant,
        found: &Found,
        limit: Duration,
    ) -> Result<(), BrokerError> {
        let Some(watermarks) = self.ask(grant, limit)? else { return Ok(()) };
        let (partition, Found { committed, topic_id }) = (grant.0.clone(), found.clone());
        let within = |at: Offset| (watermarks.start..=watermarks.end).contains(&at);
        if committed.as_ref().is_some_and(|committed| !within(committed.offset)) {
            // The bounds may be those of a topic that was made anew since the commit was looked up.
            self.look_first(limit)?;
            if self.topics.id(&partition.topic)? != topic_id {
                self.first(Question::Commits(vec![grant.clone()]));
                return Ok(());
            }
        }
        self.nameless |= self.blind && topic_id.is_none();
        let assignment = Assignment { partition, committed, watermarks, topic_id };
        self.shared.tell(|state| state.described(grant.1, assignment));
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
    pub(super) fn look(&mut self, limit: Duration) -> Result<(), BrokerError> {
        let found = self.client.context().cluster.identities(self.topics.names(), limit);
        let now = Instant::now();
        self.topics.looked(now);
        let found = found?;
        self.blind = false;
        if found.iter().any(|(_, id)| matches!(id, Ok(Some(_))))
            && std::mem::take(&mut self.nameless)
        {
            // What was granted meanwhile does not know its topic, and would commit so for as long as it is owned.
            self.shared.ask(State::ask_to_join_anew);
        }
        for (topic, identity) in found {
            if let Some(news) = self.topics.take(&topic, identity, now) {
                self.shared.ask(|state| state.note_topic(news));
            }
        }
        Ok(())
    }

    /// The same, before something that depends on it. Asked twice; who is not answered then goes on without, until a look is.
    fn look_first(&mut self, limit: Duration) -> Result<(), BrokerError> {
        if self.blind {
            return Ok(());
        }
        let Err(error) = self.look(limit) else { return Ok(()) };
        if limit <= FIRST_TRY {
            return Err(error);
        }
        self.blind = true;
        tracing::warn!(%error, "the cluster does not say which topics it has: a commit for one that was deleted is not known");
        Ok(())
    }

    /// Whether the position lies outside. `None` when nobody wants to know any more.
    pub(super) fn bounds(
        &mut self,
        grant: &Grant,
        given_up: bool,
        limit: Duration,
    ) -> Result<Option<bool>, BrokerError> {
        match self.ask_bounds(grant, limit)? {
            Some(bounds) => self.judge(grant, bounds, given_up, limit),
            None => Ok(None),
        }
    }

    fn ask_bounds(
        &self,
        grant: &Grant,
        limit: Duration,
    ) -> Result<Option<Watermarks>, BrokerError> {
        self.shared.state().asks_bounds(grant);
        self.ask(grant, limit)
    }

    fn judge(
        &mut self,
        grant: &Grant,
        bounds: Watermarks,
        given_up: bool,
        limit: Duration,
    ) -> Result<Option<bool>, BrokerError> {
        if self.shared.state().lies_outside(grant, bounds) {
            // In a topic that was made anew every offset may: that is told instead, and the grant is over.
            self.look_first(limit)?;
            self.topics.id(&grant.0.topic)?;
            if self.shared.state().is_back(&grant.0.topic) {
                return Ok(None);
            }
        }
        let outside = self.shared.tell(|s| s.bounded(&grant.0, grant.1, bounds, given_up));
        self.shared.bell.ring();
        Ok(Some(outside))
    }

    /// Whether there is more than the client has given out. It counts markers of transactions, which are no records.
    /// Without an answer nothing can be said, and it is asked again when it has been quiet for as long once more.
    pub(super) fn silent(&self, grant: &Grant, limit: Duration) {
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

    /// Whether another client can read where this one found something corrupt. It may be gone from the log: then that is told instead.
    pub(super) fn readable(&mut self, grant: &Grant, from: Offset, limit: Duration) {
        if !self.stands(grant) {
            return;
        }
        let found = self.client.context().cluster.try_to_read(&grant.0, from, READ);
        if matches!(found, Err(BrokerError::OutOfRange { .. }))
            && matches!(self.bounds(grant, true, limit), Ok(Some(true)))
        {
            return;
        }
        self.shared.tell(|state| state.was_asked(grant, &found, Instant::now()));
        self.shared.bell.ring();
    }

    /// If none is outside, the client stopped for another reason, or for one that cannot be asked about: only joining
    /// anew makes it read again.
    pub(super) fn find(
        &mut self,
        suspects: Vec<Grant>,
        mut found: bool,
        limit: Duration,
    ) -> Result<(), (Question, BrokerError)> {
        let (mut left, mut answered, mut failure) = (Vec::new(), 0_usize, None);
        // One lies outside, and it is not known of what: that is asked again before anything is concluded.
        let mut unsure = false;
        for grant in suspects {
            let bounds = self.ask_bounds(&grant, limit);
            let judged = match bounds {
                Ok(Some(bounds)) => {
                    self.judge(&grant, bounds, true, limit).inspect_err(|_| unsure = true)
                }
                other => other.map(|_| None),
            };
            match judged {
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
            Some(error) if found || unsure || answered == 0 => {
                Err((Question::Suspects { left, found }, error))
            }
            _ if found => Ok(()),
            _ => {
                tracing::warn!(
                    "a partition cannot be read on, and none is out of range: joining anew"
                );
                self.shared.ask(State::ask_to_join_anew);
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
