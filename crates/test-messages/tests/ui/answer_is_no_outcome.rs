//! A handler returns a decision.

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

async fn handler(_: Payload<Placed>) -> &'static str {
    "ok"
}

fn main() {
    let _: Router = Topic::json("orders").on(handler).with_state(());
}
