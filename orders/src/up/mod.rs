//! `orders up`: all services in one process, on the embedded log; and `orders gateway`, which needs no log.
//!
//! ```text
//!  bind ports ─▶ open log ─▶ topics ─▶ ledger ─▶ read model ─▶ serve ... signal
//!  signal ─▶ producer, replay, consumer stop taking ─▶ consumer drains (3 s) ─▶ gateway ─▶ log closes
//! ```
//!
//! Everything that can be refused is refused before the first service answers. The end takes less than 5 s.

mod error;
mod serving;
mod signals;
mod table;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tidegate::broker::Broker;
use tidegate::health::Health;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::config::Config;
use crate::consumer::Consumer;
use crate::gateway::Gateway;
use crate::http::Connections;
use crate::model::Reader;
use crate::producer::{Producer, Settings};
use crate::replay::{self, ReplayService};
use crate::topics::{self, Ensured};

pub use error::UpError;
use serving::{Listeners, Servers};
use signals::attend;
use tidegate::service::Signals;

/// How long the log may take to close. It writes what is queued, which nobody is told of any more.
const CLOSE: Duration = Duration::from_secs(1);

/// Runs all services until Ctrl-C or SIGTERM; a second one ends at once. `forgetful`: the gateway ignores
/// idempotency keys.
///
/// # Errors
/// [`UpError`]: before anything answers, or when the consumer cannot go on.
pub async fn up(config: &Config, forgetful: bool) -> Result<(), UpError> {
    let signals = Signals::listen().map_err(UpError::Signals)?;
    let stop = CancellationToken::new();
    attend(signals, Box::pin(all(config, forgetful, stop.clone())), &stop).await
}

/// Runs the gateway until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`UpError`], before it answers.
pub async fn gateway(config: &Config, forgetful: bool) -> Result<(), UpError> {
    let signals = Signals::listen().map_err(UpError::Signals)?;
    let stop = CancellationToken::new();
    attend(signals, Box::pin(gateway_alone(config, forgetful, stop.clone())), &stop).await
}

async fn gateway_alone(
    config: &Config,
    forgetful: bool,
    stop: CancellationToken,
) -> Result<(), UpError> {
    let listener = serving::gateway(&config.http)?;
    let gateway = Gateway::open(&config.stores.gateway_dir(), forgetful)?;
    let mut servers = Servers::new(&config.http, Connections::within_open_files());
    servers.start("gateway", listener, gateway.routes(), stop.clone());
    show(&format!("gateway: {}\n", table::url(config, config.http.gateway_port())));
    servers.ended().await;
    Ok(())
}

async fn all(config: &Config, forgetful: bool, stop: CancellationToken) -> Result<(), UpError> {
    let listeners = Listeners::bind(&config.http)?;
    let log = Broker::embedded(config.stores.log_dir());
    let broker = log.map_err(|error| UpError::log(config, error))?;
    let result = on(&broker, config, forgetful, listeners, stop).await;
    if tokio::time::timeout(CLOSE, broker.close()).await.is_err() {
        tracing::warn!("the log did not close in time: it will recover at the next start");
    }
    result
}

/// Everything that a started system consists of.
struct Services {
    consumer: Consumer,
    producer: Producer,
    replay: Arc<ReplayService>,
    gateway: Gateway,
    topics: Vec<Ensured>,
}

impl Services {
    async fn build(config: &Config, forgetful: bool, broker: &Broker) -> Result<Self, UpError> {
        let topics = topics::ensure(broker, topics::wanted(config)).await;
        let topics = topics.map_err(|error| UpError::topics(config, error))?;
        let gateway = Gateway::open(&config.stores.gateway_dir(), forgetful)?;
        let consumer = Consumer::build(config, broker.clone()).await;
        let consumer = consumer.map_err(|error| UpError::consumer(config, error))?;
        let reader = Reader::new(&config.stores.read_model());
        let simulation = config.simulation.allow_simulation.unwrap_or(true);
        let settings = Settings { simulation, ..Settings::of(config) };
        let producer = Producer::new(broker.clone(), reader, settings);
        let replay = ReplayService::new(config, broker.clone());
        Ok(Self { consumer, producer, replay, gateway, topics })
    }
}

async fn on(
    broker: &Broker,
    config: &Config,
    forgetful: bool,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), UpError> {
    let services = Services::build(config, forgetful, broker).await?;
    let Services { consumer, producer, replay, gateway, topics } = services;
    let connections = Connections::within_open_files();
    let mut front = Servers::new(&config.http, connections.clone());
    front.start("producer", listeners.producer, producer.routes(), stop.clone());
    front.start("consumer", listeners.consumer, consumer.routes, stop.clone());
    front.start("replay", listeners.replay, replay::router(replay.clone()), stop.clone());
    // The gateway outlives the consumer, which needs it while it drains.
    let last = CancellationToken::new();
    let mut back = Servers::new(&config.http, connections);
    back.start("gateway", listeners.gateway, gateway.routes(), last.clone());
    let up = announce(consumer.service.health(), table::table(config, &topics));
    let asked = stop.clone();
    let service = consumer.service.run_until(async move { asked.cancelled().await });
    let mut service = Box::pin(service.instrument(info_span!("service", service = "consumer")));
    let ended = tokio::select! {
        biased;
        ended = &mut service => ended,
        () = up => service.await,
    };
    // Of its own accord only after a failure: then nothing else shall go on as if all were well.
    stop.cancel();
    front.ended().await;
    replay.drain().await;
    last.cancel();
    back.ended().await;
    ended.map_err(UpError::Stopped)
}

/// Says that all is up when the consumer is a member of its group: nothing can be refused any more.
async fn announce(consumer: Health, table: String) {
    while !consumer.readiness().is_ready() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    show(&table);
}

/// To stdout. A reader that has gone away is no failure of ours.
fn show(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
