//! What a service is told by its builder, with the defaults.

use std::sync::Arc;
use std::time::Duration;

use crate::broker::Broker;
use crate::clock::Clock;
use crate::consumer::runtime::{Identity, Observers};
use crate::health::Health;
use crate::meter::Meters;
#[cfg(feature = "metrics")]
use crate::metrics::{Member, Metrics};
use crate::service::topic_template::TopicTemplate;

/// Which topics a service may create before it joins its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateTopics {
    /// Missing source and dead-letter topics, when the broker is the embedded log: one process owns its folder, and
    /// there is nobody else to create them. On any other broker a missing topic is a finding.
    OnEmbedded {
        /// Partitions of a new source topic; a dead-letter topic gets as many as its source has.
        partitions: u32,
    },
    /// Missing source and dead-letter topics, whatever the broker is.
    Always {
        /// As in [`OnEmbedded`](Self::OnEmbedded).
        partitions: u32,
    },
    /// None: whatever is missing is a finding.
    Never,
}

/// See the methods of `Service`.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) group: String,
    pub(crate) broker: Broker,
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) dead_letters: TopicTemplate,
    /// Where retries wait; `None`: in memory.
    pub(crate) retries: Option<TopicTemplate>,
    pub(crate) create: CreateTopics,
    /// Partitions of topics that handlers emit to and that are missing; `None`: they are not created.
    pub(crate) create_emitted: Option<u32>,
    pub(crate) concurrency: usize,
    pub(crate) drain: Duration,
    pub(crate) max_poll_interval: Duration,
    pub(crate) session_timeout: Duration,
    pub(crate) max_poll_records: usize,
    pub(crate) buffer_records: usize,
    pub(crate) buffer_bytes: usize,
    pub(crate) lanes: usize,
    pub(crate) commit_interval: Duration,
    pub(crate) observers: Observers,
    pub(crate) health: Health,
    /// Where metrics are wanted.
    #[cfg(feature = "metrics")]
    pub(crate) metrics: Option<Metrics>,
    pub(crate) meters: Option<Arc<Meters>>,
    pub(crate) clock: Clock,
}

impl Settings {
    pub(crate) fn new(group: String, broker: Broker) -> Self {
        Self {
            name: group.clone(),
            group,
            broker,
            version: None,
            dead_letters: TopicTemplate::default(),
            retries: None,
            create: CreateTopics::OnEmbedded { partitions: 3 },
            create_emitted: None,
            concurrency: 64 * cores(),
            drain: Duration::from_secs(5),
            max_poll_interval: Duration::from_secs(300),
            session_timeout: Duration::from_secs(45),
            max_poll_records: 500,
            buffer_records: 50_000,
            buffer_bytes: 64 << 20,
            lanes: cores(),
            commit_interval: Duration::from_millis(50),
            observers: Observers::default(),
            health: Health::default(),
            #[cfg(feature = "metrics")]
            metrics: None,
            meters: None,
            clock: Clock::system(),
        }
    }

    /// Counts begin, where metrics are wanted, with this health.
    #[cfg(feature = "metrics")]
    pub(crate) fn count(&mut self) {
        let Some(metrics) = &self.metrics else { return };
        let (group, broker) = (self.group.clone(), self.broker.clone());
        self.meters = Some(metrics.join(Member::new(group, broker, self.health.clone())));
        self.broker = metrics.broker(self.broker.clone());
    }

    pub(crate) fn identity(&self) -> Identity {
        let service = match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        };
        Identity { service: service.into(), group: self.group.as_str().into() }
    }

    /// Partitions of a new source topic, where topics may be created.
    pub(crate) fn may_create(&self) -> Option<u32> {
        match self.create {
            CreateTopics::OnEmbedded { partitions } if self.broker.name() == "embedded" => {
                Some(partitions)
            }
            CreateTopics::Always { partitions } => Some(partitions),
            CreateTopics::OnEmbedded { .. } | CreateTopics::Never => None,
        }
    }
}

/// As many as the process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
