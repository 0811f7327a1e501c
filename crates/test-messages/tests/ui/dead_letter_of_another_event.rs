//! A dead-letter handler takes the event of its route.

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

struct Other;
impl Event for Other {
    const TYPE: &'static str = "other";
    fn key(&self) -> Key<'_> {
        Key::NONE
    }
}

async fn handler(_: Payload<Placed>) {}
async fn mark(_: DeadLetter<Other>) {}

fn main() {
    let _: Router = Topic::json("orders").on(handler).on_dead_letter(mark).with_state(());
}
