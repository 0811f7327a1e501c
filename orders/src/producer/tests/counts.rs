use tidegate::broker::PublishError;
use tidegate::message::TopicName;

use super::{Fixture, ORDER};
use crate::http::testing::{call, get, post};

impl Fixture {
    /// Sends a body, and gives the status.
    async fn post(&self, path: &str, body: &str) -> u16 {
        call(&self.routes, post(path, body.to_owned())).await.status
    }

    /// Accepted, and refused by reason: malformed, invalid, too_large, unavailable, unconfirmed.
    async fn counted(&self) -> (u64, [u64; 5]) {
        let text = call(&self.routes, get("/metrics")).await.text;
        let count = |name: &str| -> u64 {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.expect(&text).parse().unwrap()
        };
        let refused = ["malformed", "invalid", "too_large", "unavailable", "unconfirmed"];
        let refused =
            refused.map(|why| count(&format!("orders_refused_total{{reason=\"{why}\"}}")));
        (count("orders_accepted_total"), refused)
    }
}

const ONE: &str = "/api/v1/orders";
const BATCH: &str = "/api/v1/orders/batch";

#[tokio::test]
async fn all_reasons_are_there_before_anything_happened() {
    assert_eq!(Fixture::new().counted().await, (0, [0; 5]));
}

#[tokio::test]
async fn an_order_is_counted_once_by_what_became_of_it() {
    let fixture = Fixture::new();
    let topic = TopicName::new("orders").unwrap();
    fixture.broker.answer([
        Ok(()),
        Err(PublishError::Unavailable("down".into())),
        Err(PublishError::Unknown("no answer".into())),
        Err(PublishError::TooLarge { topic, size: 2, limit: 1 }),
    ]);
    for status in [202, 503, 503, 413] {
        assert_eq!(fixture.post(ONE, ORDER).await, status);
    }
    assert_eq!(fixture.counted().await, (1, [0, 0, 1, 1, 1]));
    assert_eq!(fixture.post(ONE, "{}").await, 400);
    assert_eq!(fixture.counted().await, (1, [0, 1, 1, 1, 1]));
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_one_order() {
    let fixture = Fixture::new();
    assert_eq!(fixture.post(ONE, "no json").await, 400);
    assert_eq!(fixture.post(BATCH, "{}").await, 400);
    assert_eq!(fixture.post(BATCH, "[]").await, 400);
    let mut other = post(ONE, ORDER);
    other.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(call(&fixture.routes, other).await.status, 415);
    for header in ["x-simulate", "idempotency-key"] {
        let mut request = post(ONE, ORDER);
        request.headers_mut().insert(header, "x".parse().unwrap());
        assert_eq!(call(&fixture.routes, request).await.status, 400);
    }
    assert_eq!(fixture.counted().await, (0, [6, 0, 0, 0, 0]));
    assert_eq!(fixture.post(ONE, &format!("\"{}\"", "x".repeat(5000))).await, 413);
    assert_eq!(fixture.counted().await, (0, [6, 0, 1, 0, 0]));
}

#[tokio::test]
async fn orders_of_a_batch_are_counted_one_by_one() {
    let fixture =
        Fixture::with(|settings| crate::producer::Settings { batch_limit: 4, ..settings });
    fixture.broker.answer([Ok(()), Err(PublishError::Unknown("no answer".into())), Ok(())]);
    assert_eq!(fixture.post(BATCH, &format!("[{ORDER},{{}},{ORDER},{ORDER}]")).await, 202);
    assert_eq!(fixture.counted().await, (2, [0, 1, 0, 0, 1]));
    // Nothing of it: neither is one of them forgotten, nor is one counted twice.
    let down = || Err(PublishError::Unavailable("down".into()));
    fixture.broker.answer([down(), down()]);
    assert_eq!(fixture.post(BATCH, &format!("[{ORDER},{{}},{ORDER}]")).await, 503);
    assert_eq!(fixture.counted().await, (2, [0, 2, 0, 2, 1]));
    let many = [ORDER; 5].join(",");
    assert_eq!(fixture.post(BATCH, &format!("[{many}]")).await, 400);
    assert_eq!(fixture.counted().await, (2, [5, 2, 0, 2, 1]));
}

#[tokio::test]
async fn a_cancellation_is_no_order() {
    let fixture = Fixture::new();
    assert_eq!(fixture.post("/api/v1/orders/nobody/cancel", "no json").await, 400);
    assert_eq!(fixture.counted().await, (0, [0; 5]));
}
