//! Orders of all kinds, again and again, until enough has been seen.

use serde_json::json;

use crate::harness::Program;

/// How the orders of one round end.
const ROUND: [(&str, &str); 6] = [
    ("widget", "completed"),
    ("fail-transient-1", "completed"),
    ("fail-always", "failed"),
    ("fail-permanent", "failed"),
    ("poison", "failed"),
    ("slow-20", "completed"),
];

/// One order of each kind to its end, what is refused, a replay, and whether all are ready.
pub(crate) async fn round(up: &Program) {
    let mut placed = Vec::new();
    for (product, status) in ROUND {
        placed.push((up.order(product).await, status));
    }
    up.producer().post("/api/v1/orders", &json!({"quantity": 0})).await.expect(400);
    up.producer().get("/api/v1/nothing").await.expect(404);
    for (order, status) in &placed {
        up.reaches(&order.order_id, status).await;
    }
    let (dead, _) = &placed[3];
    up.dead_letter(&dead.event_id).await;
    let replay = json!({"event_ids": [dead.event_id]});
    up.replay().post("/api/v1/replay", &replay).await.expect(200);
    for service in [up.producer(), up.consumer(), up.replay(), up.gateway()] {
        service.get("/ready").await;
    }
}
