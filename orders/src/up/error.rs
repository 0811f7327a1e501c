//! Why the services did not start, or had to stop. One line each.

use std::io;
use std::path::PathBuf;

use tidegate::broker::{AdminError, BrokerError};
use tidegate::message::TopicName;

use crate::config::Config;
use crate::consumer::ConsumerError;
use crate::gateway::JournalError;
use crate::http::BindError;
use crate::log;
use crate::topics::TopicsError;

/// Why the services did not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpError {
    /// A port cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// One of several processes, on the log of one.
    #[error(
        "{service} alone needs Kafka (KAFKA_BROKERS): the embedded log serves one process; use `orders up`, which runs \
         all services in one"
    )]
    NeedsKafka {
        /// The service.
        service: &'static str,
    },
    /// The log cannot be used: another process has it, the folder cannot be written, the disk is full; the cluster does
    /// not answer, or refuses this user.
    #[error("the log cannot be used ({place})")]
    Log {
        /// Where it is, by its setting.
        place: String,
        /// Why.
        source: BrokerError,
    },
    /// A topic is missing and cannot be made.
    #[error("the topics cannot be made ({place})")]
    Topics {
        /// Where, by its setting.
        place: String,
        /// Why.
        source: AdminError,
    },
    /// The retry topic is there, and is not as it must be.
    #[error("the retry topic cannot be used ({place})")]
    Retries {
        /// Where, by its setting.
        place: String,
        /// What is wrong with it, and what to do.
        source: TopicsError,
    },
    /// A topic that is not this process's to make.
    #[error("{topics} cannot be found ({place}): run `orders topics`, or let this user see them")]
    Missing {
        /// Which.
        topics: String,
        /// Where, by the setting.
        place: String,
    },
    /// The folder of the read model.
    #[error("DATA_DIR cannot be made: {}", data_dir.display())]
    Folder {
        /// The folder of the setting.
        data_dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The gateway's ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] JournalError),
    /// The consumer cannot be built: its read model cannot be used.
    #[error("the consumer cannot start ({place})")]
    Consumer {
        /// Where its read model is, by its setting.
        place: String,
        /// Why.
        source: ConsumerError,
    },
    /// Signals cannot be listened for.
    #[error("signals cannot be listened for")]
    Signals(#[source] io::Error),
    /// The consumer was refused by its own checks, or cannot go on.
    #[error("the consumer has ended")]
    Stopped(#[source] tidegate::Error),
    /// A second signal.
    #[error("ended at once by a second signal: what was not finished comes again")]
    Interrupted,
}

impl UpError {
    /// The log cannot be used.
    #[must_use]
    pub fn log(config: &Config, source: BrokerError) -> Self {
        Self::Log { place: log::place(config), source }
    }

    /// A topic cannot be made, or used.
    #[must_use]
    pub fn topics(config: &Config, error: TopicsError) -> Self {
        let place = log::place(config);
        match error {
            TopicsError::Admin(source) => Self::Topics { place, source },
            source @ TopicsError::Retry(_) => Self::Retries { place, source },
        }
    }

    pub(super) fn missing(config: &Config, topics: &[TopicName]) -> Self {
        let names: Vec<_> = topics.iter().map(TopicName::as_str).collect();
        let noun = if names.len() == 1 { "topic" } else { "topics" };
        Self::Missing { topics: format!("{noun} {}", names.join(", ")), place: log::place(config) }
    }

    pub(super) fn consumer(config: &Config, source: ConsumerError) -> Self {
        let place = match config.stores.database_url {
            // It may hold a password; the cause names the server.
            Some(_) => "see DATABASE_URL".to_owned(),
            None => format!("DATA_DIR is {}", config.stores.data_dir.display()),
        };
        Self::Consumer { place, source }
    }

    /// Whether nothing had begun: settings or surroundings must be changed first.
    #[must_use]
    pub const fn is_start(&self) -> bool {
        match self {
            Self::Stopped(error) => matches!(error, tidegate::Error::Refused(_)),
            Self::Interrupted => false,
            _ => true,
        }
    }
}
