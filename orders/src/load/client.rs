//! The load generator's and the sampler's view of the services: HTTP only.
//!
//! A refused connection had no effect, so it is tried again for a bounded time
//! (a service that restarts). Anything that breaks later leaves open whether
//! the request had an effect; it is reported as unknown and never sent again,
//! because a second request would be a second order.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::reply::{self, Envelope, Reply};
use crate::config::Config;

/// How long refused connections are tried again.
pub const RECONNECT: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where the services answer.
#[derive(Clone)]
pub struct Services {
    /// Base address of the producer, for example `http://127.0.0.1:8090`.
    pub producer: String,
    /// Base address of the consumer.
    pub consumer: String,
    /// Base address of the replay service.
    pub replay: String,
    /// Base address of the gateway.
    pub gateway: String,
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.producer, &self.consumer, &self.replay, &self.gateway];
        f.debug_list().entries(all.map(|url| without_user(url))).finish()
    }
}

/// The address as it may be shown: `GATEWAY_URL` may hold a user and a password.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

impl Services {
    /// Where these settings say that the services are. Services that listen
    /// on every address are reached on the loopback one.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let host = match config.http.http_host {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let base = |port| format!("http://{}", SocketAddr::new(host, port));
        Self {
            producer: base(config.http.http_port),
            consumer: base(config.http.consumer_port()),
            replay: base(config.http.replay_port()),
            gateway: config.gateway_url(),
        }
    }
}

/// A service that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] reqwest::Error),
    /// Nobody listened for [`RECONNECT`].
    #[error("{url} refuses connections: is `orders up` running, with the same HTTP_PORT?")]
    Refused {
        /// What was asked.
        url: String,
    },
    /// The connection broke, or the answer was none of ours.
    #[error("{url} did not answer")]
    Broken {
        /// What was asked.
        url: String,
        /// How it broke.
        #[source]
        source: reqwest::Error,
    },
    /// An answer with another status than 200.
    #[error("{url} answered {status}: {message}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: StatusCode,
        /// What the service said.
        message: String,
    },
}

impl ClientError {
    /// Whether a service that restarts says so: the connection broke, or it asks to come again (503).
    fn may_pass(&self) -> bool {
        match self {
            Self::Broken { source, .. } => !source.is_decode(),
            Self::Status { status, .. } => *status == StatusCode::SERVICE_UNAVAILABLE,
            _ => false,
        }
    }
}

/// Talks to the services over kept-alive connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    reconnect: Duration,
}

impl Client {
    /// A client with that many connections to keep.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when there is no TLS or DNS to set up.
    pub fn new(connections: usize) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(connections)
            .timeout(TIMEOUT)
            .no_proxy()
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http, reconnect: RECONNECT })
    }

    /// The same client with another patience for refused connections.
    pub(crate) fn giving_up_after(self, reconnect: Duration) -> Self {
        Self { reconnect, ..self }
    }

    /// Whether a service is there at all, asked once: a mistyped port is told
    /// at once instead of after [`RECONNECT`].
    ///
    /// # Errors
    /// [`ClientError::Refused`] when nobody listens.
    pub(crate) async fn knock(&self, base: &str) -> Result<(), ClientError> {
        let once = self.clone().giving_up_after(Duration::ZERO);
        once.send(self.http.get(format!("{base}/health"))).await.map(drop)
    }

    /// Starts a POST of a JSON body.
    pub(crate) fn post(&self, url: &str, body: String) -> RequestBuilder {
        self.http.post(url).header("content-type", "application/json").body(body)
    }

    /// Sends an order. An answer that leaves it open, or none, is [`Reply::Unknown`].
    ///
    /// # Errors
    /// [`ClientError::Refused`] when nobody listened for [`RECONNECT`].
    pub(crate) async fn order(&self, request: RequestBuilder) -> Result<Reply, ClientError> {
        match self.send(request).await {
            Ok(response) => Ok(reply::read(response).await),
            Err(error @ ClientError::Broken { .. }) => Ok(reply::unknown(&error)),
            Err(error) => Err(error),
        }
    }

    /// Reads what a URL holds. Reading twice does no harm: it is tried again while the service restarts.
    ///
    /// # Errors
    /// [`ClientError`], when it does not answer 200 with the data asked for.
    pub(crate) async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, ClientError> {
        let started = Instant::now();
        loop {
            match self.get_once(url).await {
                Err(error) if error.may_pass() && started.elapsed() <= self.reconnect => {
                    tokio::time::sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    }

    async fn get_once<T: DeserializeOwned>(&self, url: &str) -> Result<T, ClientError> {
        let response = self.send(self.http.get(url)).await?;
        let broken = |source: reqwest::Error| ClientError::Broken {
            url: without_user(url),
            source: source.without_url(),
        };
        let status = response.status();
        if status == StatusCode::OK {
            let envelope: Envelope<T> = response.json().await.map_err(broken)?;
            if let Some(data) = envelope.data {
                return Ok(data);
            }
            return Err(status_error(url, status, "no data".to_owned()));
        }
        let text = response.text().await.map_err(broken)?;
        Err(status_error(url, status, reply::message(&text)))
    }

    /// Sends a request, again while its connection is refused.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let request = request.build().map_err(ClientError::Setup)?;
        let url = request.url().to_string();
        let started = Instant::now();
        loop {
            let again = request.try_clone().expect("the body is bytes, not a stream");
            match self.http.execute(again).await {
                Ok(response) => return Ok(response),
                Err(error) if !error.is_connect() => {
                    return Err(ClientError::Broken { url, source: error });
                }
                Err(_) if started.elapsed() > self.reconnect => {
                    return Err(ClientError::Refused { url });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

fn status_error(url: &str, status: StatusCode, message: String) -> ClientError {
    ClientError::Status { url: without_user(url), status, message }
}
