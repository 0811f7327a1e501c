//! What a member's threads know together, under one lock. No I/O, no client: every transition can be tested.

mod ownership;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use super::reading::{Next, Reading};
use super::silence::Joined;
use super::topics::News;
use crate::broker::{
    BrokerError, CommitError, FetchLimit, GroupEvent, RevokeTicket, Subscription, Watermarks,
};
use crate::message::{Offset, Record, TopicName, TopicPartition};

/// Everything that changes while the member lives.
#[derive(Debug)]
pub(super) struct State {
    pub(super) limit: FetchLimit,
    /// What the cluster granted and has not taken back.
    pub(super) readings: BTreeMap<TopicPartition, Reading>,
    grants: u64,
    /// Told before anything else, in order.
    pub(super) events: VecDeque<GroupEvent>,
    /// Whose turn was last.
    last: Option<TopicPartition>,
    revoke: Option<RevokeTicket>,
    tickets: u64,
    /// Something for the poll thread to do for its partitions.
    pub(super) busy: bool,
    pub(super) join_anew: bool,
    /// What it was joined anew for.
    pub(super) joined: Joined,
    /// What the watchdog of the topics found out, for the poll thread.
    topics: Vec<News>,
    /// Topics that are not there: nothing of them is committed, or it would count in a new one of that name (rule 7).
    pub(super) gone: BTreeSet<TopicName>,
    /// The end of the membership; told for ever.
    fatal: Option<BrokerError>,
    pub(super) closing: bool,
    /// Somebody waits in `poll`.
    polling: bool,
    polled: Instant,
}

impl State {
    pub(super) fn new(how: &Subscription) -> Self {
        let limit = FetchLimit {
            records: how.max_poll_records,
            bytes: how.max_poll_bytes,
            wait: Duration::ZERO,
        };
        Self {
            limit,
            readings: BTreeMap::new(),
            grants: 0,
            events: VecDeque::new(),
            last: None,
            revoke: None,
            tickets: 0,
            busy: false,
            join_anew: false,
            joined: Joined::default(),
            topics: Vec::new(),
            gone: BTreeSet::new(),
            fatal: None,
            closing: false,
            polling: false,
            polled: Instant::now(),
        }
    }

    /// Whether what is being read of a grant lies outside of these bounds.
    pub(super) fn lies_outside(
        &self,
        (at, grant): &(TopicPartition, u64),
        bounds: Watermarks,
    ) -> bool {
        let reading = self.readings.get(at).filter(|reading| reading.grant == *grant);
        reading.is_some_and(|reading| reading.lies_outside(bounds))
    }

    /// The bounds of a grant are being asked.
    pub(super) fn asks_bounds(&mut self, (at, grant): &(TopicPartition, u64)) {
        if let Some(reading) = self.granted_as(at, *grant) {
            reading.asks_bounds();
        }
    }

    /// A topic is gone, or back. Nothing of it is done here: a revoke may be open, which this must not answer (rule 11).
    pub(super) fn note_topic(&mut self, news: News) {
        if let News::Gone(topic) = &news {
            self.gone.insert(topic.clone());
        }
        self.topics.push(news);
    }

    /// Whether what is owned of the topic is given up in a moment: it was made anew, or was away.
    pub(super) fn is_back(&self, topic: &TopicName) -> bool {
        self.topics
            .iter()
            .any(|news| matches!(news, News::Back { topic: back, .. } if back == topic))
    }

    /// What was noted, for the poll thread, which is in no callback then: no revoke is open.
    pub(super) fn take_topics(&mut self) -> Vec<News> {
        debug_assert!(self.revoke.is_none(), "the poll thread waits for the answer");
        std::mem::take(&mut self.topics)
    }

    pub(super) fn start(&mut self, partition: &TopicPartition, from: Offset) {
        if let Some(reading) = self.readings.get_mut(partition).filter(|r| r.is_told()) {
            reading.start(from);
            self.busy = true;
        }
    }

    pub(super) fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) {
        for partition in partitions {
            if let Some(reading) = self.readings.get_mut(partition) {
                reading.paused = paused;
            }
        }
    }

    /// Keeps what the client delivered.
    pub(super) fn keep(&mut self, partition: &TopicPartition, records: Vec<Record>) {
        if let Some(reading) = self.readings.get_mut(partition) {
            if let Some(last) = records.last() {
                self.joined.forget(partition, last.offset);
            }
            let now = Instant::now();
            records.into_iter().for_each(|record| reading.keep(record, now));
        }
    }

    /// Whether an offset may be committed for the partition: the grant that allows it, and the highest end that is known.
    pub(super) fn check_commit(
        &self,
        partition: &TopicPartition,
    ) -> Result<(u64, Offset), CommitError> {
        if self.closing || self.fatal.is_some() {
            return Err(CommitError::Closed);
        }
        self.check_topic(partition)?;
        let reading = self.readings.get(partition).filter(|reading| reading.is_told());
        let reading = reading.ok_or_else(|| CommitError::NotOwned(partition.clone()))?;
        Ok((reading.grant, reading.known_end()))
    }

    /// The last look before a commit is sent. It may have waited: what was given away meanwhile is somebody else's, and
    /// the cluster, which asks for the generation alone, would take it (rule 13).
    pub(super) fn check_grant(
        &self,
        partition: &TopicPartition,
        grant: u64,
    ) -> Result<(), CommitError> {
        self.check_topic(partition)?;
        if self.stands(partition, grant) {
            return Ok(());
        }
        Err(CommitError::NotOwned(partition.clone()))
    }

    fn check_topic(&self, partition: &TopicPartition) -> Result<(), CommitError> {
        if self.gone.contains(&partition.topic) {
            let why = format!("topic {} is not there any more", partition.topic);
            return Err(CommitError::Unavailable(why));
        }
        Ok(())
    }

    /// What there is to be told: who owns what comes before records.
    pub(super) fn next(&mut self) -> Option<GroupEvent> {
        if let Some(event) = self.events.pop_front() {
            return Some(event);
        }
        if let Some(error) = &self.fatal {
            return Some(GroupEvent::Fatal(error.clone()));
        }
        let new: Vec<_> = self.readings.values_mut().filter_map(Reading::tell).collect();
        if !new.is_empty() {
            return Some(GroupEvent::Assigned(new));
        }
        self.records()
    }

    fn records(&mut self) -> Option<GroupEvent> {
        let low = self.marks().low;
        for partition in self.turns() {
            let reading = self.readings.get_mut(&partition)?;
            match reading.next(&self.limit) {
                Next::Nothing => {}
                Next::Records(records) => {
                    self.busy |= reading.has_room_again(low);
                    self.last = Some(partition.clone());
                    return Some(GroupEvent::Records { partition, records });
                }
                Next::OutOfRange { position, watermarks } => {
                    self.busy = true;
                    return Some(GroupEvent::OutOfRange { partition, position, watermarks });
                }
            }
        }
        None
    }

    /// Everything granted, beginning behind the one whose turn was last.
    fn turns(&self) -> Vec<TopicPartition> {
        let Some(last) = &self.last else { return self.owned() };
        let behind = self.readings.keys().filter(|p| *p > last);
        behind.chain(self.readings.keys().filter(|p| *p <= last)).cloned().collect()
    }

    /// Ends the membership; everything that was owned is lost first.
    pub(super) fn fail(&mut self, error: BrokerError) {
        if self.fatal.is_none() {
            self.lost_all();
            self.fatal = Some(error);
        }
    }

    pub(super) const fn has_failed(&self) -> bool {
        self.fatal.is_some()
    }

    /// Somebody begins to wait in `poll`, or has ended waiting. Gives how long nobody has.
    pub(super) fn set_polling(&mut self, polling: bool) -> Duration {
        self.polling = polling;
        let now = Instant::now();
        now.saturating_duration_since(std::mem::replace(&mut self.polled, now))
    }

    /// Whether the member has asked for events within this time.
    pub(super) fn is_alive(&self, within: Duration) -> bool {
        self.polling || self.polled.elapsed() < within
    }
}
