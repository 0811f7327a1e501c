//! A function that is not async goes into `blocking`.

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

fn handler(_: Payload<Placed>) {}

fn main() {
    let _: Router = Topic::json("orders").on(handler).with_state(());
}
