//! `blocking` is for functions that are not async.

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

async fn handler(_: Payload<Placed>) {}

fn main() {
    let _: Router = Topic::json("orders").on(blocking(handler)).with_state(());
}
