//! A dependency that is away: said, waited for, and no order pays for it.

use serde_json::json;

use crate::harness::{Answer, PATIENCE, Program, Setup, within};

async fn gateway_is_down(up: &Program, down: bool) {
    up.gateway().put("/api/v1/gateway", &json!({"down": down})).await.expect(200);
}

#[tokio::test]
async fn while_the_gateway_is_down_nothing_is_dead_lettered_and_ready_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    gateway_is_down(&up, true).await;
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(up.order("widget").await);
    }
    let consumer = up.consumer();
    let not_ready = |answer: &Answer| !answer.is_ready();
    let [said] = within(PATIENCE, "not ready", [&consumer], not_ready).await;
    assert!(said.body.to_string().contains("gateway"), "{}", said.body);
    up.producer().get("/ready").await.expect(200);

    gateway_is_down(&up, false).await;
    for order in orders {
        up.reaches(&order.order_id, "completed").await;
        assert_eq!(up.charges(&order.order_id).await, 1);
    }
    within(PATIENCE, "ready again", [&consumer], Answer::is_ready).await;
    let stats = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(stats.data()["total_messages"], 0, "{}", stats.body);
    up.end().await;
}
