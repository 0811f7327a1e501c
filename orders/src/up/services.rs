//! The services of a process, built and not running.

use std::path::Path;
use std::sync::Arc;

use crate::audit::Audit;
use crate::config::Config;
use crate::consumer::Consumer;
use crate::gateway::Gateway;
use crate::log::Log;
use crate::model::Reader;
use crate::producer::{Producer, Settings};
use crate::replay::ReplayService;
use crate::topics::{self, Ensured};

use super::{Process, UpError};

/// What a process consists of.
pub(super) struct Services {
    pub(super) consumer: Option<Consumer>,
    pub(super) producer: Option<Producer>,
    pub(super) replay: Option<Arc<ReplayService>>,
    pub(super) gateway: Option<Gateway>,
    pub(super) topics: Vec<Ensured>,
    /// For what operators do; in the log alone where the process has no broker.
    pub(super) audit: Audit,
}

impl Services {
    /// Everything that can be refused is refused here.
    pub(super) async fn build(
        config: &Config,
        process: Process,
        log: Option<&Log>,
    ) -> Result<Self, UpError> {
        let audit = Audit::of(process.name(), log.map(|log| log.broker().clone()));
        let mut services = Self::with(audit);
        if let Some(log) = log {
            services.topics = topics(config, process, log).await?;
        }
        if let Some(forgetful) = process.gateway() {
            let gateway = Gateway::open(&config.stores.gateway_dir(), forgetful)?;
            services.gateway = Some(gateway.audited(services.audit.named("gateway")));
        }
        if let Some(log) = log {
            services.add(config, process, log).await?;
        }
        Ok(services)
    }

    const fn with(audit: Audit) -> Self {
        let topics = Vec::new();
        Self { consumer: None, producer: None, replay: None, gateway: None, topics, audit }
    }

    async fn add(&mut self, config: &Config, process: Process, log: &Log) -> Result<(), UpError> {
        if process.has_consumer() {
            folder(&config.stores.data_dir)?;
            let consumer = Consumer::build(config, log.broker().clone()).await;
            self.consumer = Some(consumer.map_err(|error| UpError::consumer(config, error))?);
        }
        if process.has_producer() {
            self.producer = Some(producer(config, process, log));
        }
        if process.has_replay() {
            self.replay = Some(ReplayService::new(config, log.broker().clone()));
        }
        Ok(())
    }
}

/// `up` makes what is missing; a service alone is one of several processes, and leaves that to an operator.
async fn topics(config: &Config, process: Process, log: &Log) -> Result<Vec<Ensured>, UpError> {
    if config.on_kafka() {
        log.reach().await.map_err(|error| UpError::log(config, error))?;
    }
    if process.is_up() {
        let ensured = topics::ensure(log.broker(), config).await;
        return ensured.map_err(|error| UpError::topics(config, error));
    }
    let needed = topics::needed(config, process);
    let found = topics::find(log.broker(), &needed).await;
    let (found, missing) = found.map_err(|error| UpError::log(config, error))?;
    if missing.is_empty() { Ok(found) } else { Err(UpError::missing(config, &missing)) }
}

fn producer(config: &Config, process: Process, log: &Log) -> Producer {
    let reader = Reader::new(&config.stores.read_model());
    let simulation = config.simulation.allow_simulation.unwrap_or(process.is_up());
    let settings = Settings { simulation, ..Settings::of(config) };
    Producer::new(log.for_callers().clone(), reader, settings)
}

/// On Kafka nobody else has made it by now.
fn folder(data_dir: &Path) -> Result<(), UpError> {
    std::fs::create_dir_all(data_dir)
        .map_err(|source| UpError::Folder { data_dir: data_dir.to_owned(), source })
}
