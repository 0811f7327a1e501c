//! Every status of the surface, over real HTTP.

use serde_json::{Value, json};

use crate::harness::{Answer, Setup};

fn order() -> Value {
    json!({"customer_id": "c", "product_id": "widget", "quantity": 1, "price": 5})
}

#[track_caller]
fn envelope(answer: &Answer, success: bool) {
    assert_eq!(answer.body["success"], success, "{}", answer.body);
    assert!(answer.body["message"].is_string(), "{}", answer.body);
    let id = answer.header("x-correlation-id").expect("a correlation id");
    assert_eq!(answer.body["correlation_id"], id, "{}", answer.body);
}

#[tokio::test]
async fn the_producer_answers_as_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let producer = up.producer();

    let accepted = producer.post("/api/v1/orders", &order()).await.expect(202);
    envelope(&accepted, true);
    let id = accepted.data()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(accepted.header("location"), Some(format!("/api/v1/orders/{id}").as_str()));
    let view = up.reaches(&id, "completed").await;
    assert_eq!((&view["order_id"], &view["projected"]), (&json!(id), &json!(true)));
    assert_eq!(view["order"]["price"].to_string(), "5");

    for path in ["/api/v1/orders/nobody", "/api/v1/nothing", "/orders"] {
        envelope(&producer.get(path).await.expect(404), false);
    }
    envelope(&producer.send(producer.request("PATCH", "/api/v1/orders")).await.expect(405), false);
    for query in ["limit=0", "limit=x", "status=done", "cursor=zz"] {
        let answer = producer.get(&format!("/api/v1/orders?{query}")).await.expect(400);
        envelope(&answer, false);
        let field = query.split_once('=').unwrap().0;
        assert_eq!(answer.data()["errors"][0]["field"], field, "{}", answer.body);
    }
    producer.get("/health").await.expect(200);
    producer.get("/ready").await.expect(200);
    up.end().await;
}

#[tokio::test]
async fn one_bad_order_does_not_spoil_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let mut bad = order();
    bad["quantity"] = json!(0);
    let answer = up
        .producer()
        .post("/api/v1/orders/batch", &json!([order(), bad, order()]))
        .await
        .expect(202);
    let data = answer.data();
    assert_eq!((&data["processed"], &data["failed"]), (&json!(2), &json!(1)), "{data}");
    assert_eq!(data["results"].as_array().unwrap().len(), 2, "{data}");
    let error = data["errors"][0].as_str().unwrap();
    assert!(error.starts_with("Order 2: quantity must be"), "{data}");
    for ids in data["results"].as_array().unwrap() {
        up.reaches(ids["order_id"].as_str().unwrap(), "completed").await;
    }
    up.producer().post("/api/v1/orders/batch", &json!([])).await.expect(400);
    up.producer().post("/api/v1/orders/batch", &json!(vec![order(); 101])).await.expect(400);
    up.producer().post("/api/v1/orders/batch", &order()).await.expect(400);
    up.end().await;
}

#[tokio::test]
async fn a_correlation_id_is_taken_when_it_is_printable_and_short() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    for (given, kept) in [("my-id 1", true), (&"x".repeat(128), true), (&"x".repeat(129), false)] {
        let request = up.producer().request("GET", "/health").header("x-correlation-id", given);
        let answer = up.producer().send(request).await.expect(200);
        assert_eq!(answer.header("x-correlation-id") == Some(given), kept, "{given}");
        envelope(&answer, true);
    }
    up.end().await;
}

#[tokio::test]
async fn simulation_is_refused_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let simulate = async |how: &str| {
        let request = up.producer().request("POST", "/api/v1/orders");
        up.producer().send(request.header("x-simulate", how).json(&order())).await
    };
    for how in ["duplicate", "late"] {
        let id = simulate(how).await.expect(202).data()["order_id"].as_str().unwrap().to_owned();
        up.reaches(&id, "completed").await;
        assert_eq!(up.charges(&id).await, 1, "{how}");
    }
    envelope(&simulate("nonsense").await.expect(400), false);
    up.end().await;
}

#[tokio::test]
async fn the_consumer_and_the_gateway_answer_as_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let metrics = up.consumer().get("/api/v1/metrics").await.expect(200);
    assert!(
        metrics.data()["total_lag"].is_u64() && metrics.data()["in_flight"].is_u64(),
        "{}",
        metrics.body
    );
    up.consumer().get("/ready").await.expect(200);
    up.consumer().get("/nothing").await.expect(404);

    let charge = json!({"order_id": "o", "event_id": "e", "attempt": 1, "amount": "1.00"});
    for _ in 0..3 {
        let request =
            up.gateway().request("POST", "/api/v1/charges").header("idempotency-key", "k");
        up.gateway().send(request.json(&charge)).await.expect(200);
    }
    let stats = up.gateway().get("/api/v1/effects/stats").await.expect(200);
    assert_eq!((&stats.data()["requested"], &stats.data()["performed"]), (&json!(3), &json!(1)));
    envelope(&up.gateway().post("/api/v1/charges", &json!({})).await.expect(400), false);
    up.gateway().get("/api/v1/effects?cursor=zz").await.expect(400);
    up.end().await;
}

#[tokio::test]
async fn the_replay_service_answers_as_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let replay = up.replay();
    let empty = replay.get("/api/v1/dlq/messages").await.expect(200);
    let data = empty.data();
    assert_eq!(
        (&data["limit"], &data["offset"], &data["count"]),
        (&json!(10), &json!(0), &json!(0))
    );
    for query in ["limit=x", "offset=-1", "status=gone", "from=yesterday"] {
        envelope(&replay.get(&format!("/api/v1/dlq/messages?{query}")).await.expect(400), false);
    }
    envelope(&replay.delete("/api/v1/dlq/clear").await.expect(400), false);
    envelope(&replay.delete("/api/v1/dlq/clear?confirm=false").await.expect(400), false);
    replay.get("/health").await.expect(200);
    replay.get("/ready").await.expect(200);
    up.end().await;
}
