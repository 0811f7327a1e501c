//! A handler that waits for a state is no router for a service.

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

#[derive(Clone)]
struct App;

async fn handler(_: Payload<Placed>, State(_): State<App>) {}

fn service(_: impl IntoRouter) {}

fn main() {
    service(Topic::json("orders").on(handler));
}
