//! From the first answer to the last.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tidegate::health::{Health, Phase};
use tidegate::service::{Service, StartFrom};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::audit::Audit;
use crate::config::Config;
use crate::consumer::Consumer;
use crate::gateway::Gateway;
use crate::http::Connections;
use crate::logging;
use crate::producer::Producer;
use crate::replay::{self, ReplayService};

use super::services::Services;
use super::serving::{Audited, Listeners, Servers};
use super::{Process, UpError, table};

/// How long replays that were begun may take to finish. What is cut off shows in the audit: begun, and not ended.
const REPLAYS: Duration = Duration::from_secs(3);
/// How long everything still answers after a signal, at least: so long `/ready` says `draining`, and whoever sends requests here
/// can stop before a port refuses them.
const NOTICE: Duration = Duration::from_secs(1);
/// Between two looks at the consumer's state.
const POLL: Duration = Duration::from_millis(20);

/// Serves until `stop`, or until the consumer fails.
pub(super) async fn serve(
    config: &Config,
    process: Process,
    services: Services,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), UpError> {
    let shown = table::of(config, process, &services.topics);
    let audited = Audited { process, audit: services.audit.clone() };
    let mut running = Running::start(config, services, audited, listeners, &stop);
    let ended = match running.member.take() {
        Some(service) => {
            let span = logging::of_service(config.http.service_name.as_deref(), "consumer");
            member(service, span, process, shown, stop.clone()).await
        }
        None => {
            show(&shown);
            stop.cancelled().await;
            Ok(())
        }
    };
    // Of its own accord only after a failure: then nothing else shall go on as if all were well.
    stop.cancel();
    running.end().await;
    ended.map_err(UpError::Stopped)
}

/// What answers, and what must be waited for at the end.
struct Running {
    member: Option<Service<StartFrom>>,
    replay: Option<Arc<ReplayService>>,
    front: Servers,
    /// Over when everybody could see that the process ends; producer and replay service end with it.
    notice: JoinSet<()>,
    /// The consumer answers for as long as it drains.
    drained: CancellationToken,
    /// The gateway, which outlives the consumer: that needs it while it drains.
    back: Servers,
    last: CancellationToken,
    audit: Audit,
}

impl Running {
    fn start(
        config: &Config,
        services: Services,
        audited: Audited,
        listeners: Listeners,
        stop: &CancellationToken,
    ) -> Self {
        let Services { consumer, producer, replay, gateway, audit, .. } = services;
        let connections = Connections::within_open_files();
        let mut front = Servers::new(&config.http, connections.clone(), audited.clone(), stop);
        let mut back = Servers::new(&config.http, connections, audited, stop);
        let (noticed, drained, last) = Default::default();
        let ends = notice(stop.clone(), CancellationToken::clone(&noticed));
        let mut notice = JoinSet::new();
        notice.spawn(ends);
        let split = |Consumer { service, routes, exposition }| (service, (exposition, routes));
        let (member, states) = consumer.map(split).unzip();
        let orders = producer.map(|producer: Producer| (producer.exposition(), producer.routes()));
        front.start("producer", listeners.producer, orders, &noticed);
        front.start("consumer", listeners.consumer, states, &drained);
        if let Some(replay) = replay.clone() {
            front.beside("replay", replay.clone().watch(), stop);
            let letters = Some((replay.exposition(), replay::router(replay)));
            front.start("replay", listeners.replay, letters, &noticed);
        }
        let charges = gateway.map(|gateway: Gateway| (gateway.exposition(), gateway.routes()));
        back.start("gateway", listeners.gateway, charges, &last);
        Self { member, replay, front, notice, drained, back, last, audit }
    }

    /// The member has ended.
    async fn end(mut self) {
        while self.notice.join_next().await.is_some() {}
        self.drained.cancel();
        self.front.ended().await;
        if let Some(replay) = &self.replay
            && tokio::time::timeout(REPLAYS, replay.drain()).await.is_err()
        {
            tracing::warn!("a replay was cut off: the audit topic has its beginning and no end");
        }
        self.last.cancel();
        self.back.ended().await;
        let replays = async {
            if let Some(replay) = &self.replay {
                replay.audit().finish().await;
            }
        };
        tokio::join!(replays, self.audit.finish());
    }
}

/// From the signal on everything answers for a while yet.
async fn notice(stop: CancellationToken, noticed: CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(NOTICE).await;
    noticed.cancel();
}

/// The consumer, until `stop` or its own end.
async fn member(
    service: Service<StartFrom>,
    span: Span,
    process: Process,
    shown: String,
    stop: CancellationToken,
) -> Result<(), tidegate::Error> {
    let up = announce(service.health(), process, shown);
    let service = service.run_until(async move { stop.cancelled().await });
    beside(service.instrument(span), up).await
}

/// Runs `service` to its end, with `aside` beside it.
async fn beside<T>(service: impl Future<Output = T>, aside: impl Future<Output = ()>) -> T {
    let mut service = Box::pin(service);
    tokio::select! {
        biased;
        ended = &mut service => ended,
        () = aside => service.await,
    }
}

/// Says that it is up when the consumer is a member of its group: nothing can be refused any more. `up` waits for its
/// partitions too; a consumer of its own process may be one of many, and have none.
async fn announce(consumer: Health, process: Process, shown: String) {
    let is_up = || match process {
        Process::Up { .. } => consumer.readiness().is_ready(),
        _ => consumer.snapshot().phase == Phase::Running,
    };
    while !is_up() {
        tokio::time::sleep(POLL).await;
    }
    show(&shown);
}

/// To stdout. A reader that has gone away is no failure of ours.
fn show(text: &str) {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
