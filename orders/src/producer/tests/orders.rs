use serde_json::{Value, json};
use tidegate::broker::{BrokerError, PublishError};
use tidegate::headers::names;
use uuid::Uuid;

use super::{Fixture, ORDER};
use crate::http::testing::{Answer, call, get, post};
use crate::order::OrderCreated;
use crate::producer::Settings;

fn down() -> PublishError {
    PublishError::Unavailable("disk full".into())
}

async fn send(
    fixture: &Fixture,
    path: &str,
    body: &str,
    header: Option<(&'static str, &str)>,
) -> Answer {
    let mut request = post(path, body.to_owned());
    if let Some((name, value)) = header {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    call(&fixture.routes, request).await
}

#[tokio::test]
async fn an_order_is_202_with_its_ids_and_the_event_is_the_contracts() {
    let fixture = Fixture::new();
    let answer = send(&fixture, "/api/v1/orders", ORDER, Some(("x-correlation-id", "corr"))).await;
    assert_eq!((answer.status, &answer.body["success"]), (202, &json!(true)));
    let (order_id, event_id) = (&answer.body["data"]["order_id"], &answer.body["data"]["event_id"]);
    let order_id = order_id.as_str().unwrap();
    assert_eq!(Uuid::parse_str(order_id).unwrap().get_version_num(), 7);
    assert_eq!(answer.headers["location"], format!("/api/v1/orders/{order_id}"));

    let record = &fixture.broker.calls()[0][0];
    assert_eq!(record.key.as_deref(), Some(order_id.as_bytes()));
    assert_eq!(record.headers.text(names::EVENT_ID), event_id.as_str());
    assert_eq!(record.headers.text(names::EVENT_TYPE), Some("order.created"));
    assert_eq!(record.headers.text(names::CORRELATION_ID), Some("corr"));
    let value = std::str::from_utf8(record.value.as_ref().unwrap()).unwrap();
    assert!(value.contains(r#""price":0.10,"#), "the digits stay: {value}");
    let event: OrderCreated = serde_json::from_str(value).unwrap();
    assert_eq!(event.event_id.as_str(), event_id.as_str().unwrap());
    assert_eq!((event.aggregate_id.as_str(), event.correlation_id.as_str()), (order_id, "corr"));
}

#[tokio::test]
async fn broken_rules_are_400_all_at_once_and_nothing_is_published() {
    let fixture = Fixture::new();
    let answer = send(&fixture, "/api/v1/orders", r#"{"quantity":0}"#, None).await;
    answer.refused(400, "customer_id");
    assert_eq!(answer.body["data"]["errors"].as_array().unwrap().len(), 4);
    assert!(fixture.broker.calls().is_empty());
}

#[tokio::test]
async fn unknown_fields_are_accepted_and_named() {
    let body = ORDER.replace('{', r#"{"coupon":"x","#);
    let answer = send(&Fixture::new(), "/api/v1/orders", &body, None).await;
    assert_eq!((answer.status, &answer.body["data"]["ignored"]), (202, &json!(["coupon"])));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_have_their_own_status() {
    let fixture = Fixture::new();
    for path in ["/api/v1/orders", "/api/v1/orders/batch"] {
        send(&fixture, path, "{", None).await.refused(400, "body");
        send(&fixture, path, &"[".repeat(33), None).await.refused(400, "body");
        send(&fixture, path, &"x".repeat(4097), None).await.refused(413, "body");
        send(&fixture, path, ORDER, Some(("content-type", "text/plain")))
            .await
            .refused(415, "Content-Type");
    }
}

#[tokio::test]
async fn without_an_acknowledgement_it_is_503_with_retry_after() {
    for error in
        [down(), PublishError::QueueFull, PublishError::Closed, PublishError::Unknown("?".into())]
    {
        let fixture = Fixture::new();
        let unknown = error.is_unknown();
        fixture.broker.answer([Err(error)]);
        let answer = send(&fixture, "/api/v1/orders", ORDER, None).await;
        answer.refused(503, "broker");
        assert_eq!(answer.headers["retry-after"], "1");
        assert_eq!(answer.text.contains("may or may not"), unknown, "{}", answer.text);
    }
}

#[tokio::test]
async fn an_idempotency_key_is_refused_since_nothing_would_honour_it() {
    let fixture = Fixture::new();
    for path in ["/api/v1/orders", "/api/v1/orders/batch", "/api/v1/orders/x/cancel"] {
        let answer = send(&fixture, path, ORDER, Some(("idempotency-key", "k"))).await;
        answer.refused(400, "Idempotency-Key");
    }
    assert!(fixture.broker.calls().is_empty());
}

#[tokio::test]
async fn simulation_is_refused_unless_it_is_allowed() {
    let path = "/api/v1/orders";
    let off = Fixture::new();
    send(&off, path, ORDER, Some(("x-simulate", "late"))).await.refused(400, "X-Simulate");
    let on = Fixture::with(|settings| Settings { simulation: true, ..settings });
    send(&on, path, ORDER, Some(("x-simulate", "often"))).await.refused(400, "X-Simulate");
}

#[tokio::test]
async fn a_duplicate_is_the_same_record_twice_and_late_is_acknowledged_all_the_same() {
    let fixture = Fixture::with(|settings| Settings { simulation: true, ..settings });
    let answer = send(&fixture, "/api/v1/orders", ORDER, Some(("x-simulate", "duplicate"))).await;
    assert_eq!(answer.status, 202);
    let call = &fixture.broker.calls()[0];
    assert_eq!((call.len(), &call[0]), (2, &call[1]));
    fixture.broker.answer([Err(down())]);
    send(&fixture, "/api/v1/orders", ORDER, Some(("x-simulate", "late")))
        .await
        .refused(503, "broker");
    let late = send(&fixture, "/api/v1/orders", ORDER, Some(("x-simulate", "late"))).await;
    assert_eq!(late.status, 202);
}

#[tokio::test]
async fn a_batch_is_one_call_and_one_bad_order_does_not_spoil_the_others() {
    let fixture = Fixture::new();
    let bad = ORDER.replace("\"quantity\":2", "\"quantity\":0");
    let body = format!("[{bad},{ORDER},7,{ORDER}]");
    let answer = send(&fixture, "/api/v1/orders/batch", &body, None).await;
    assert_eq!(answer.status, 202);
    let data = &answer.body["data"];
    assert_eq!((&data["processed"], &data["failed"]), (&json!(2), &json!(2)));
    let errors = [
        "Order 1: quantity must be positive",
        "Order 3: body must be an object with an order's fields",
    ];
    assert_eq!(data["errors"], json!(errors));
    assert_eq!(data["results"].as_array().unwrap().len(), 2);
    assert_eq!(fixture.broker.calls().iter().map(Vec::len).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn a_batch_with_nothing_legal_is_400_and_publishes_nothing() {
    let fixture = Fixture::new();
    let answer = send(&fixture, "/api/v1/orders/batch", "[{},{}]", None).await;
    assert_eq!((answer.status, &answer.body["data"]["failed"]), (400, &json!(2)));
    assert!(fixture.broker.calls().is_empty());
}

#[tokio::test]
async fn a_batch_holds_1_to_its_limit() {
    let fixture = Fixture::with(|settings| Settings { batch_limit: 2, ..settings });
    let of = |n: usize| format!("[{}]", vec![ORDER; n].join(","));
    for n in [0, 3] {
        send(&fixture, "/api/v1/orders/batch", &of(n), None).await.refused(400, "body");
    }
    assert_eq!(send(&fixture, "/api/v1/orders/batch", &of(2), None).await.status, 202);
}

#[tokio::test]
async fn a_batch_that_is_not_acknowledged_is_503_and_a_half_one_names_what_failed() {
    let fixture = Fixture::new();
    let body = format!("[{ORDER},{ORDER}]");
    fixture.broker.answer([Err(down()), Err(down())]);
    let none = send(&fixture, "/api/v1/orders/batch", &body, None).await;
    none.refused(503, "broker");
    assert_eq!(none.headers["retry-after"], "1");
    let unsure = PublishError::Unknown("no answer".into());
    fixture.broker.answer([Err(down()), Err(unsure)]);
    let perhaps = send(&fixture, "/api/v1/orders/batch", &body, None).await;
    assert!(perhaps.text.contains("may or may not"), "{}", perhaps.text);
    fixture.broker.answer([Ok(()), Err(down())]);
    let half = send(&fixture, "/api/v1/orders/batch", &body, None).await;
    assert_eq!((half.status, &half.body["data"]["processed"]), (202, &json!(1)));
    let error = half.body["data"]["errors"][0].as_str().unwrap();
    assert!(error.starts_with("Order 2: the broker did not accept"), "{error}");
}

#[tokio::test]
async fn ready_asks_the_broker_and_names_what_fails() {
    let fixture = Fixture::new();
    assert_eq!(call(&fixture.routes, get("/health")).await.status, 200);
    assert_eq!(call(&fixture.routes, get("/ready")).await.status, 200);
    fixture.broker.fail_health(BrokerError::Unavailable("disk full".into()));
    let answer = call(&fixture.routes, get("/ready")).await;
    answer.refused(503, "broker");
    assert!(answer.text.contains("disk full"));
    assert_eq!(call(&fixture.routes, get("/health")).await.status, 200);
}

#[tokio::test]
async fn a_missing_topic_is_not_ready() {
    let fixture =
        Fixture::with(|settings| Settings { topic: "elsewhere".try_into().unwrap(), ..settings });
    let answer = call(&fixture.routes, get("/ready")).await;
    answer.refused(503, "broker");
    assert!(answer.text.contains("elsewhere"));
}

#[tokio::test]
async fn unknown_routes_and_methods_carry_the_envelope() {
    let fixture = Fixture::new();
    let unknown = call(&fixture.routes, get("/api/v2/orders")).await;
    assert_eq!((unknown.status, &unknown.body["success"]), (404, &Value::Bool(false)));
    let method = call(&fixture.routes, get("/api/v1/orders/batch/x/y")).await;
    assert_eq!(method.status, 404);
    let method = call(&fixture.routes, post("/health", "{}")).await;
    assert_eq!((method.status, &method.body["success"]), (405, &Value::Bool(false)));
    assert!(method.headers.contains_key("allow"));
}
