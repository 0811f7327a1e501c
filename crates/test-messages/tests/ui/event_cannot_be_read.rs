//! The format must be able to read the event.

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

struct Unreadable;
impl Event for Unreadable {
    const TYPE: &'static str = "unreadable";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

async fn handler(_: Payload<Unreadable>) {}
async fn right(_: Payload<Placed>) {}

fn main() {
    let _: Router = Topic::json("orders").on(right).on(handler).with_state(());
}
