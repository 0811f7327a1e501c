//! One process or the broker is away: what the others do meanwhile, and that they go on by themselves.

use serde_json::json;
use test_servers::LocalKafka;

use crate::harness::{Answer, Http, PATIENCE, eventually, within};
use crate::platform::{Place, Platform};

#[tokio::test]
async fn without_a_consumer_orders_are_taken_and_wait() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "unread");
    place.topics().await;
    let Platform { gateway, producer, consumer, replay } = Platform::ready(&place).await;
    let before = producer.order("widget").await;
    producer.reaches(&before.order_id, "completed").await;
    consumer.stop("TERM").await;

    let order = producer.order("widget").await;
    producer.producer().get("/ready").await.expect(200);
    let view = producer.view(&order.order_id).await.expect(200);
    assert_eq!(
        (&view.data()["status"], &view.data()["projected"]),
        (&json!("pending"), &json!(false))
    );
    producer.view(&before.order_id).await.expect(200);
    replay.replay().get("/ready").await.expect(200);

    let consumer = place.orders("consumer").ready_at(1..2).await;
    producer.reaches(&order.order_id, "completed").await;
    assert_eq!(producer.charges(&order.order_id).await, 1);
    Platform { gateway, producer, consumer, replay }.end().await;
}

/// Waits until a service is not ready, and says this.
async fn not_ready(service: &Http, said: &str) {
    eventually(&format!("not ready: {said}"), async || {
        let answer = service.get("/ready").await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        (answer.status == 503 && message.contains(said)).then_some(())
    })
    .await;
}

/// Each says so, none loses anything, and all go on by themselves.
// TROUBLESHOOTING: broker-away
#[tokio::test]
async fn a_broker_that_is_away_is_said_and_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::start();
    let place = Place::new(folder.path(), kafka.address(), "away");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let up = &platform.producer;
    let before = up.order("widget").await;
    up.reaches(&before.order_id, "completed").await;

    kafka.kill();
    for service in [up.producer(), up.consumer(), up.replay()] {
        not_ready(&service, "the broker cannot be reached: ").await;
    }
    let order = json!({"customer_id": "c", "product_id": "widget", "quantity": 1, "price": 5});
    let refused = up.producer().post("/api/v1/orders", &order).await.expect(503);
    assert!(refused.header("retry-after").is_some(), "{}", refused.body);
    up.consumer().get("/api/v1/metrics").await.expect(503);
    up.consumer().get("/health").await.expect(200);
    up.view(&before.order_id).await.expect(200);

    kafka.start_again();
    let services = [up.producer(), up.consumer(), up.replay()];
    within(PATIENCE, "ready again", services.each_ref(), Answer::is_ready).await;
    let after = up.order("widget").await;
    up.reaches(&after.order_id, "completed").await;
    assert_eq!(up.charges(&before.order_id).await, 1);
    platform.end().await;
}
