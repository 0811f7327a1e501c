//! A load generator that costs next to nothing: one request, formatted once, over kept-alive connections, and no more
//! of the answer read than is needed to find its end.
//!
//! It runs on one thread of its own; each connection has one request in flight.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What one run brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shots {
    pub(crate) answered: u64,
    pub(crate) took: Duration,
}

impl Shots {
    pub(crate) fn per_second(&self) -> f64 {
        self.answered as f64 / self.took.as_secs_f64()
    }
}

/// A POST, ready to be sent.
pub(crate) fn request(path: &str, body: &str) -> Arc<[u8]> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Arc::from((head + body).into_bytes())
}

/// Sends it again and again for so long. Every answer must be a 202.
pub(crate) fn shoot(
    address: SocketAddr,
    request: Arc<[u8]>,
    connections: usize,
    time: Duration,
) -> Shots {
    let until = Instant::now() + time;
    shoot_while(address, request, connections, move || Instant::now() < until)
}

/// Sends it so many times.
pub(crate) fn shoot_so_many(
    address: SocketAddr,
    request: Arc<[u8]>,
    connections: usize,
    count: u64,
) -> Shots {
    let sent = AtomicU64::new(0);
    let goes_on = move || sent.fetch_add(1, Ordering::Relaxed) < count;
    shoot_while(address, request, connections, goes_on)
}

fn shoot_while(
    address: SocketAddr,
    request: Arc<[u8]>,
    connections: usize,
    goes_on: impl Fn() -> bool + Send + Sync + 'static,
) -> Shots {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let goes_on = Arc::new(goes_on);
    runtime.expect("a thread and a poller").block_on(async move {
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn(connection(address, Arc::clone(&request), Arc::clone(&goes_on)));
        }
        let answered = tasks.join_all().await.into_iter().sum();
        Shots { answered, took: started.elapsed() }
    })
}

async fn connection(
    address: SocketAddr,
    request: Arc<[u8]>,
    goes_on: Arc<impl Fn() -> bool>,
) -> u64 {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut buffer = Vec::with_capacity(32 << 10);
    let mut answered = 0;
    while goes_on() {
        stream.write_all(&request).await.expect("the server reads");
        answer(&mut stream, &mut buffer).await;
        answered += 1;
    }
    answered
}

/// An order that was posted at a fixed rate.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) order_id: String,
    /// When it should have been sent. Waiting for an earlier answer counts as waiting for this one.
    pub(crate) due: Instant,
    pub(crate) answered: Instant,
}

/// Sends it at a fixed rate for so long.
pub(crate) fn paced(
    address: SocketAddr,
    request: Arc<[u8]>,
    connections: usize,
    rate: u32,
    time: Duration,
) -> Vec<Sent> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a thread and a poller").block_on(async move {
        let started = Instant::now();
        let gap = Duration::from_secs(1) / rate;
        let mut tasks = JoinSet::new();
        for place in (0u32..).take(connections) {
            let first = started + gap * place;
            let every = gap * u32::try_from(connections).expect("some connections");
            tasks.spawn(paced_connection(
                address,
                Arc::clone(&request),
                first,
                every,
                started + time,
            ));
        }
        tasks.join_all().await.into_iter().flatten().collect()
    })
}

async fn paced_connection(
    address: SocketAddr,
    request: Arc<[u8]>,
    first: Instant,
    every: Duration,
    until: Instant,
) -> Vec<Sent> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    let mut buffer = Vec::with_capacity(32 << 10);
    let mut sent = Vec::new();
    let mut due = first;
    while due < until {
        tokio::time::sleep_until(due.into()).await;
        stream.write_all(&request).await.expect("the server reads");
        answer(&mut stream, &mut buffer).await;
        sent.push(Sent { order_id: order_id(&buffer), due, answered: Instant::now() });
        due += every;
    }
    sent
}

fn order_id(answer: &[u8]) -> String {
    let name = b"\"order_id\":\"";
    let start = find(answer, name).expect("an accepted order") + name.len();
    let id = answer[start..].iter().take_while(|byte| **byte != b'"');
    String::from_utf8_lossy(&id.copied().collect::<Vec<_>>()).into_owned()
}

/// Reads one answer to its end.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let end = loop {
        let read = stream.read_buf(buffer).await.expect("the server writes");
        assert!(read > 0, "the server closed the connection");
        if let Some(end) = end_of(buffer) {
            break end;
        }
    };
    while buffer.len() < end {
        let read = stream.read_buf(buffer).await.expect("the server writes");
        assert!(read > 0, "the server closed the connection");
    }
    assert!(buffer.starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(buffer));
}

/// Where the answer ends, once its head is there.
fn end_of(buffer: &[u8]) -> Option<usize> {
    let head = find(buffer, b"\r\n\r\n")?;
    let name = b"content-length: ";
    let start = find(&buffer[..head], name).expect("an answer with a length") + name.len();
    let digits = buffer[start..head].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    Some(head + 4 + length)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
