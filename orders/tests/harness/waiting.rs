//! Orders that fail, wait in the retry topic, and are cancelled meanwhile: what becomes of them says whether order was kept.

use serde_json::{Value, json};

use super::{Placed, Program, eventually};

/// Delays are drawn evenly from 0 to [`INTERVAL`]: of so many orders some wait for long.
const ORDERS: usize = 12;
/// Longest wait of a failed order. What is drawn up to 5 s waits in memory.
pub(crate) const INTERVAL: &str = "20s";

impl Program {
    /// How many records wait in the retry topic.
    pub(crate) async fn scheduled(&self) -> u64 {
        sum(&self.counted().await["scheduled"], "records")
    }

    /// How many have come with the schedule of an earlier owner.
    pub(crate) async fn restored(&self) -> u64 {
        sum(&self.counted().await["ledger"], "restored")
    }

    async fn counted(&self) -> Value {
        let metrics = self.consumer().get("/api/v1/metrics").await.expect(200);
        metrics.data().clone()
    }

    /// Orders whose first attempt fails and that are cancelled right then: each event waits behind the failure of its order.
    pub(crate) async fn cancelled_while_failing(&self) -> Vec<Placed> {
        let mut placed = Vec::new();
        for _ in 0..ORDERS {
            let order = self.order("fail-transient-1").await;
            let path = format!("/api/v1/orders/{}/cancel", order.order_id);
            self.producer().post(&path, &json!({"reason": "waited"})).await.expect(202);
            placed.push(order);
        }
        eventually(
            "all have failed once, and the topic holds orders and cancellations",
            async || {
                let data = self.counted().await;
                let failed = data["outcomes"]["retried"].as_u64() >= Some(ORDERS as u64);
                (failed && data["total_lag"] == 0 && sum(&data["scheduled"], "records") > 1)
                    .then_some(())
            },
        )
        .await;
        placed
    }

    /// Each was completed by its second attempt, charged once, and only then cancelled.
    pub(crate) async fn completed_then_cancelled(&self, placed: &[Placed]) {
        for order in placed {
            let view = self.reaches(&order.order_id, "cancelled").await;
            let history = view["history"].as_array().unwrap().iter();
            let statuses: Vec<_> = history.map(|entry| entry["status"].clone()).collect();
            assert_eq!(statuses, ["pending", "completed", "cancelled"], "{view}");
            assert_eq!(self.charges(&order.order_id).await, 1);
        }
        assert_eq!(self.scheduled_when_idle().await, 0);
    }

    /// What is written down each second shows it a moment later.
    async fn scheduled_when_idle(&self) -> u64 {
        eventually("nothing waits", async || (self.scheduled().await == 0).then_some(0)).await
    }
}

fn sum(list: &Value, field: &str) -> u64 {
    list.as_array().unwrap().iter().map(|item| item[field].as_u64().unwrap()).sum()
}
