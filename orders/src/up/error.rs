//! Why the services did not start, or had to stop. One line each.

use std::io;
use std::path::PathBuf;

use tidegate::broker::{AdminError, BrokerError};

use crate::config::Config;
use crate::consumer::ConsumerError;
use crate::gateway::JournalError;
use crate::http::BindError;

/// Why the services did not start, or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpError {
    /// A port cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The embedded log cannot be opened: another process has it, the folder cannot be written, the disk is full.
    #[error("the log cannot be opened (DATA_DIR is {})", data_dir.display())]
    Log {
        /// The folder of the setting.
        data_dir: PathBuf,
        /// Why.
        source: BrokerError,
    },
    /// A topic is missing and cannot be made.
    #[error("the topics cannot be made (DATA_DIR is {})", data_dir.display())]
    Topics {
        /// The folder of the setting.
        data_dir: PathBuf,
        /// Why.
        source: AdminError,
    },
    /// The gateway's ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] JournalError),
    /// The consumer cannot be built: its read model cannot be used.
    #[error("the consumer cannot start (DATA_DIR is {})", data_dir.display())]
    Consumer {
        /// The folder of the setting.
        data_dir: PathBuf,
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
    /// The embedded log cannot be opened.
    #[must_use]
    pub fn log(config: &Config, source: BrokerError) -> Self {
        Self::Log { data_dir: config.stores.data_dir.clone(), source }
    }

    pub(super) fn topics(config: &Config, source: AdminError) -> Self {
        Self::Topics { data_dir: config.stores.data_dir.clone(), source }
    }

    pub(super) fn consumer(config: &Config, source: ConsumerError) -> Self {
        Self::Consumer { data_dir: config.stores.data_dir.clone(), source }
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
