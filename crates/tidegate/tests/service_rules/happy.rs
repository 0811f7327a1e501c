//! Nothing goes wrong.

use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Script, charging, order, service};

#[tokio::test]
async fn a_published_event_is_handled_and_committed() {
    let script = Script::of(&[]);
    let t = service(&script).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Done]);
    assert_eq!(script.calls(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn many_events_are_each_handled_once() {
    let script = Script::of(&[]);
    let t = service(&script).await;
    for n in 0..200 {
        t.publish("orders", &order(&format!("o-{n}"))).await;
    }
    t.settled().await;
    assert_eq!(script.calls(), 200);
    assert_eq!(t.health().snapshot().outcomes.done, 200);
    t.assert_conserved();
}

#[tokio::test]
async fn what_a_handler_emits_is_published_and_can_be_consumed_by_the_same_service() {
    async fn receipt(Payload(_): Payload<Charged>) {}
    let script = Script::of(&[]);
    let routes = Topic::json("orders").on(charging).with_state(script.clone());
    let routes = routes.merge(Topic::json("payments").on(receipt));
    let t = TestService::new(routes).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Done, Saw::Done]);
    assert_eq!(t.emitted::<Charged>("payments"), [Charged { id: "o-1".into() }]);
    t.assert_conserved();
}
