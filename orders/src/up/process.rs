//! Which services a process runs.

use crate::config::Config;
use crate::log::Publishers;

use super::UpError;

/// A process of the system, by the services that it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// All of them.
    Up {
        /// The gateway ignores idempotency keys.
        forgetful: bool,
    },
    /// The producer alone.
    Producer,
    /// The consumer alone.
    Consumer,
    /// The replay service alone.
    Replay,
    /// The gateway alone, which needs no log.
    Gateway {
        /// It ignores idempotency keys.
        forgetful: bool,
    },
}

impl Process {
    /// Its name in messages, and to the cluster.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Up { .. } => "orders",
            Self::Producer => "producer",
            Self::Consumer => "consumer",
            Self::Replay => "replay",
            Self::Gateway { .. } => "gateway",
        }
    }

    pub(super) const fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }

    pub(super) const fn has_producer(self) -> bool {
        matches!(self, Self::Up { .. } | Self::Producer)
    }

    pub(super) const fn has_consumer(self) -> bool {
        matches!(self, Self::Up { .. } | Self::Consumer)
    }

    pub(super) const fn has_replay(self) -> bool {
        matches!(self, Self::Up { .. } | Self::Replay)
    }

    /// Whether it runs the gateway, and then whether a forgetful one.
    pub(super) const fn gateway(self) -> Option<bool> {
        match self {
            Self::Up { forgetful } | Self::Gateway { forgetful } => Some(forgetful),
            _ => None,
        }
    }

    /// The services that it runs, by name.
    pub(super) fn services(self) -> Vec<&'static str> {
        let all = [
            ("producer", self.has_producer()),
            ("consumer", self.has_consumer()),
            ("replay", self.has_replay()),
            ("gateway", self.gateway().is_some()),
        ];
        all.into_iter().filter(|(_, runs)| *runs).map(|(name, _)| name).collect()
    }

    /// Who publishes in it; `None`: it needs no log.
    pub(super) const fn publishers(self) -> Option<Publishers> {
        match self {
            Self::Up { .. } => Some(Publishers::Both),
            Self::Producer => Some(Publishers::Callers),
            Self::Consumer | Self::Replay => Some(Publishers::Services),
            Self::Gateway { .. } => None,
        }
    }

    /// The embedded log belongs to one process, so only `up` can use it.
    pub(super) fn check(self, config: &Config) -> Result<(), UpError> {
        let shares = matches!(self, Self::Producer | Self::Consumer | Self::Replay);
        if shares && !config.on_kafka() {
            return Err(UpError::NeedsKafka { service: self.name() });
        }
        Ok(())
    }
}
