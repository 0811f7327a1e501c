//! What a service is told by its builder, with the defaults.

use std::time::Duration;

use crate::broker::Broker;
use crate::clock::Clock;
use crate::consumer::runtime::{Identity, Observers};
use crate::health::Health;
use crate::service::dead_letters::DeadLetters;

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
    /// None: whatever is missing is a finding.
    Never,
}

/// See the methods of `Service`.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(super) group: String,
    pub(super) broker: Broker,
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) dead_letters: DeadLetters,
    pub(super) create: CreateTopics,
    pub(super) create_emitted: Option<u32>,
    pub(super) concurrency: usize,
    pub(super) drain: Duration,
    pub(super) max_poll_interval: Duration,
    pub(super) commit_interval: Duration,
    pub(super) observers: Observers,
    pub(super) health: Health,
    pub(super) clock: Clock,
}

impl Settings {
    pub(super) fn new(group: String, broker: Broker) -> Self {
        Self {
            name: group.clone(),
            group,
            broker,
            version: None,
            dead_letters: DeadLetters::default(),
            create: CreateTopics::OnEmbedded { partitions: 3 },
            create_emitted: None,
            concurrency: 64,
            drain: Duration::from_secs(5),
            max_poll_interval: Duration::from_secs(300),
            commit_interval: Duration::from_millis(50),
            observers: Observers::default(),
            health: Health::default(),
            clock: Clock::system(),
        }
    }

    pub(super) fn identity(&self) -> Identity {
        let service = match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        };
        Identity { service: service.into(), group: self.group.as_str().into() }
    }

    /// Partitions of a new source topic, where topics may be created.
    pub(super) fn may_create(&self) -> Option<u32> {
        match self.create {
            CreateTopics::OnEmbedded { partitions } if self.broker.name() == "embedded" => {
                Some(partitions)
            }
            _ => None,
        }
    }
}
