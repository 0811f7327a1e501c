//! What an operator does with dead letters, where the replay service is a process of its own.

use serde_json::json;
use test_servers::LocalKafka;

use crate::harness::eventually;
use crate::platform::{Place, Platform};

#[tokio::test]
async fn letters_are_listed_replayed_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "letters");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let up = &platform.producer;
    let healed = up.order("fail-until-replay").await;
    let hopeless = up.order("fail-permanent").await;
    for order in [&healed, &hopeless] {
        up.reaches(&order.order_id, "failed").await;
        assert_eq!(up.dead_letter(&order.event_id).await["status"], "dead");
    }

    let body = json!({"event_ids": [healed.event_id]});
    let replayed = up.replay().post("/api/v1/replay", &body).await.expect(200);
    assert_eq!(replayed.data()["replayed_event_ids"], body["event_ids"], "{}", replayed.body);
    up.reaches(&healed.order_id, "completed").await;
    assert_eq!(up.charges(&healed.order_id).await, 1);
    eventually("the letter is resolved", async || {
        (up.dead_letter(&healed.event_id).await["status"] == "resolved").then_some(())
    })
    .await;
    let again = up.replay().post("/api/v1/replay", &body).await.expect(200);
    assert_eq!(again.data()["skipped_messages"], 1, "{}", again.body);

    let cleared = up.replay().delete("/api/v1/dlq/clear?confirm=true").await.expect(200);
    assert_eq!(cleared.data()["cleared_messages"], 2, "{}", cleared.body);
    let stats = up.replay().get("/api/v1/dlq/stats").await.expect(200);
    assert_eq!(stats.data()["total_messages"], 0, "{}", stats.body);
    let later = up.order("fail-permanent").await;
    up.dead_letter(&later.event_id).await;
    platform.end().await;
}
