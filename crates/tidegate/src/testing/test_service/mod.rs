//! A service under test: its own log in memory, its own clock, and questions about what happened.
//!
//! ```text
//!  publish ─▶ log in memory ─▶ the real service, on a virtual clock ─▶ settled: everything finished and committed
//!                                        │ observer                        └▶ outcomes, emitted, dead_letters
//!                                        ▼
//!                              independent record of deliveries ─▶ assert_conserved
//! ```
//!
//! Nothing is simulated but time: back-off and timeouts cost none. Time moves by itself while a test waits in
//! [`TestService::settled`], and only when the service has nothing else to do; or by [`TestService::advance`].

mod builder;
mod conserved;
mod view;
mod witness;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::broker::{Broker, Placed};
use crate::clock::virtual_time::VirtualClock;
use crate::codec::{Encode, Json};
use crate::error::Error;
use crate::event::Event;
use crate::health::{Health, Phase};
use crate::message::{NewRecord, TopicPartition};
use crate::publisher::Publisher;
use crate::router::IntoRouter;
use crate::service::{Routes, Settings, StartFrom};

use self::view::View;
use self::witness::Witness;

pub use builder::TestServiceBuilder;

/// What was seen of one record, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Saw {
    /// The handler did it.
    Done,
    /// Its marker said that it was done before.
    Duplicate,
    /// Not for this service.
    Skipped,
    /// An attempt failed, and another followed.
    Retried,
    /// It found a dependency down, and its partition paused.
    Paused,
    /// It was dead-lettered.
    Dead,
}

/// A running service with its own log and clock. Dropping it stops it at once, as a crash would.
#[derive(Debug)]
pub struct TestService {
    settings: Settings,
    routes: Routes,
    start: StartFrom,
    clock: VirtualClock,
    patience: Duration,
    /// Nobody else commits for the group.
    alone: bool,
    life: Life,
    /// What earlier lives saw.
    past: Vec<Arc<Witness>>,
    view: Mutex<View>,
}

/// From one start to the next.
#[derive(Debug)]
struct Life {
    stop: CancellationToken,
    running: JoinSet<Result<(), Error>>,
    health: Health,
    witness: Arc<Witness>,
}

impl TestService {
    /// Starts a service with these routes: group `test`, from the earliest record, topics created as needed.
    ///
    /// # Panics
    /// When the start-up checks refuse the routes: with all findings.
    pub async fn new(routes: impl IntoRouter) -> Self {
        Self::builder(routes).start().await
    }

    /// To start one with other settings.
    pub fn builder(routes: impl IntoRouter) -> TestServiceBuilder {
        TestServiceBuilder::new(routes.into_router())
    }

    /// The log; for publishing and reading as others would.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.settings.broker
    }

    /// Readiness and counts, as a program would show them.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.life.health
    }

    /// Publishes an event as JSON, and waits for the acknowledgement.
    ///
    /// # Panics
    /// When it is not acknowledged.
    pub async fn publish<T>(&self, topic: &str, event: &T)
    where
        T: Event + Clone,
        Json: Encode<T>,
    {
        let publisher = Publisher::new(self.broker().clone());
        publisher.publish(topic, event.clone()).await.expect("the event is acknowledged");
    }

    /// Publishes a record as it is.
    ///
    /// # Panics
    /// When it is not acknowledged.
    pub async fn publish_record(&self, record: NewRecord) -> Placed {
        self.publish_records(vec![record]).await.pop().expect("the log answers for each record")
    }

    /// Publishes records as they are, together.
    ///
    /// # Panics
    /// When one is not acknowledged.
    pub async fn publish_records(&self, records: Vec<NewRecord>) -> Vec<Placed> {
        let acks = self.broker().publish(records).await;
        acks.into_iter().map(|ack| ack.expect("the record is acknowledged")).collect()
    }

    /// Waits until everything published so far, and everything emitted onto topics of this service, is finished and
    /// committed. Lets time pass meanwhile.
    ///
    /// # Panics
    /// When that takes too long, or the service has stopped: with what it is doing.
    pub async fn settled(&self) {
        let _flow = self.clock.flow();
        let started = Instant::now();
        let mut before = None;
        loop {
            let at = View::committed_ends(self.broker(), &self.settings.group, &self.routes.topics)
                .await;
            // Twice the same: nothing was emitted onto one topic while another was asked.
            let ends = at.as_ref().filter(|at| Some(*at) == before.as_ref());
            if ends.is_some_and(|ends| self.has_started(ends.keys())) && self.pending() == 0 {
                break;
            }
            before = at;
            self.check_alive("settled", started);
            tokio::time::sleep(POLL).await;
        }
        self.look().await;
    }

    /// Whether what waits in the schedule is known, everywhere: what is not may be owned by others, or by nobody any more.
    fn has_started<'a>(&self, of: impl Iterator<Item = &'a TopicPartition>) -> bool {
        let over = !self.alone || self.life.stop.is_cancelled();
        over || self.life.witness.seen().has_started(of)
    }

    /// Records that have arrived here and are not finished: also those that wait in the schedule, behind the commit.
    fn pending(&self) -> u64 {
        self.health().snapshot().ledger.values().map(|counts| counts.pending).sum()
    }

    /// Waits until a condition holds. Time stands still meanwhile.
    ///
    /// # Panics
    /// When that takes too long, or the service has stopped.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let started = Instant::now();
        self.look().await;
        while !holds(self) {
            self.check_alive(what, started);
            tokio::time::sleep(POLL).await;
            self.look().await;
        }
    }

    /// Moves time on, whatever is going on: also past the time limits of handlers that run.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Stops the service cleanly (drain, commit, leave), and starts it again on the same log.
    ///
    /// # Panics
    /// When it ends with an error, or is refused.
    pub async fn restart(&mut self) {
        self.stop().await.expect("the service ends cleanly");
        self.start_again().await;
    }

    /// Cuts the service off where it is, as `kill -9` would, and starts it again on the same log.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn crash(&mut self) {
        self.life.running.shutdown().await;
        self.start_again().await;
    }

    /// Stops the service as a signal would, and says how it ended.
    ///
    /// # Errors
    /// As [`Service::run_until`](crate::service::Service::run_until).
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.ask_to_stop();
        self.ended().await
    }

    /// Asks the service to stop, as a signal would, and does not wait for it.
    pub fn ask_to_stop(&self) {
        self.life.stop.cancel();
    }

    /// Waits until the service has ended, by being stopped or by itself.
    ///
    /// # Errors
    /// As [`Service::run_until`](crate::service::Service::run_until).
    ///
    /// # Panics
    /// When that takes too long, or it has ended before.
    pub async fn ended(&mut self) -> Result<(), Error> {
        let ended = tokio::time::timeout(self.patience, self.life.running.join_next()).await;
        let ended = ended.expect("the service ends in time").expect("it was running");
        self.look().await;
        ended.expect("the service does not panic")
    }

    /// Starts it again on the same log, after it has [ended](Self::ended).
    ///
    /// # Panics
    /// When it is refused.
    pub async fn start_again(&mut self) {
        let life = Life::begin(&self.settings, &self.routes, self.start);
        self.past.push(std::mem::replace(&mut self.life, life).witness);
        self.joined().await;
    }

    /// Waits until the service is a member of its group.
    async fn joined(&mut self) {
        let started = Instant::now();
        while self.life.health.snapshot().phase != Phase::Running {
            if let Some(ended) = self.life.running.try_join_next() {
                let ended = ended.expect("the service does not panic");
                ended.expect("the service starts");
            }
            self.check_alive("a member of its group", started);
            tokio::time::sleep(POLL).await;
        }
    }

    async fn look(&self) {
        let view = View::of(self.broker(), &self.settings.group).await;
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn check_alive(&self, what: &str, since: Instant) {
        let snapshot = self.life.health.snapshot();
        let stopped = snapshot.phase == Phase::Stopped && !self.life.stop.is_cancelled();
        assert!(
            !stopped && since.elapsed() < self.patience,
            "not {what}: {:?}\n{snapshot:#?}\nseen: {:#?}",
            snapshot.readiness.reasons().collect::<Vec<_>>(),
            self.life.witness,
        );
    }
}

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(2);
