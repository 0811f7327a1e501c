//! Starts a `TestService` with other settings than its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::clock::Clock;
use crate::clock::virtual_time::VirtualClock;
use crate::health::Health;
use crate::router::Router;
use crate::service::{self, CreateTopics, Routes, Settings, StartFrom, TopicTemplate};
use crate::testing::test_service::view::View;
use crate::testing::test_service::witness::Witness;
use crate::testing::test_service::{Life, TestService};

/// Settings of a [`TestService`]. Unless said otherwise: group `test`, a new log in memory, topics of 3 partitions,
/// from the earliest record.
#[derive(Debug)]
#[must_use = "nothing runs before `.start()`"]
pub struct TestServiceBuilder {
    settings: Settings,
    routes: Routes,
    start: StartFrom,
    partitions: u32,
    patience: Duration,
    alone: bool,
}

impl TestServiceBuilder {
    pub(super) fn new(router: Router) -> Self {
        Self {
            settings: Settings::new("test".to_owned(), Broker::in_memory()),
            routes: Routes::of(router),
            start: StartFrom::Earliest,
            partitions: 3,
            patience: Duration::from_secs(30),
            alone: true,
        }
    }

    /// On this broker, which others may share.
    pub fn broker(mut self, broker: Broker) -> Self {
        self.settings.broker = broker;
        self
    }

    /// In this consumer group.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        let group = group.into();
        self.settings.name.clone_from(&group);
        self.settings.group = group;
        self
    }

    /// Begins here in partitions without a commit.
    pub fn start_from(mut self, start: StartFrom) -> Self {
        self.start = start;
        self
    }

    /// Others are in the group: what they finish is not looked for in this service's own books.
    pub fn shares_group(mut self) -> Self {
        self.alone = false;
        self
    }

    /// So many partitions for each topic that is created.
    pub fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// As [`Service::concurrency`](crate::service::Service::concurrency).
    pub fn concurrency(mut self, records: usize) -> Self {
        self.settings.concurrency = records;
        self
    }

    /// As [`Service::drain`](crate::service::Service::drain), in virtual time.
    pub fn drain(mut self, deadline: Duration) -> Self {
        self.settings.drain = deadline;
        self
    }

    /// As [`Service::dead_letter_topic`](crate::service::Service::dead_letter_topic).
    pub fn dead_letter_topic(mut self, topic: impl Into<String>, name: impl Into<String>) -> Self {
        self.settings.dead_letters.named.insert(topic.into(), name.into());
        self
    }

    /// As [`Service::retry_topics`](crate::service::Service::retry_topics).
    pub fn retry_topics(mut self, template: impl Into<String>) -> Self {
        self.settings.retries = Some(TopicTemplate::new(template));
        self
    }

    /// As [`Service::metrics`](crate::service::Service::metrics); a restart counts anew, as a new process does.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, metrics: &crate::metrics::Metrics) -> Self {
        self.settings.metrics = Some(metrics.clone());
        self
    }

    /// How long a condition may take in real time before the test fails. Default 30 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Starts the service, and waits until it is a member of its group.
    ///
    /// # Panics
    /// When the start-up checks refuse it: with all findings.
    pub async fn start(mut self) -> TestService {
        let clock = VirtualClock::new();
        self.settings.clock = Clock::Virtual(clock.clone());
        self.settings.create = CreateTopics::Always { partitions: self.partitions };
        self.settings.create_emitted = Some(self.partitions);
        let life = Life::begin(&self.settings, &self.routes, self.start);
        let mut service = TestService {
            life,
            settings: self.settings,
            routes: self.routes,
            start: self.start,
            clock,
            patience: self.patience,
            alone: self.alone,
            past: Vec::new(),
            view: Mutex::new(View::default()),
        };
        service.joined().await;
        service
    }
}

impl Life {
    /// Starts the service in a task of its own.
    pub(super) fn begin(settings: &Settings, routes: &Routes, start: StartFrom) -> Self {
        let (stop, witness, health) =
            (CancellationToken::new(), Arc::new(Witness::default()), Health::default());
        let mut settings = settings.clone();
        settings.health = health.clone();
        settings.observers.push(witness.clone());
        #[cfg(feature = "metrics")]
        settings.count();
        let asked = Box::pin(stop.clone().cancelled_owned());
        let mut running = JoinSet::new();
        running.spawn(service::run(settings, routes.clone(), start, asked));
        Self { stop, running, health, witness }
    }
}
