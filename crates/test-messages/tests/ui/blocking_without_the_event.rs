//! The first argument of a blocking handler is the event, too.

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

fn handler(placed: Placed) {
    let _ = placed.id;
}

fn main() {
    let _: Router = Topic::json("orders").on(blocking(handler)).with_state(());
}
