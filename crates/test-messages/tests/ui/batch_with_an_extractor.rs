//! What differs from record to record is no argument of a batch handler.

use tidegate::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
struct Placed {
    id: String,
}
impl Event for Placed {
    const TYPE: &'static str = "order.placed";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

async fn handler(_: Batch<Placed>, id: EventId) {
    let _ = id;
}

fn main() {
    let _: Router = Topic::json("orders").on_batch(100, handler).with_state(());
}
