//! Several members of one group.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tidegate::message::Partition;
use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::common::{Do, Ordered, Script, order, record, scripted};

async fn member(broker: &Broker, script: &Arc<Script>) -> TestService {
    let routes = Topic::json("orders").on(scripted).order(Order::Partition);
    let routes = routes.with_state(script.clone());
    TestService::builder(routes).broker(broker.clone()).shares_group().partitions(4).start().await
}

fn owned(t: &TestService) -> usize {
    t.health().snapshot().assigned.len()
}

#[tokio::test]
async fn two_members_split_the_partitions_and_nothing_is_handled_twice() {
    let (broker, script) = (Broker::in_memory(), Script::of(&[]));
    let a = member(&broker, &script).await;
    a.until("all", |a| owned(a) == 4).await;
    for n in 0..50 {
        a.publish("orders", &order(&format!("before-{n}"))).await;
    }
    let mut b = member(&broker, &script).await;
    a.until("half each", |a| owned(a) == 2 && owned(&b) == 2).await;
    for n in 0..50 {
        a.publish("orders", &order(&format!("after-{n}"))).await;
    }
    tokio::join!(a.settled(), b.settled());
    b.stop().await.unwrap();
    a.until("all again", |a| owned(a) == 4).await;
    assert_eq!(script.calls(), 100, "a clean hand-over repeats nothing");
    a.assert_conserved();
    b.assert_conserved();
}

#[tokio::test]
async fn rule_11_a_revoke_waits_for_the_running_handler_and_commits_before_it_gives_back() {
    let (broker, script) = (Broker::in_memory(), Script::of(&[Do::Wait]));
    let a = member(&broker, &script).await;
    a.until("all", |a| owned(a) == 4).await;
    for n in 0..40 {
        a.publish("orders", &order(&format!("o-{n}"))).await;
    }
    a.until("one runs in each", |_| script.calls() == 4).await;
    let b = member(&broker, &script).await;
    (0..1000).for_each(|_| script.open());
    a.until("half each", |a| owned(a) == 2 && owned(&b) == 2).await;
    tokio::join!(a.settled(), b.settled());
    assert_eq!(script.calls(), 40, "what ran was finished and committed: nobody repeats it");
    a.assert_conserved();
    b.assert_conserved();
}

/// More is handed over than may run: what waits for a place, held by others, does not hold up a revoke.
#[tokio::test]
async fn rule_11_what_waits_for_a_place_is_given_back_at_once() {
    let (broker, script) = (Broker::in_memory(), Script::of(&[Do::Wait]));
    let member = || {
        let routes = Topic::json("orders").on(scripted).with_state(script.clone());
        let built = TestService::builder(routes).broker(broker.clone()).shares_group();
        built.partitions(4).concurrency(2).drain(secs(25)).patience(secs(15)) // the deadline is not what ends it
    };
    let a = member().start().await;
    a.until("all", |a| owned(a) == 4).await;
    let in_partition =
        |n: u32| record("orders", &format!("e-{n}"), &format!("k-{n}")).partition(Partition(n));
    // The last two partitions are those that it keeps.
    a.publish_records(vec![in_partition(2), in_partition(3)]).await;
    a.until("two run", |_| script.calls() == 2).await;
    a.publish_records(vec![in_partition(0), in_partition(1)]).await;
    a.until("two wait", |a| a.health().snapshot().in_flight == 4).await;
    let b = member().start().await;
    a.until("half each, though nothing has ended", |a| owned(a) == 2 && owned(&b) == 2).await;
    (0..1000).for_each(|_| script.open());
    tokio::join!(a.settled(), b.settled());
    assert_eq!(script.calls(), 4, "nothing was begun twice");
    a.assert_conserved();
    b.assert_conserved();
}

/// Counts the calls that were cut off.
struct CutOff(Arc<AtomicUsize>);

impl Drop for CutOff {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn hangs(_: Payload<Ordered>, State(calls): State<Arc<AtomicUsize>>) {
    let _cut_off = CutOff(calls);
    std::future::pending().await
}

#[tokio::test]
async fn rule_11_what_runs_at_the_drain_deadline_is_cut_off_and_what_is_retained_runs_on() {
    let (broker, cut_off) = (Broker::in_memory(), Arc::new(AtomicUsize::new(0)));
    let one = || Topic::json("orders").on(hangs).order(Order::Partition);
    let patient = || one().timeout(Duration::MAX);
    let routes = || patient().with_state(cut_off.clone());
    let start = || TestService::builder(routes()).broker(broker.clone()).shares_group();
    let a = start().partitions(4).start().await;
    a.until("all", |a| owned(a) == 4).await;
    for n in 0..40 {
        a.publish("orders", &order(&format!("o-{n}"))).await;
    }
    a.until("one runs in each", |a| a.health().snapshot().attempts == 4).await;
    let b = start().partitions(4).start().await;
    a.until("half each", |a| {
        a.advance(secs(5)); // once the half is asked back, this is its drain deadline
        owned(a) == 2 && owned(&b) == 2
    })
    .await;
    a.until("cut off", |_| cut_off.load(Ordering::SeqCst) == 2).await;
    assert!(a.health().snapshot().in_flight > 0);
}
