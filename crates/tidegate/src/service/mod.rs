//! A consumer group's member that runs handlers: built, checked, run until it is told to stop.
//!
//! ```text
//!  Service::new(group, broker) ─ start_from ─ route ... ─ run
//!     checks: everything that is wrong, at once ─▶ join the group ─▶ deliver ─▶ signal: drain, commit, leave
//! ```
//!
//! Guarantee: what was delivered is finished and then committed, or delivered again. Nothing is lost, whatever
//! moment the process ends at; a handler without a store may see a record twice, and the start says so.

mod checks;
mod life;
mod many;
mod prepare;
mod routes;
mod schedules;
mod settings;
mod signals;
mod start_from;
mod topic_template;
mod topics;

use std::sync::Arc;
use std::time::Duration;

pub use crate::companion::topic::CompanionError;
pub(crate) use life::run;
pub use many::Services;
pub use settings::CreateTopics;
pub use signals::Signals;
pub use start_from::{Chosen, StartFrom, Unchosen};

use crate::broker::Broker;
use crate::consumer::runtime::{Observer, Subject};
use crate::error::Error;
use crate::events::RuntimeEvent;
use crate::health::Health;
use crate::router::{IntoRouter, Router};
pub(crate) use crate::service::routes::Routes;
pub(crate) use crate::service::settings::Settings;
use crate::service::signals::until_signals;
pub(crate) use crate::service::topic_template::TopicTemplate;

/// A service: one member of a consumer group, with its routes.
///
/// `S` says whether the start position was chosen: without [`start_from`](Service::start_from) it does not run.
#[must_use = "a service does nothing until it is run"]
#[derive(Debug)]
pub struct Service<S = Unchosen> {
    settings: Settings,
    router: Router,
    start: S,
}

impl Service {
    /// A member of this group on this broker.
    pub fn new(group: impl Into<String>, broker: Broker) -> Self {
        let settings = Settings::new(group.into(), broker);
        Self { settings, router: Router::new(), start: Unchosen }
    }
}

impl<S> Service<S> {
    /// Where to begin in partitions for which the group has committed nothing yet. There is no default (rule 7).
    pub fn start_from(self, start: StartFrom) -> Service<StartFrom> {
        Service { settings: self.settings, router: self.router, start }
    }

    /// Adds routes: a [`Router`], or those of one topic.
    pub fn route(mut self, routes: impl IntoRouter) -> Self {
        self.router = self.router.merge(routes);
        self
    }

    /// The service's name in dead letters and logs. Default: the group.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// The service's version in dead letters and logs. Default: none.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = Some(version.into());
        self
    }

    /// Names the dead-letter topics: `{topic}` and `{group}` are filled in. Default `{topic}.{group}.dlq`.
    pub fn dead_letters(mut self, template: impl Into<String>) -> Self {
        self.settings.dead_letters.template = template.into();
        self
    }

    /// The dead-letter topic of one topic, by its name.
    pub fn dead_letter_topic(mut self, topic: impl Into<String>, name: impl Into<String>) -> Self {
        self.settings.dead_letters.named.insert(topic.into(), name.into());
        self
    }

    /// Retries wait in a topic of their own, compacted, with as many partitions as their source: `{topic}` and `{group}` are filled in,
    /// as in `{topic}.{group}.retry`. A record whose retries in memory are used up ([`Retry::in_place`](crate::policy::Retry::in_place)),
    /// or that would wait longer than 5 s, is written there, and its place in the source is free: attempts and due times
    /// survive a crash, whatever the delay. Under `Order::Key` the records of its key wait behind it, there too.
    /// `Order::Partition` goes on to wait in memory, and pauses the partition.
    ///
    /// Default: none, and retries wait in memory, with their number and due time in the commit.
    pub fn retry_topics(mut self, template: impl Into<String>) -> Self {
        let template = template.into();
        match &mut self.settings.retries {
            Some(retries) => retries.template = template,
            None => self.settings.retries = Some(TopicTemplate::new(template)),
        }
        self
    }

    /// The retry topic of one topic, by its name; the others are named by the template of [`retry_topics`](Self::retry_topics), or
    /// `{topic}.{group}.retry`.
    pub fn retry_topic(mut self, topic: impl Into<String>, name: impl Into<String>) -> Self {
        let default = || TopicTemplate::new("{topic}.{group}.retry");
        let retries = self.settings.retries.get_or_insert_with(default);
        retries.named.insert(topic.into(), name.into());
        self
    }

    /// Which topics may be created at the start. Default [`CreateTopics::OnEmbedded`] with 3 partitions.
    pub const fn create_topics(mut self, create: CreateTopics) -> Self {
        self.settings.create = create;
        self
    }

    /// At most so many records run side by side, over all partitions; of one key, or of one partition under
    /// `Order::Partition`, it is one. Default 64 for each core.
    pub const fn concurrency(mut self, records: usize) -> Self {
        self.settings.concurrency = records;
        self
    }

    /// How long finishing may take at a stop, or when partitions are given back. Default 5 s; refused from half of
    /// [`max_poll_interval`](Self::max_poll_interval) on (rule 11).
    pub const fn drain(mut self, deadline: Duration) -> Self {
        self.settings.drain = deadline;
        self
    }

    /// The group puts the member out when it does not ask for records for so long. Default 5 min.
    pub const fn max_poll_interval(mut self, interval: Duration) -> Self {
        self.settings.max_poll_interval = interval;
        self
    }

    /// The group puts the member out when it is not heard of for so long; a member trusts its ownership for 0.8 of it
    /// after each accepted commit (rule 10). Default 45 s.
    ///
    /// On Kafka under the newer protocol (KIP-848) the group itself says how long, by its `consumer.session.timeout.ms`:
    /// that is asked at the start, and counts where it is shorter. Asking takes the right DescribeConfigs on the group;
    /// without it there is a warning, and this must not be longer than the group's. A group whose session is shortened
    /// while members run needs them restarted.
    pub const fn session_timeout(mut self, timeout: Duration) -> Self {
        self.settings.session_timeout = timeout;
        self
    }

    /// Delivery pauses when so many records, or so many bytes of them, are held in memory, and goes on at half. A record counts with
    /// its bytes and about 1 KB of what stands round them. Default 50,000 records and 64 MiB.
    pub const fn buffer(mut self, records: usize, bytes: usize) -> Self {
        self.settings.buffer_records = records;
        self.settings.buffer_bytes = bytes;
        self
    }

    /// How many workers run handlers. Default: one for each core. A handler that awaits holds up nobody; one that keeps its
    /// thread holds up what its lane holds.
    pub const fn lanes(mut self, lanes: usize) -> Self {
        self.settings.lanes = lanes;
        self
    }

    /// At least so long between two commits that nothing urgent asks for. Default 50 ms.
    pub const fn commit_interval(mut self, interval: Duration) -> Self {
        self.settings.commit_interval = interval;
        self
    }

    /// Hears everything that happens in the runtime: metrics, logs and tests of your own are built on it.
    ///
    /// Called in order, on the task that keeps the member alive: it must not block, and what takes time belongs into a channel.
    /// A panic in it ends the service, like a crash, with [`Error::Panicked`]; among [`Services`] the others drain.
    ///
    /// ```
    /// # use tidegate::prelude::*;
    /// # use tidegate::events::RuntimeEvent;
    /// let service = Service::new("billing", Broker::in_memory()).observe(|event| {
    ///     if let RuntimeEvent::PartitionStuck { partition, offset, .. } = event {
    ///         eprintln!("{partition} gets no further than {offset}");
    ///     }
    /// });
    /// ```
    pub fn observe(mut self, hear: impl Fn(&RuntimeEvent) + Send + Sync + 'static) -> Self {
        self.settings.observers.push(Arc::new(Heard(hear)));
        self
    }

    /// Counts what it does and how far it is, for Prometheus, and what it publishes itself (of a publisher:
    /// [`Metrics::broker`](crate::metrics::Metrics::broker)). The registry, and asking for it, are the program's: see
    /// [`metrics`](crate::metrics). From here on it is told that the service is not ready, until it runs. Of several services of one group in one process
    /// the last one counts.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, metrics: &crate::metrics::Metrics) -> Self {
        self.settings.metrics = Some(metrics.clone());
        self.settings.count();
        self
    }

    /// Readiness and counts, now and while it runs.
    #[must_use]
    pub fn health(&self) -> Health {
        self.settings.health.clone()
    }

    /// Runs until SIGTERM or SIGINT (Ctrl-C): then takes nothing new, finishes what runs, commits, leaves the group.
    /// A second signal stops at once: what was not finished comes again.
    ///
    /// # Errors
    /// [`Error::Refused`] with everything that the start-up checks found; [`Error::Interrupted`] after a second
    /// signal; otherwise as [`run_until`](Self::run_until).
    pub async fn run(self) -> Result<(), Error>
    where
        S: Chosen,
    {
        until_signals(|stop| self.run_until(stop)).await
    }

    /// Runs until `stop` resolves: then takes nothing new, finishes what runs (at most for the
    /// [`drain`](Self::drain) deadline), commits, and leaves the group. `Ok` also when the deadline came first: what was cut off then is
    /// counted in a line of the log, and comes again. Dropping the future is like a crash.
    ///
    /// Whoever publishes to it from the same program waits until it is [`ready`](Health::ready): topics may be made at the start.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Join`] before anything was delivered; [`Error::Membership`],
    /// [`Error::Stopped`] when going on makes no sense; [`Error::Panicked`] when an [observer](Self::observe) does. Each names its
    /// group. Nothing unfinished was committed.
    pub async fn run_until<F>(self, stop: F) -> Result<(), Error>
    where
        S: Chosen,
        F: Future<Output = ()> + Send + 'static,
    {
        let start = self.start.start();
        run(self.settings, Routes::of(self.router), start, Box::pin(stop)).await
    }
}

/// A user's own observer.
struct Heard<F>(F);

impl<F: Fn(&RuntimeEvent) + Send + Sync> Observer for Heard<F> {
    fn event(&self, event: &RuntimeEvent, _: Option<Subject<'_>>) {
        (self.0)(event);
    }
}
