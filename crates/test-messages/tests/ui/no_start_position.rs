//! Where a group begins has no default.

use tidegate::prelude::*;

fn main() {
    let service = Service::new("group", Broker::in_memory());
    drop(service.run());
}
