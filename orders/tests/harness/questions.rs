//! What tests ask a platform.

use serde_json::{Value, json};

use super::{Answer, Program, eventually};

/// The ids of an accepted order.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) order_id: String,
    pub(crate) event_id: String,
}

impl Program {
    /// I5: every delivered offset, and every one that came with the schedule, is done, duplicate, skipped, dead or pending, and in
    /// none twice.
    pub(crate) async fn assert_conserved(&self) {
        let metrics = self.consumer().get("/api/v1/metrics").await.expect(200);
        for line in metrics.data()["ledger"].as_array().unwrap() {
            let number =
                |name: &str| line[name].as_u64().unwrap_or_else(|| panic!("{name}: {line}"));
            let ends = ["done", "duplicate", "skipped", "dead", "cut_off", "pending"];
            assert_eq!(number("holes"), 0, "{line}");
            let came = number("delivered") + number("restored");
            assert_eq!(came, ends.map(number).iter().sum::<u64>(), "{line}");
        }
    }

    /// Posts an order for this product; its ids.
    pub(crate) async fn order(&self, product: &str) -> Placed {
        let order = json!({"customer_id": "c", "product_id": product, "quantity": 1, "price": 5});
        let answer = self.producer().post("/api/v1/orders", &order).await.expect(202);
        let id = |name: &str| answer.data()[name].as_str().unwrap().to_owned();
        Placed { order_id: id("order_id"), event_id: id("event_id") }
    }

    /// What the read model says about an order.
    pub(crate) async fn view(&self, order_id: &str) -> Answer {
        self.producer().get(&format!("/api/v1/orders/{order_id}")).await
    }

    /// Waits until an order has this status.
    pub(crate) async fn reaches(&self, order_id: &str, status: &str) -> Value {
        eventually(&format!("order {order_id} is {status}"), async || {
            let view = self.view(order_id).await;
            (view.data()["status"] == status).then(|| view.data().clone())
        })
        .await
    }

    /// Waits until the consumer has begun with a record, and has not finished it.
    pub(crate) async fn is_handling(&self) {
        eventually("a record is being handled", async || {
            let metrics = self.consumer().get("/api/v1/metrics").await.expect(200);
            (metrics.data()["in_flight"].as_u64() > Some(0)).then_some(())
        })
        .await;
    }

    /// The performed charges of an order.
    pub(crate) async fn charges(&self, order_id: &str) -> usize {
        let mut path = "/api/v1/effects".to_owned();
        let mut count = 0;
        loop {
            let page = self.gateway().get(&path).await.expect(200);
            let effects = page.data()["effects"].as_array().unwrap();
            count += effects.iter().filter(|effect| effect["order_id"] == order_id).count();
            match page.data()["next_cursor"].as_str() {
                Some(cursor) => path = format!("/api/v1/effects?cursor={cursor}"),
                None => return count,
            }
        }
    }

    /// Waits until the dead letter of an event is there.
    pub(crate) async fn dead_letter(&self, event_id: &str) -> Value {
        eventually(&format!("event {event_id} is dead-lettered"), async || {
            let path = "/api/v1/dlq/messages?limit=1000";
            let answer = self.replay().get(path).await.expect(200);
            let letters = answer.data()["messages"].as_array().unwrap();
            letters.iter().find(|letter| letter["event_id"] == event_id).cloned()
        })
        .await
    }
}
