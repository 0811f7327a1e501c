//! What clients may ask, and what they must not be able to do to others.

use std::io::Read;
use std::net::TcpStream;

use serde_json::json;

use crate::harness::{Answer, PATIENCE, Program, Setup, eventually, raw};

const HEAD: &str = "POST /api/v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

const TEN_MB: usize = 10 << 20;

#[tokio::test]
async fn a_body_of_10_mb_is_413_whether_it_says_so_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let sized = format!("content-length: {TEN_MB}\r\n\r\n{}", " ".repeat(TEN_MB));
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let chunked =
        format!("transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(TEN_MB / 0x10000));
    // Who asks first is told before the first byte.
    let asking = format!("content-length: {TEN_MB}\r\nexpect: 100-continue\r\n\r\n");
    for rest in [sized, chunked, asking] {
        let port = up.port;
        let request = format!("{HEAD}connection: close\r\n{rest}");
        let said =
            tokio::task::spawn_blocking(move || raw(port, request.as_bytes())).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 413"), "{said}");
        assert!(said.contains("HTTP_BODY_LIMIT"), "{said}");
    }
    up.end().await;
}

/// The test process needs as many open files as the program: `ulimit -n` over 10,500.
#[tokio::test]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let mut idle = Vec::new();
    for place in 0..10_000 {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", up.port)).await;
        idle.push(stream.unwrap_or_else(|error| panic!("connection {place}: {error}")));
    }
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    drop(idle);
    up.end().await;
}

/// With few files, the idle connections that came first make room.
#[tokio::test]
async fn idle_connections_over_the_limit_of_open_files_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).in_shell("ulimit -n 512; exec \"$@\"").ready().await;
    let mut idle = Vec::new();
    for _ in 0..1_000 {
        idle.push(tokio::net::TcpStream::connect(("127.0.0.1", up.port)).await.unwrap());
    }
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    drop(idle);
    up.end().await;
}

#[tokio::test]
async fn json_may_be_32_levels_deep() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    for (levels, status) in [(31, 202), (32, 400), (100_000, 400)] {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let body = format!(
            r#"{{"customer_id":"c","product_id":"p","quantity":1,"price":1,"gift":{deep}}}"#
        );
        let request = up.producer().request("POST", "/api/v1/orders");
        let request = request.header("content-type", "application/json").body(body);
        up.producer().send(request).await.expect(status);
    }
    up.end().await;
}

#[tokio::test]
async fn what_is_not_json_is_refused_by_its_kind() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let send = async |kind: Option<&str>, body: &'static str| {
        let request = up.producer().request("POST", "/api/v1/orders").body(body);
        let request = match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        };
        up.producer().send(request).await
    };
    send(Some("text/plain"), "{}").await.expect(415);
    send(None, "{}").await.expect(415);
    send(Some("application/json"), "{\"customer_id\":").await.expect(400);
    send(Some("application/json"), "").await.expect(400);
    let errors = send(Some("application/json; charset=utf-8"), "{}").await.expect(400);
    assert!(!errors.data()["errors"].as_array().unwrap().is_empty(), "{}", errors.body);
    up.end().await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_headers_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let port = up.port;
    let closed = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /health HTTP/1.1\r\nhost:").unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).map(|_| rest)
    });
    let said = closed.await.unwrap().expect("the connection was closed");
    assert!(!said.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&said));
    up.end().await;
}

/// Orders until one is refused, and that refusal.
async fn fill(up: &Program) -> (Vec<String>, Answer) {
    let order = json!({"customer_id": "c".repeat(128), "product_id": "p".repeat(128), "quantity": 1, "price": 1});
    let batch = json!(vec![order; 100]);
    let mut accepted = Vec::new();
    let refused = eventually("the disk is full", async || {
        let answer = up.producer().post("/api/v1/orders/batch", &batch).await;
        if answer.status != 202 {
            return Some(answer);
        }
        for ids in answer.data()["results"].as_array().unwrap() {
            accepted.push(ids["order_id"].as_str().unwrap().to_owned());
        }
        None
    })
    .await;
    assert!(!accepted.is_empty());
    (accepted, refused.expect(503))
}

/// A disk that fills up while it runs: no 2xx without a durable record, and all that got one is there afterwards.
#[tokio::test]
async fn a_disk_that_fills_up_refuses_orders_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path());
    // 3 MiB for any one file; blocks of 512 bytes in this shell.
    let small = setup.clone().in_shell("trap '' XFSZ; ulimit -f 6144; exec \"$@\"");
    let up = small.ready().await;
    let (accepted, refused) = fill(&up).await;
    assert!(refused.header("retry-after").is_some(), "{:?}", refused.headers);
    up.kill().await;

    let up = setup.ready().await;
    for order_id in accepted {
        up.reaches(&order_id, "completed").await;
    }
    up.end().await;
}

/// Nobody has to restart it: log, read model and ledger go on where they stood, and no order pays for it.
#[tokio::test]
async fn a_disk_that_has_room_again_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let small = "trap '' XFSZ; ulimit -S -f 6144; exec \"$@\"";
    let up = Setup::up(folder.path()).in_shell(small).ready().await;
    let (accepted, _) = fill(&up).await;
    up.give_room();
    for order_id in accepted {
        up.reaches(&order_id, "completed").await;
    }
    let letters = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(letters.data()["total_messages"], 0, "{}", letters.body);
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    up.end().await;
}
