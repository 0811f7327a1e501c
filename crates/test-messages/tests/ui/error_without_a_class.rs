//! An error says its class; there is no silent default.

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

#[derive(Debug)]
struct Declined;
impl std::fmt::Display for Declined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("declined")
    }
}
impl std::error::Error for Declined {}

async fn handler(_: Payload<Placed>) -> Result<(), Declined> {
    Err(Declined)
}

fn main() {
    let _: Router = Topic::json("orders").on(handler).with_state(());
}
