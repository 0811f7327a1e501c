//! The loop: waits for whatever comes first, tells the core, carries out what it answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinError, JoinSet};

use crate::broker::{
    Assignment, BoxFuture, BrokerError, CommitEntry, CommitError, Consumer, GroupEvent,
};
use crate::consumer::core::{Core, Event, LocalEpoch, OwnFailure, Stopped};
use crate::consumer::runtime::companions::{Companions, News};
use crate::consumer::runtime::held::Held;
use crate::consumer::runtime::lanes::Lanes;
use crate::consumer::runtime::observer::Observers;
use crate::consumer::runtime::positions::StartTime;
use crate::consumer::runtime::report::Report;
use crate::consumer::runtime::shop::Shop;
use crate::error::Error;
use crate::events::RuntimeEvent;
use crate::health::Health;
use crate::message::TopicPartition;
use crate::pulse;

/// How long tasks that were cut off, and leaving the group, may take at the end (rule 16). After a stop they have what the
/// drain left of its time besides, so that the whole never takes longer than the drain's deadline and this.
const CLOSE_DEADLINE: Duration = Duration::from_millis(750);

/// The same when nobody asked for the end.
const FAILED_DEADLINE: Duration = Duration::from_secs(5);

/// A place in a group, and what it was prepared with.
pub(crate) struct Seat {
    pub(crate) shop: Arc<Shop>,
    pub(crate) core: Core,
    pub(crate) consumer: Box<dyn Consumer>,
    pub(crate) observers: Observers,
    pub(crate) health: Health,
    /// Where partitions without a commit begin, when that is a point in time.
    pub(crate) start_time: Option<StartTime>,
    /// How long draining may take.
    pub(crate) drain: Duration,
    /// How many lanes run handlers.
    pub(crate) lanes: usize,
}

/// What the stores said when they were told who owns a partition: its owner epochs, by the store's place.
pub(super) struct Answer {
    pub(super) partition: TopicPartition,
    pub(super) epoch: LocalEpoch,
    pub(super) owners: Result<Vec<i64>, OwnFailure>,
}

/// Runs one member of a group.
pub(crate) struct Driver {
    pub(super) shop: Arc<Shop>,
    pub(super) core: Core,
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) observers: Observers,
    pub(super) held: Held,
    /// Ask the stores.
    pub(super) tasks: JoinSet<Answer>,
    pub(super) commit: Option<CommitInFlight>,
    pub(super) lanes: Lanes,
    pub(super) companions: Companions,
    /// Events that are answered on the spot.
    pub(super) events: VecDeque<Event>,
    pub(super) health: Health,
    pub(super) start_time: Option<StartTime>,
    /// Asks where new partitions begin; nothing is polled meanwhile.
    pub(super) positioning: Option<Positioning>,
    pub(super) drain: Duration,
    /// When it was told to stop.
    pub(super) stopping: Option<Instant>,
}

/// The commit that was sent; one at a time (rule 2).
type CommitInFlight = BoxFuture<'static, Vec<(CommitEntry, Result<(), CommitError>)>>;

pub(super) type Positioning = BoxFuture<'static, Result<Vec<Assignment>, BrokerError>>;

/// What woke the driver.
pub(super) enum Woken {
    Stop,
    Timer,
    Committed(Vec<(CommitEntry, Result<(), CommitError>)>),
    Positioned(Result<Vec<Assignment>, BrokerError>),
    Owned(Result<Answer, JoinError>),
    Reports(Result<Vec<Report>, String>),
    Companion(Result<News, JoinError>),
    Group(GroupEvent),
    /// Virtual time may go on to this point.
    Quiet(Duration),
}

impl Driver {
    pub(crate) fn new(seat: Seat) -> Self {
        let lanes = Lanes::start(&seat.shop, seat.lanes);
        Self {
            core: seat.core,
            consumer: seat.consumer,
            observers: seat.observers,
            held: Held::new(seat.shop.clock.clone()),
            tasks: JoinSet::new(),
            lanes,
            companions: Companions::new(),
            commit: None,
            events: VecDeque::new(),
            health: seat.health,
            start_time: seat.start_time,
            positioning: None,
            drain: seat.drain,
            stopping: None,
            shop: seat.shop,
        }
    }

    /// Runs until `stop` resolves and everything is drained, or until going on makes no sense.
    pub(crate) async fn run(mut self, stop: BoxFuture<'static, ()>) -> Result<(), Error> {
        let ended = self.turns(stop).await;
        self.leave().await;
        match ended? {
            Stopped::Failed { reason } => Err(Error::Stopped { reason }),
            Stopped::Deadline { unfinished } => {
                tracing::warn!(
                    unfinished,
                    "drain deadline reached: unfinished records will come again"
                );
                Ok(())
            }
            Stopped::Drained => Ok(()),
        }
    }

    async fn turns(&mut self, stop: BoxFuture<'static, ()>) -> Result<Stopped, Error> {
        let mut stop = Some(stop);
        loop {
            let woken = self.wait(&mut stop).await;
            if let Some(by) = self.health.pulse().turn(&self.shop.clock) {
                self.tell(&RuntimeEvent::LoopLate { by });
            }
            let ended = self.take(woken)?;
            self.health.update_ledger(|ledger| self.core.update_ledger(ledger));
            self.write_down();
            if let Some(stopped) = ended {
                return Ok(stopped);
            }
        }
    }

    async fn wait(&mut self, stop: &mut Option<BoxFuture<'static, ()>>) -> Woken {
        let deadline = self.core.deadline().into_iter().chain(self.held.calls.at()).min();
        let quiet = self.quiet(deadline);
        let pulse = self.shop.clock.elapsed().saturating_add(pulse::EVERY);
        let alarm = [deadline, self.lanes.feel_at(), Some(pulse)].into_iter().flatten().min();
        tokio::select! {
            biased;
            () = present(stop.as_mut()) => { *stop = None; self.health.draining(); Woken::Stop }
            () = self.shop.clock.sleep_until(alarm.unwrap_or_default()), if alarm.is_some() => Woken::Timer,
            results = present(self.commit.as_mut()) => { self.commit = None; Woken::Committed(results) }
            found = present(self.positioning.as_mut()) => { self.positioning = None; Woken::Positioned(found) }
            Some(answer) = self.tasks.join_next() => Woken::Owned(answer),
            reports = self.lanes.reports() => Woken::Reports(reports),
            news = self.companions.next() => Woken::Companion(news),
            event = self.consumer.poll(), if self.positioning.is_none() => Woken::Group(event),
            at = quiet => Woken::Quiet(at),
        }
    }

    /// Tells the core, carries out what it answers, and goes on with what that answers on the spot.
    pub(super) fn tell_core(&mut self, event: Event) -> Result<Option<Stopped>, Error> {
        self.events.push_back(event);
        let mut commands = Vec::new();
        while let Some(event) = self.events.pop_front() {
            self.core.step(event, self.shop.clock.now(), &mut commands);
            if let Some(stopped) = self.carry_out(&mut commands) {
                return Ok(Some(stopped));
            }
        }
        Ok(None)
    }

    pub(super) fn membership(&self, source: BrokerError) -> Error {
        Error::Membership { group: self.shop.identity.group.as_ref().to_owned(), source }
    }

    /// The end: tasks are cut off, then the group is left. Nothing is polled any more, so nothing that arrives
    /// now can be stored or committed (rule 16).
    async fn leave(&mut self) {
        self.health.update_ledger(|ledger| self.core.update_ledger(ledger));
        let deadline = self.stopping.map_or(FAILED_DEADLINE, |since| {
            CLOSE_DEADLINE + self.drain.saturating_sub(since.elapsed())
        });
        let close = async {
            self.tasks.shutdown().await;
            self.companions.shutdown().await;
            self.lanes.shutdown().await;
            self.consumer.close().await;
        };
        if tokio::time::timeout(deadline, close).await.is_err() {
            tracing::warn!(?deadline, "leaving the group took too long: given up");
        }
    }
}

/// Waits for the future, if there is one.
async fn present<T>(future: Option<&mut BoxFuture<'static, T>>) -> T {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}
