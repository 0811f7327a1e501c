//! Several members of one group.

use std::sync::Arc;

use tidegate::prelude::*;
use tidegate::testing::TestService;

use crate::common::{Do, Script, order, scripted};

async fn member(broker: &Broker, script: &Arc<Script>) -> TestService {
    let routes = Topic::json("orders").on(scripted).with_state(script.clone());
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
