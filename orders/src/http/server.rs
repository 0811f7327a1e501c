//! Serving HTTP/1.1: bounded connections, bounded headers, bounded time, and an end that lets requests finish.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing::Instrument;

use super::connections::{Connections, Place};
use super::head;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// From being ready for a request to its last header: also the longest idle time of a connection. 30 s.
    pub headers: Duration,
    /// For requests in flight when the server ends. 2 s.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { headers: Duration::from_secs(30), drain: Duration::from_secs(2) }
    }
}

/// A port that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Something listens there already.
    #[error("port {port} of the {service} is taken: stop what listens there, or set HTTP_PORT")]
    Taken {
        /// Which service.
        service: &'static str,
        /// The port.
        port: u16,
    },
    /// Anything else: not an address of this machine, no permission.
    #[error("the {service} cannot listen on {address}: {reason}; see HTTP_HOST and HTTP_PORT")]
    Refused {
        /// Which service.
        service: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system says.
        reason: io::Error,
    },
}

/// Listens on an address. Port 0 is any free one.
///
/// # Errors
/// [`BindError`], which names the service and the setting.
pub fn bind(service: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|reason| match reason.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken { service, port: address.port() },
        _ => BindError::Refused { service, address, reason },
    })
}

/// Connections that wait to be accepted. With the usual 128 a burst is sent back to try again a second later.
const BACKLOG: u32 = 4_096;

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for connections that the last run closed. Elsewhere this would let two programs listen.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Pause before accepting again when the system has no file left.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// Answers requests until `end` is cancelled; then takes no more, lets those in flight finish for
/// [`Timeouts::drain`], and returns.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    connections: Connections,
    timeouts: Timeouts,
    end: CancellationToken,
) {
    let mut open = JoinSet::new();
    while let Some((stream, place)) = next(&listener, &connections, &end).await {
        let connection = connection(stream, place, routes.clone(), timeouts, end.clone());
        // The service's span, so that its log lines carry its name.
        open.spawn(connection.in_current_span());
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    let drained = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(timeouts.drain, drained).await.is_err() {
        tracing::warn!(
            requests = open.len(),
            "requests were cut off: they took longer than the shutdown allows"
        );
    }
    open.shutdown().await;
}

/// The next connection and its place; `None` at the end.
async fn next(
    listener: &TcpListener,
    connections: &Connections,
    end: &CancellationToken,
) -> Option<(TcpStream, Place)> {
    let accepted = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, connections.admit().await),
                Err(error) => refused(&error, connections).await,
            }
        }
    };
    end.run_until_cancelled(accepted).await
}

/// One that gave up before it was accepted is no news; running out of files is, and room can be made.
async fn refused(error: &io::Error, connections: &Connections) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "a connection could not be accepted");
        connections.close_longest_idle();
        tokio::time::sleep(OUT_OF_FILES).await;
    }
}

async fn connection(
    stream: TcpStream,
    place: Place,
    routes: Router,
    timeouts: Timeouts,
    end: CancellationToken,
) {
    let closing = place.closing();
    let place = Arc::new(Mutex::new(place));
    let peer = stream.peer_addr().ok().map(ConnectInfo);
    let service =
        service_fn(|request| answer(routes.clone(), place.clone(), with_peer(request, peer)));
    // Answers are small: without this the last packet waits for the one before it to be confirmed.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.headers)
        .max_buf_size(head::BUFFER)
        .max_headers(head::FIELDS_READ)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        biased;
        () = end.cancelled() => {}
        () = closing.cancelled() => {}
        _ = connection.as_mut() => return,
    }
    connection.as_mut().graceful_shutdown();
    // An error here is the client's: it went away, sent no HTTP, or was too slow.
    let _ = connection.await;
}

/// Who is asking, for the audit; unknown when the connection is gone already.
fn with_peer(
    mut request: Request<Incoming>,
    peer: Option<ConnectInfo<SocketAddr>>,
) -> Request<Incoming> {
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    request
}

async fn answer(
    routes: Router,
    place: Arc<Mutex<Place>>,
    request: Request<Incoming>,
) -> Result<axum::response::Response, std::convert::Infallible> {
    let busy = Busy::new(&place);
    let response = routes.oneshot(request.map(Body::new)).await;
    drop(busy);
    response
}

/// Marks the connection's place busy as long as it lives, also when the request is dropped half-way.
struct Busy<'a>(&'a Mutex<Place>);

impl<'a> Busy<'a> {
    fn new(place: &'a Mutex<Place>) -> Self {
        place.lock().unwrap_or_else(PoisonError::into_inner).busy();
        Self(place)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).idle();
    }
}

#[cfg(test)]
mod tests;
