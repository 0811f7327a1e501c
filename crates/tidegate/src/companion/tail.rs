//! One partition of a companion as it is read: from the log start, in full, and then for ever. It does not know what the records say,
//! and mostly does not read itself: several are read at once ([`BrokerDriver::fetch_any`](crate::broker::BrokerDriver::fetch_any)).

#[cfg(test)]
#[cfg(feature = "embedded")]
mod tests;

use std::time::Duration;

use crate::broker::{Broker, BrokerError, FetchLimit, Fetched, Watermarks};
use crate::message::{Offset, Partition, Record, TopicPartition};

/// How much is read at once. While there is more, nobody waits.
const RESTORE: FetchLimit = FetchLimit { records: 1_000, bytes: 512 << 10, wait: Duration::ZERO };

/// At the end of the log. The wait is only a bound on one question: the next follows.
const FOLLOW: FetchLimit = FetchLimit { wait: Duration::from_secs(1), ..RESTORE };

/// What comes next in the partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// In offset order.
    pub(crate) records: Vec<Record>,
    /// Where the next chunk begins.
    pub(crate) next: Offset,
    /// Whether everything that was there when the tail began has been read.
    pub(crate) caught_up: bool,
}

/// A partition that cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TailError {
    /// The log ends before what it held already: it is another log, and what this one says is not the whole.
    #[error(
        "{partition} ends at offset {end}, and held everything below {held}: the topic was deleted and made anew, or its log was \
         cut; what stood in it is lost. Find out who did it, then restart the service: it reads the topic from its start"
    )]
    MadeAnew {
        /// The companion's partition.
        partition: TopicPartition,
        /// Where the log ended at least.
        held: Offset,
        /// Where it ends now.
        end: Offset,
    },
    /// The broker's own answer. Nothing is lost: the next call asks for the same again.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl TailError {
    /// Whether asking again would not help.
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::MadeAnew { .. })
    }
}

/// A reader of one companion partition.
#[derive(Debug)]
pub(crate) struct Tail {
    broker: Broker,
    partition: TopicPartition,
    /// `None`: the log's bounds were not asked for yet.
    at: Option<At>,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    next: Offset,
    /// The log's end when the tail began.
    goal: Offset,
    /// Whether it was told that the goal is reached.
    caught_up: bool,
    /// The last fetch brought nothing, and did not move: a log that lets nobody get on is not asked in a loop.
    stuck: bool,
}

impl Tail {
    /// Begins at the partition's log start, wherever that is when [`begin`](Self::begin) is called.
    pub(crate) fn new(broker: Broker, partition: TopicPartition) -> Self {
        Self { broker, partition, at: None }
    }

    /// Where it reads on, and how long it may be waited for there; nothing before [`begin`](Self::begin).
    pub(crate) fn wants(&self) -> Option<(Partition, Offset, FetchLimit)> {
        let at = self.at?;
        Some((self.partition.partition, at.next, at.limit()))
    }

    /// Asks where the log begins and ends. Cancel safe, as nothing is noted before the answer.
    ///
    /// # Errors
    /// The broker's own; it may be called again.
    pub(crate) async fn begin(&mut self) -> Result<Option<Chunk>, TailError> {
        let Watermarks { start, end } = self.broker.watermarks(self.partition.clone()).await?;
        self.at = Some(At { next: start, goal: end, caught_up: false, stuck: false });
        Ok(self.chunk(Vec::new()))
    }

    /// Takes the answer to what it [`wants`](Self::wants): the next chunk, if there is one. It has no records only when
    /// `caught_up` has just become true: nothing was there, or nothing more.
    ///
    /// A log start that has moved past the position (retention, or an operator) is where it goes on. A topic that was made anew
    /// is noticed while it is shorter than it was.
    ///
    /// # Errors
    /// [`TailError`]. The position is kept.
    pub(crate) fn heard(
        &mut self,
        answer: Result<Fetched, BrokerError>,
    ) -> Result<Option<Chunk>, TailError> {
        let Some(at) = self.at else { return Ok(None) };
        match answer {
            Ok(fetched) if at.is_cut(fetched.watermarks.end) => {
                Err(self.made_anew(at, fetched.watermarks.end))
            }
            Ok(fetched) => {
                self.at = Some(at.after(&fetched));
                Ok(self.chunk(fetched.records))
            }
            Err(BrokerError::OutOfRange { end, .. }) if at.is_cut(end) => {
                Err(self.made_anew(at, end))
            }
            Err(BrokerError::OutOfRange { start, .. }) if at.next < start => {
                self.at = Some(At { next: start, stuck: false, ..at });
                Ok(self.chunk(Vec::new()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The next chunk of a partition that is read alone. Waits until there is one. Cancel safe.
    ///
    /// # Errors
    /// As [`heard`](Self::heard).
    pub(crate) async fn next(&mut self) -> Result<Chunk, TailError> {
        loop {
            let chunk = match self.wants() {
                None => self.begin().await?,
                Some((_, from, limit)) => {
                    let answer = self.broker.fetch(self.partition.clone(), from, limit).await;
                    self.heard(answer)?
                }
            };
            if let Some(chunk) = chunk {
                return Ok(chunk);
            }
        }
    }

    fn chunk(&mut self, records: Vec<Record>) -> Option<Chunk> {
        let at = self.at.as_mut()?;
        let caught_up = at.next >= at.goal;
        let just_now = caught_up && !at.caught_up;
        at.caught_up = caught_up;
        let something = just_now || !records.is_empty();
        something.then_some(Chunk { records, next: at.next, caught_up })
    }

    fn made_anew(&self, at: At, end: Offset) -> TailError {
        TailError::MadeAnew { partition: self.partition.clone(), held: at.held(), end }
    }
}

impl At {
    /// Where the log ended at least.
    fn held(self) -> Offset {
        self.next.max(self.goal)
    }

    /// A log that ends before it did has lost something.
    fn is_cut(self, end: Offset) -> bool {
        end < self.held()
    }

    fn limit(self) -> FetchLimit {
        if self.caught_up || self.stuck { FOLLOW } else { RESTORE }
    }

    fn after(self, fetched: &Fetched) -> Self {
        let stuck = fetched.records.is_empty() && fetched.next <= self.next;
        Self { next: self.next.max(fetched.next), stuck, ..self }
    }
}
