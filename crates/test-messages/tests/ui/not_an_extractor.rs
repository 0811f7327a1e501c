//! An argument must be an extractor.

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

async fn handler(_: Payload<Placed>, attempt: u32) {
    let _ = attempt;
}

fn main() {
    let _: Router = Topic::json("orders").on(handler).with_state(());
}
