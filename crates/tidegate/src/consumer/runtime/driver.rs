//! The loop: waits for whatever comes first, tells the core, carries out what it answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::{JoinError, JoinSet};

use crate::broker::{
    Assignment, BoxFuture, BrokerError, CommitEntry, CommitError, Consumer, GroupEvent,
};
use crate::consumer::core::{Core, Event, Stopped};
use crate::consumer::runtime::held::Held;
use crate::consumer::runtime::job::{Answer, Left};
use crate::consumer::runtime::observer::Observers;
use crate::consumer::runtime::positions::StartTime;
use crate::consumer::runtime::shop::Shop;
use crate::error::Error;
use crate::health::Health;

/// So many answers are taken in before the member is polled again.
const ANSWERS_PER_TURN: usize = 256;

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
}

/// Runs one member of a group.
pub(crate) struct Driver {
    pub(super) shop: Arc<Shop>,
    pub(super) core: Core,
    pub(super) consumer: Box<dyn Consumer>,
    pub(super) observers: Observers,
    pub(super) held: Held,
    pub(super) tasks: JoinSet<Answer>,
    pub(super) commit: Option<CommitInFlight>,
    /// Events that are answered on the spot.
    pub(super) events: VecDeque<Event>,
    pub(super) health: Health,
    pub(super) start_time: Option<StartTime>,
    /// Asks where new partitions begin; nothing is polled meanwhile.
    pub(super) positioning: Option<Positioning>,
    drain: Duration,
    /// When it was told to stop.
    stopping: Option<Instant>,
}

/// The commit that was sent; one at a time (rule 2).
type CommitInFlight = BoxFuture<'static, Vec<(CommitEntry, Result<(), CommitError>)>>;

pub(super) type Positioning = BoxFuture<'static, Result<Vec<Assignment>, BrokerError>>;

/// What woke the driver.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, and is taken apart at once")]
enum Woken {
    Stop,
    Timer,
    Committed(Vec<(CommitEntry, Result<(), CommitError>)>),
    Positioned(Result<Vec<Assignment>, BrokerError>),
    Answer(Result<Answer, JoinError>),
    Group(GroupEvent),
    /// Virtual time may go on to this point.
    Quiet(Duration),
}

impl Driver {
    pub(crate) fn new(seat: Seat) -> Self {
        Self {
            shop: seat.shop,
            core: seat.core,
            consumer: seat.consumer,
            observers: seat.observers,
            held: Held::default(),
            tasks: JoinSet::new(),
            commit: None,
            events: VecDeque::new(),
            health: seat.health,
            start_time: seat.start_time,
            positioning: None,
            drain: seat.drain,
            stopping: None,
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
            let ended = self.take(woken)?;
            self.health.set_ledger(self.core.ledger());
            if let Some(stopped) = ended {
                return Ok(stopped);
            }
        }
    }

    async fn wait(&mut self, stop: &mut Option<BoxFuture<'static, ()>>) -> Woken {
        let deadline = self.core.deadline();
        let quiet = self.quiet(deadline);
        tokio::select! {
            biased;
            () = present(stop.as_mut()) => { *stop = None; self.health.draining(); Woken::Stop }
            () = self.shop.clock.sleep_until(deadline.unwrap_or_default()), if deadline.is_some() => Woken::Timer,
            results = present(self.commit.as_mut()) => { self.commit = None; Woken::Committed(results) }
            found = present(self.positioning.as_mut()) => { self.positioning = None; Woken::Positioned(found) }
            Some(answer) = self.tasks.join_next() => Woken::Answer(answer),
            event = self.consumer.poll(), if self.positioning.is_none() => Woken::Group(event),
            at = quiet => Woken::Quiet(at),
        }
    }

    fn take(&mut self, woken: Woken) -> Result<Option<Stopped>, Error> {
        match woken {
            Woken::Stop => {
                self.stopping = Some(Instant::now());
                self.tell_core(Event::Shutdown { within: self.drain })
            }
            Woken::Timer => self.tell_core(Event::Timer),
            Woken::Committed(results) => self.tell_core(Event::Committed(results)),
            Woken::Positioned(found) => {
                let found = found.map_err(|source| self.membership(source))?;
                self.tell_core(Event::Assigned(found))
            }
            Woken::Answer(answer) => self.answers(answer),
            Woken::Group(event) => self.group(event),
            Woken::Quiet(at) => {
                self.shop.clock.jump_to(at);
                Ok(None)
            }
        }
    }

    /// Takes in this answer and all that are ready, then looks at the group once: a stream of answers never keeps
    /// the member from polling (rule 14).
    fn answers(&mut self, first: Result<Answer, JoinError>) -> Result<Option<Stopped>, Error> {
        let more = (1..ANSWERS_PER_TURN).map(|_| None);
        for answer in std::iter::once(Some(first)).chain(more) {
            let Some(answer) = answer.or_else(|| self.tasks.try_join_next()) else { break };
            if let Some(stopped) = self.answer(answer)? {
                return Ok(Some(stopped));
            }
        }
        if self.positioning.is_some() {
            return Ok(None);
        }
        match self.consumer.poll().now_or_never() {
            Some(event) => self.group(event),
            None => Ok(None),
        }
    }

    fn answer(&mut self, answer: Result<Answer, JoinError>) -> Result<Option<Stopped>, Error> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(cut) if cut.is_cancelled() => return Ok(None), // its ownership has ended
            Err(panicked) => return Err(Error::Internal { reason: panicked.to_string() }), // rule 15
        };
        if let Some(event) = answer.told {
            self.tell(&event);
        }
        match answer.left {
            Left::Work(work, carry) => self.held.put_back(&work, carry),
            Left::Owners(partition, epoch, owners) => self.held.own(partition, epoch, owners),
            Left::Nothing => {}
        }
        self.tell_core(answer.event)
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
        self.health.set_ledger(self.core.ledger());
        let deadline = self.stopping.map_or(FAILED_DEADLINE, |since| {
            CLOSE_DEADLINE + self.drain.saturating_sub(since.elapsed())
        });
        let close = async {
            self.tasks.shutdown().await;
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
