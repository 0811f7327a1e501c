//! Ports, and the HTTP servers behind them.

use std::net::SocketAddr;

use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::Process;
use crate::audit::Audit;
use crate::config::Http;
use crate::http::log_level::{self, LogLevel};
use crate::http::{BindError, Connections, Draining, Timeouts, bind, serve};
use crate::logging;
use crate::metrics::Exposition;

/// The ports of a process's services, taken before anything else begins.
pub(super) struct Listeners {
    pub(super) producer: Option<TcpListener>,
    pub(super) consumer: Option<TcpListener>,
    pub(super) replay: Option<TcpListener>,
    pub(super) gateway: Option<TcpListener>,
}

impl Listeners {
    pub(super) fn bind(settings: &Http, process: Process) -> Result<Self, BindError> {
        let listen = |wanted: bool, service, port| {
            let address = SocketAddr::new(settings.http_host, port);
            wanted.then(|| bind(service, address)).transpose()
        };
        Ok(Self {
            producer: listen(process.has_producer(), "producer", settings.http_port)?,
            consumer: listen(process.has_consumer(), "consumer", settings.consumer_port())?,
            replay: listen(process.has_replay(), "replay service", settings.replay_port())?,
            gateway: listen(process.gateway().is_some(), "gateway", settings.gateway_port())?,
        })
    }
}

/// What operators may do with every service, and where it is written down.
#[derive(Debug, Clone)]
pub(super) struct Audited {
    pub(super) process: Process,
    pub(super) audit: Audit,
}

impl Audited {
    fn with_log_level(&self, name: &'static str, routes: Router) -> Router {
        let Some(levels) = logging::levels() else { return routes };
        let audit = self.audit.named(name);
        let services = self.process.services();
        routes.merge(log_level::routes(LogLevel { levels, audit, services }))
    }
}

/// Servers that share their connections' places.
pub(super) struct Servers {
    running: JoinSet<()>,
    connections: Connections,
    body_limit: u64,
    /// `SERVICE_NAME`.
    named: Option<String>,
    audited: Audited,
    /// The process has been told to end: `/ready` says so from then on.
    draining: Draining,
}

impl Servers {
    pub(super) fn new(
        settings: &Http,
        connections: Connections,
        audited: Audited,
        stop: &CancellationToken,
    ) -> Self {
        let (draining, body_limit) = (Draining(stop.clone()), settings.http_body_limit);
        let (running, named) = (JoinSet::new(), settings.service_name.clone());
        Self { running, connections, body_limit, named, audited, draining }
    }

    /// Answers on this port until `end`, where the process has that service. Every log line of it carries the
    /// service's name, or the one that was set.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        listener: Option<TcpListener>,
        service: Option<(Exposition, Router)>,
        end: &CancellationToken,
    ) {
        let Some((listener, (exposition, routes))) = listener.zip(service) else { return };
        let end = end.clone();
        let routes = self.audited.with_log_level(name, routes);
        let routes = routes.layer(Extension(self.draining.clone()));
        let routes = exposition.serve(routes, self.body_limit);
        let server = serve(listener, routes, self.connections.clone(), Timeouts::default(), end);
        self.running.spawn(server.instrument(self.span(name)));
    }

    /// Does this beside a service until `stop`.
    pub(super) fn beside(
        &mut self,
        name: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
        stop: &CancellationToken,
    ) {
        let stop = stop.clone();
        let work = async move { stop.run_until_cancelled(work).await.unwrap_or_default() };
        self.running.spawn(work.instrument(self.span(name)));
    }

    fn span(&self, own: &str) -> Span {
        logging::of_service(self.named.as_deref(), own)
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
