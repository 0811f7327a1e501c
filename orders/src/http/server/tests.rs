use super::*;
use axum::routing::{get, post};
use std::sync::Arc as Shared;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

struct Running {
    address: SocketAddr,
    end: CancellationToken,
    tasks: JoinSet<()>,
    release: Shared<Notify>,
    begun: Shared<Notify>,
}

async fn start(places: usize, timeouts: Timeouts) -> Running {
    let (release, begun) = (Shared::new(Notify::new()), Shared::new(Notify::new()));
    let (wait, tell) = (release.clone(), begun.clone());
    let held = move || {
        let (wait, tell) = (wait.clone(), tell.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            "finished"
        }
    };
    let routes = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/held", get(held))
        .route("/echo", post(|body: String| async { body }));
    let routes = crate::http::service(routes, 1 << 20);
    let listener = bind("test", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let end = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, routes, Connections::new(places), timeouts, end.clone()));
    Running { address, end, tasks, release, begun }
}

async fn send(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is as good as an end.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_taken_port_is_told_in_one_line_that_names_the_setting() {
    let first = bind("producer", "127.0.0.1:0".parse().unwrap()).unwrap();
    let address = first.local_addr().unwrap();
    let error = bind("producer", address).unwrap_err().to_string();
    assert!(error.contains(&address.port().to_string()) && error.contains("HTTP_PORT"), "{error}");
    assert!(!error.contains('\n'));
}

#[tokio::test]
async fn idle_connections_do_not_keep_others_out() {
    let running = start(8, Timeouts::default()).await;
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(TcpStream::connect(running.address).await.unwrap());
    }
    let answer = rest(send(running.address, GET).await).await;
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn headers_that_do_not_come_end_the_connection() {
    let timeouts = Timeouts { headers: Duration::from_millis(50), ..Timeouts::default() };
    let running = start(8, timeouts).await;
    let slow = send(running.address, "GET / HTTP/1.1\r\nhost: ").await;
    let silent = send(running.address, "").await;
    rest(slow).await;
    rest(silent).await;
}

#[tokio::test]
async fn a_head_over_the_limit_is_431_with_an_envelope_unless_it_is_far_larger() {
    let running = start(8, Timeouts::default()).await;
    let long = |size: usize| format!("x: {}\r\n", "y".repeat(size));
    let many = (0..101).map(|n| format!("x-{n}: y\r\n")).collect();
    for (headers, envelope) in
        [(long(head::LIMIT), true), (many, true), (long(2 * head::BUFFER), false)]
    {
        let head = format!("GET / HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
        let answer = rest(send(running.address, &head).await).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        assert_eq!(answer.contains(r#""field":"headers""#), envelope, "{answer}");
        assert_eq!(answer.contains("x-correlation-id: "), envelope, "{answer}");
    }
    let long_line =
        format!("GET /{} HTTP/1.1\r\nconnection: close\r\n\r\n", "y".repeat(head::LIMIT));
    let answer = rest(send(running.address, &long_line).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_request_in_flight_finishes_at_the_end_and_no_new_one_begins() {
    let mut running = start(8, Timeouts::default()).await;
    let request = "GET /held HTTP/1.1\r\nhost: x\r\n\r\n";
    let held = send(running.address, request).await;
    running.begun.notified().await;
    running.end.cancel();
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    running.release.notify_one();
    let answer = rest(held).await;
    assert!(answer.ends_with("finished"), "{answer}");
    running.tasks.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_finish_is_cut_off_at_the_deadline() {
    let timeouts = Timeouts { drain: Duration::from_millis(20), ..Timeouts::default() };
    let mut running = start(8, timeouts).await;
    let held = send(running.address, "GET /held HTTP/1.1\r\nhost: x\r\n\r\n").await;
    running.begun.notified().await;
    running.end.cancel();
    running.tasks.join_next().await.unwrap().unwrap();
    assert_eq!(rest(held).await, "");
}
