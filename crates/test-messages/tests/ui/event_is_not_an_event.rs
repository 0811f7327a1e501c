//! What is handled must be an event.

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

#[derive(serde::Deserialize)]
struct Plain;

async fn handler(_: Payload<Plain>) {}
async fn right(_: Payload<Placed>) {}

fn main() {
    let _: Router = Topic::json("orders").on(right).on(handler).with_state(());
}
