//! Ports, and the HTTP servers behind them.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};

use crate::config::Http;
use crate::http::{self, BindError, Connections, Timeouts};

/// All four ports, taken before anything else begins.
pub(super) struct Listeners {
    pub(super) producer: TcpListener,
    pub(super) consumer: TcpListener,
    pub(super) replay: TcpListener,
    pub(super) gateway: TcpListener,
}

impl Listeners {
    pub(super) fn bind(settings: &Http) -> Result<Self, BindError> {
        let at = |port| SocketAddr::new(settings.http_host, port);
        Ok(Self {
            producer: http::bind("producer", at(settings.http_port))?,
            consumer: http::bind("consumer", at(settings.consumer_port()))?,
            replay: http::bind("replay service", at(settings.replay_port()))?,
            gateway: gateway(settings)?,
        })
    }
}

pub(super) fn gateway(settings: &Http) -> Result<TcpListener, BindError> {
    http::bind("gateway", SocketAddr::new(settings.http_host, settings.gateway_port()))
}

/// Servers that share their connections' places.
pub(super) struct Servers {
    running: JoinSet<()>,
    connections: Connections,
    body_limit: u64,
}

impl Servers {
    pub(super) fn new(settings: &Http, connections: Connections) -> Self {
        Self { running: JoinSet::new(), connections, body_limit: settings.http_body_limit }
    }

    /// Answers on this port until `stop`. Every log line of it carries the service's name.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        listener: TcpListener,
        routes: Router,
        stop: CancellationToken,
    ) {
        let routes = http::service(routes, self.body_limit);
        let server =
            http::serve(listener, routes, self.connections.clone(), Timeouts::default(), stop);
        self.running.spawn(server.instrument(info_span!("service", service = name)));
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}
