//! What the next owner of a partition finds in its schedule: what waits, what came late, what cannot be read (rules 12, 22).

use std::time::Duration;

use tidegate::health::CheckName;
use tidegate::message::{NewRecord, Offset, Partition, TopicName};
use tidegate::prelude::*;
use tidegate::testing::{Saw, TestService};

use super::{COMPANION, LATER, builder, committed_up_to, waiting};
use crate::common::{Do, Script, record};
use crate::flaky::Flaky;

/// The source's records come again when their commit did not get through: they are in the schedule already.
#[tokio::test]
async fn rule_22_what_is_scheduled_is_completed_when_it_comes_again() {
    let script = Script::of(&[LATER, Do::Work]);
    let mut t = builder(&script, Order::Key).start().await;
    t.publish_records(vec![record("orders", "e-1", "k"), record("orders", "e-2", "k")]).await;
    committed_up_to(&t, 2).await;
    t.stop().await.unwrap();
    rewind(&t).await;
    t.start_again().await;
    t.settled().await;
    assert_eq!(script.seen(), ["k", "k", "k"]);
    assert_eq!(script.attempts(), [1, 2, 1]);
    t.assert_conserved();
}

/// Sets the group's commit back to the start, without what came along with it.
async fn rewind(t: &TestService) {
    use tidegate::broker::{CommitEntry, Committed, GroupEvent, Subscription};
    let topics = vec![TopicName::new("orders").unwrap()];
    let mut member =
        t.broker().subscribe(Subscription::new("test".to_owned(), topics)).await.unwrap();
    let assigned = loop {
        if let GroupEvent::Assigned(assigned) = member.poll().await {
            break assigned;
        }
    };
    let zero = Committed { offset: Offset(0), metadata: String::new() };
    let entries = assigned
        .into_iter()
        .map(|assignment| CommitEntry { partition: assignment.partition, committed: zero.clone() });
    let results = member.commit(entries.collect()).await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    member.close().await;
}

/// Something that is no entry stands in the topic: who passed over it might break the order of a key.
#[tokio::test]
async fn what_cannot_be_read_in_the_schedule_stops_the_service_and_says_where() {
    let script = Script::of(&[Do::Work]);
    let mut t = builder(&script, Order::Key).start().await;
    let junk = NewRecord::new(TopicName::new(COMPANION).unwrap()).partition(Partition(0));
    t.publish_records(vec![junk.key("junk").value("junk")]).await;
    let ended = t.ended().await.unwrap_err().to_string();
    assert!(ended.contains(COMPANION) && ended.contains("offset 0"), "{ended}");
}

/// An entry that was on its way for long comes after its record was settled: it does not come to life again.
#[tokio::test]
async fn rule_22_a_late_entry_of_a_settled_record_is_struck_and_not_run() {
    let script = Script::of(&[LATER, Do::Work]);
    let mut t = builder(&script, Order::Key).start().await;
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    t.settled().await;
    t.crash().await; // the next owner has read all there is before the late one comes
    t.publish_records(vec![record("orders", "e-2", "k")]).await;
    t.settled().await;
    let entry = t.records(COMPANION).into_iter().find(|record| record.value.is_some()).unwrap();
    let mut late = NewRecord::new(entry.topic.clone()).partition(entry.partition);
    (late.key, late.value) = (entry.key, entry.value);
    t.publish_records(vec![late.clone()]).await;
    t.until("it is struck", |t| t.records(COMPANION).len() > 3).await;
    // Or nobody is there when it comes, and who reads it next has not seen the record settled.
    t.stop().await.unwrap();
    t.publish_records(vec![late]).await;
    t.start_again().await;
    t.until("it is struck", |t| t.records(COMPANION).len() > 5).await;
    t.settled().await;
    assert_eq!(script.attempts(), [1, 2, 1], "one more: of the record behind it");
    assert_eq!(waiting(&t).await, 0);
    t.assert_conserved();
}

async fn not_owning(t: &TestService) {
    while !t.health().readiness().failing().any(|c| c == CheckName::Ownership) {
        tokio::time::sleep(Duration::from_millis(1)).await; // `until` would read the topic, too
    }
}

/// All is committed, and nothing is pending that the service knows of: it does not know yet what waits.
#[tokio::test]
async fn settled_waits_until_a_service_that_is_started_again_knows_its_schedule() {
    let (script, flaky) = (Script::of(&[LATER, Do::Work]), Flaky::new());
    let mut t = builder(&script, Order::Key).broker(flaky.broker()).start().await;
    t.publish_records(vec![record("orders", "e-1", "k")]).await;
    committed_up_to(&t, 1).await;
    flaky.hide(COMPANION);
    t.crash().await;
    let healed = async {
        not_owning(&t).await;
        flaky.heal();
    };
    tokio::join!(t.settled(), healed);
    assert_eq!(t.outcomes("e-1"), [Saw::Retried, Saw::Done]);
    t.assert_conserved();
}

/// Rule 12: what waits for a partition is known before anything of it runs. As long as it cannot be read, the partition waits, and
/// readiness says so.
#[tokio::test]
async fn rule_12_a_partition_whose_schedule_cannot_be_read_waits_and_is_not_ready() {
    let (script, flaky) = (Script::of(&[LATER, Do::Work]), Flaky::new());
    let mut t = builder(&script, Order::Key).broker(flaky.broker()).start().await;
    t.publish_records(vec![record("orders", "e-1", "first")]).await;
    committed_up_to(&t, 1).await;
    flaky.hide(COMPANION);
    t.crash().await;
    let behind = NewRecord { key: Some("first".into()), ..record("orders", "e-2", "second") };
    t.publish_records(vec![behind]).await;
    not_owning(&t).await;
    let why: Vec<_> = t.health().readiness().reasons().map(str::to_owned).collect();
    assert!(why.iter().any(|why| why.contains("its schedule cannot be read")), "{why:?}");
    assert_eq!(script.seen(), ["first"]);
    flaky.heal();
    t.settled().await;
    assert_eq!(script.seen(), ["first", "first", "second"]);
    assert!(t.health().readiness().is_ready(), "{:?}", t.health().readiness());
    t.assert_conserved();
}
