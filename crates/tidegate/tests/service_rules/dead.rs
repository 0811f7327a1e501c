//! What is given up: nothing of it is lost, and its handler's effect comes with it.

use std::sync::Arc;

use tidegate::class::Class;
use tidegate::headers::names;
use tidegate::message::{NewRecord, TopicName};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use crate::common::{Charged, Do, Ordered, Script, order, record, scripted, service};

fn bare(value: &'static [u8]) -> NewRecord {
    NewRecord::new(TopicName::new("orders").unwrap()).key("k").value(value)
}

/// Dead letters are reported by another script, and emit.
#[derive(Clone)]
struct Both {
    live: Arc<Script>,
    dead: Arc<Script>,
}

async fn refuse(
    order: Payload<Ordered>,
    State(both): State<Both>,
    n: Attempt,
) -> Result<(), crate::common::Scripted> {
    scripted(order, State(both.live), n).await
}

async fn report(
    dead: DeadLetter<Ordered>,
    State(both): State<Both>,
    n: Attempt,
) -> Result<Emit<Charged>, crate::common::Scripted> {
    assert!(dead.reason().contains("permanent"), "{}", dead.reason());
    both.dead.play(dead.key(), n.0).await?;
    Ok(Emit::to("failures", Charged { id: dead.key().to_owned() }))
}

async fn reporting(dead: &Arc<Script>) -> TestService {
    let both = Both { live: Script::of(&[Do::Fail(Class::Permanent)]), dead: dead.clone() };
    let routes = Topic::json("orders").on(refuse).on_dead_letter(report);
    TestService::new(routes.with_state(both)).await
}

#[tokio::test]
async fn the_dead_letter_handler_runs_once_and_what_it_emits_is_published() {
    let dead = Script::of(&[]);
    let t = reporting(&dead).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    assert_eq!(dead.seen(), ["o-1"]);
    assert_eq!(t.emitted::<Charged>("failures").len(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn a_dead_letter_handler_that_fails_transiently_is_waited_for() {
    let dead = Script::of(&[Do::Fail(Class::Transient), Do::Fail(Class::Outage("db")), Do::Work]);
    let t = reporting(&dead).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(dead.calls(), 3);
    assert_eq!(t.emitted::<Charged>("failures").len(), 1);
    assert_eq!(t.dead_letters().len(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn a_dead_letter_handler_that_panics_for_ever_is_given_up_after_the_routes_attempts() {
    let dead = Script::of(&[Do::Panic]);
    let t = reporting(&dead).await;
    t.publish("orders", &order("o-1")).await;
    t.settled().await;
    assert_eq!(dead.calls(), 3);
    assert_eq!(t.outcomes("o-1"), [Saw::Dead]);
    assert_eq!(t.dead_letters().len(), 1);
    t.assert_conserved();
}

fn refuses(_: Payload<Ordered>) -> Result<(), Permanent> {
    Err(Permanent::new("permanent, says the handler"))
}

/// Rule 18: a handler that blocks, and so cannot be cut off, does not take the time limit from its dead-letter handler.
#[tokio::test]
async fn a_dead_letter_handler_that_hangs_is_cut_off_also_where_the_handler_blocks() {
    let dead = Script::of(&[Do::Hang, Do::Work]);
    let both = Both { live: Script::of(&[]), dead: dead.clone() };
    let routes =
        Topic::json("orders").on(blocking(refuses)).timeout(secs(1)).on_dead_letter(report);
    let t = TestService::new(routes.with_state(both)).await;
    t.publish("orders", &order("o-1")).await;
    t.until("it hangs", |_| dead.calls() == 1).await;
    t.advance(secs(1));
    t.settled().await;
    assert_eq!(dead.calls(), 2);
    assert_eq!(t.emitted::<Charged>("failures").len(), 1);
    t.assert_conserved();
}

#[tokio::test]
async fn rule_32_bytes_that_cannot_be_decoded_are_dead_lettered_untouched() {
    let t = service(&Script::of(&[])).await;
    let mut broken = bare(b"\xff{not json").header(names::EVENT_TYPE, Ordered::TYPE);
    broken.headers.push("x", "first");
    broken.headers.push("x", "second");
    t.publish_record(broken.clone()).await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    assert_eq!((letter.key, letter.value), (broken.key, broken.value));
    assert_eq!(letter.headers, broken.headers);
    assert_eq!(letter.class.as_deref(), Some("undecodable"));
    t.assert_conserved();
}

#[tokio::test]
async fn an_unknown_event_type_is_dead_lettered_and_a_skipped_one_is_not() {
    let script = Script::of(&[]);
    let routes = Topic::json("orders").on(scripted).skip(["order.seen"]);
    let t = TestService::new(routes.with_state(script.clone())).await;
    t.publish_record(bare(b"{}").header(names::EVENT_TYPE, "order.strange")).await;
    t.publish_record(bare(b"{}").header(names::EVENT_TYPE, "order.seen")).await;
    t.publish_record(bare(b"{}")).await;
    t.settled().await;
    assert_eq!(t.dead_letters().len(), 2);
    assert_eq!(t.health().snapshot().outcomes.skipped, 1);
    assert_eq!(script.calls(), 0);
    t.assert_conserved();
}

#[tokio::test]
async fn null_key_and_null_value_are_no_special_case() {
    let t = service(&Script::of(&[])).await;
    t.publish_record(NewRecord::new(TopicName::new("orders").unwrap())).await;
    t.settled().await;
    let letter = t.dead_letters().remove(0);
    assert_eq!((letter.key, letter.value), (None, None));
    t.assert_conserved();
}

#[tokio::test]
async fn an_emitted_event_that_its_topic_can_never_take_fails_its_record() {
    async fn huge(Payload(order): Payload<Ordered>) -> Emit<Charged> {
        Emit::to("payments", Charged { id: order.id.repeat(2 << 20) })
    }
    let t = TestService::new(Topic::json("orders").on(huge)).await;
    t.publish_record(record("orders", "e-1", "o")).await;
    t.settled().await;
    assert_eq!(t.outcomes("e-1"), [Saw::Dead]);
    let reason = t.dead_letters()[0].reason.clone().unwrap();
    assert!(reason.contains("too large for payments"), "{reason}");
    t.assert_conserved();
}
