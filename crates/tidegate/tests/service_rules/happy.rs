//! Nothing goes wrong.

use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Script, order, scripted};

#[tokio::test]
async fn a_published_event_is_handled_and_committed() {
    let script = Script::of(&[]);
    let t = TestService::new(Topic::json("orders").on(scripted).with_state(script.clone())).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Done]);
    assert_eq!(script.calls(), 1);
    t.assert_conserved();
}
