//! What a newcomer does: start, try the sample, replay, cancel, interrupt, start again.

use serde_json::json;

use crate::harness::{Program, Setup, eventually};

async fn sample(folder: &std::path::Path, up: &Program) -> String {
    let sample = Setup::orders(folder, &["sample"]).at_port(up.port).run().await.expect(0);
    assert!(sample.stdout.contains("each ended as it should"), "{}", sample.stdout);
    sample.stdout
}

async fn replay(up: &Program, event_id: &str) {
    let body = json!({"event_ids": [event_id]});
    let answer = up.replay().post("/api/v1/replay", &body).await.expect(200);
    assert_eq!(answer.data()["replayed_event_ids"], json!([event_id]), "{}", answer.body);
}

#[tokio::test]
async fn the_sample_ends_as_it_says_and_all_of_it_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path());
    let up = setup.ready().await;
    let table = sample(folder.path(), &up).await;
    assert!(table.contains("fails once, then works"), "{table}");

    let before = Seen::of(&up).await;
    assert!(before.letters >= 4 && before.effects >= 6, "{before:?}");
    up.end().await;

    let again = setup.ready().await;
    assert_eq!(Seen::of(&again).await, before);
    sample(folder.path(), &again).await;
    again.end().await;
}

#[tokio::test]
async fn an_order_that_fails_until_its_replay_completes_then_and_is_charged_once() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let order = up.order("fail-until-replay").await;
    up.reaches(&order.order_id, "failed").await;
    let letter = up.dead_letter(&order.event_id).await;
    assert_eq!(letter["status"], "dead", "{letter}");

    replay(&up, &order.event_id).await;
    up.reaches(&order.order_id, "completed").await;
    assert_eq!(up.charges(&order.order_id).await, 1);
    eventually("the dead letter is resolved", async || {
        let letter = up.dead_letter(&order.event_id).await;
        (letter["status"] == "resolved").then_some(())
    })
    .await;
    up.end().await;
}

#[tokio::test]
async fn a_cancelled_order_stays_cancelled_and_its_charge_stays() {
    let folder = tempfile::tempdir().unwrap();
    let up = Setup::up(folder.path()).ready().await;
    let order = up.order("widget").await;
    up.reaches(&order.order_id, "completed").await;
    let path = format!("/api/v1/orders/{}/cancel", order.order_id);
    let reason = json!({"reason": "changed my mind"});
    up.producer().post(&path, &reason).await.expect(202);
    let view = up.reaches(&order.order_id, "cancelled").await;
    let last = view["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "changed my mind", "{view}");

    up.producer().post(&path, &reason).await.expect(409);
    up.producer().post("/api/v1/orders/nobody/cancel", &reason).await.expect(404);
    assert_eq!(up.charges(&order.order_id).await, 1);
    up.end().await;
}

#[tokio::test]
async fn ctrl_c_ends_it_in_time_while_orders_are_slow_and_failing() {
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::up(folder.path())
        .variable("RETRY_INITIAL_INTERVAL", "1s")
        .variable("RETRY_MAX_INTERVAL", "1s");
    let up = setup.ready().await;
    let mut orders = Vec::new();
    for product in ["slow-700", "fail-transient-1", "slow-700", "fail-transient-2", "widget"] {
        orders.push(up.order(product).await);
    }
    up.end().await;

    // Whatever was cut off is taken up again, and nothing is charged twice.
    let again = setup.ready().await;
    for order in orders {
        again.reaches(&order.order_id, "completed").await;
        assert_eq!(again.charges(&order.order_id).await, 1);
    }
    again.end().await;
}

/// What must survive a restart.
#[derive(Debug, PartialEq)]
struct Seen {
    orders: usize,
    letters: u64,
    effects: u64,
}

impl Seen {
    async fn of(up: &Program) -> Self {
        let orders = up.producer().get("/api/v1/orders?limit=200").await.expect(200);
        let letters = up.replay().get("/api/v1/dlq/stats").await.expect(200);
        let effects = up.gateway().get("/api/v1/effects/stats").await.expect(200);
        Self {
            orders: orders.data()["orders"].as_array().unwrap().len(),
            letters: letters.data()["total_messages"].as_u64().unwrap(),
            effects: effects.data()["performed"].as_u64().unwrap(),
        }
    }
}
