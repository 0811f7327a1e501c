//! The embedded log's groups: who owns what, who may commit, what a pause keeps.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod members;

use std::time::Duration;

use members::{assigned, broker_with, commit, numbered, place, publish, subscribe, values};
use tidegate::broker::{Broker, BrokerError, CommitError, GroupEvent, Subscription};
use tidegate::message::Offset;

#[tokio::test(start_paused = true)]
async fn a_member_alone_gets_everything_and_reads_it() {
    let broker = broker_with(3).await;
    publish(&broker, (0..9).map(|n| numbered(n % 3, n))).await;
    let mut member = subscribe(&broker).await;
    assert_eq!(assigned(&mut member).await, [place(0), place(1), place(2)]);
    for partition in 0..3 {
        member.start(&place(partition), Offset(0));
    }
    let mut read = values(&mut member, 9).await;
    read.sort_unstable();
    assert_eq!(read, (0..9).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_second_member_gets_half_after_the_first_gave_it_back() {
    let broker = broker_with(4).await;
    let mut first = subscribe(&broker).await;
    assert_eq!(assigned(&mut first).await.len(), 4);
    let mut second = subscribe(&broker.clone()).await;
    let GroupEvent::Revoking { partitions, ticket, .. } = first.poll().await else { panic!() };
    assert_eq!(partitions.len(), 2);
    // rule 11: what is being given back can still be committed, and is what the next owner sees.
    publish(&broker, [numbered(partitions[0].partition.0, 1)]).await;
    assert_eq!(commit(&mut first, &partitions[0], 1).await, Ok(()));
    first.revoked(ticket);
    let GroupEvent::Assigned(got) = second.poll().await else { panic!() };
    let names: Vec<_> = got.iter().map(|a| a.partition.clone()).collect();
    assert_eq!(names, partitions);
    assert_eq!(got[0].committed.as_ref().unwrap().offset, Offset(1));
    assert_eq!(got[1].committed, None);
    let late = commit(&mut first, &partitions[0], 1).await;
    assert_eq!(late, Err(CommitError::NotOwned(partitions[0].clone())));
}

/// Spring #4708: a cooperative revoke starves nobody.
#[tokio::test(start_paused = true)]
async fn what_is_retained_keeps_flowing_during_a_rebalance() {
    let broker = broker_with(2).await;
    let mut first = subscribe(&broker).await;
    assigned(&mut first).await;
    (0..2).for_each(|p| first.start(&place(p), Offset(0)));
    let _second = subscribe(&broker).await;
    let GroupEvent::Revoking { partitions, .. } = first.poll().await else { panic!() };
    let kept = 1 - partitions[0].partition.0;
    publish(&broker, [numbered(kept, 7), numbered(1 - kept, 8)]).await;
    assert_eq!(values(&mut first, 1).await, [7]);
    let GroupEvent::Lost(lost) = first.poll().await else { panic!("not given back in time") };
    assert_eq!(lost, partitions);
    publish(&broker, [numbered(kept, 9)]).await;
    assert_eq!(values(&mut first, 1).await, [9]);
}

/// Bug "deferred unassign superseded" (scality/backbeat #2818).
#[tokio::test(start_paused = true)]
async fn a_late_answer_to_a_revoke_does_not_take_the_fresh_grant_away() {
    let broker = broker_with(2).await;
    let mut first = subscribe(&broker).await;
    assigned(&mut first).await;
    let second = subscribe(&broker).await;
    let GroupEvent::Revoking { ticket, partitions, .. } = first.poll().await else { panic!() };
    let GroupEvent::Lost(_) = first.poll().await else { panic!("not given back in time") };
    drop(second);
    assert_eq!(assigned(&mut first).await, partitions);
    first.revoked(ticket);
    publish(&broker, [numbered(partitions[0].partition.0, 1)]).await;
    first.start(&partitions[0], Offset(0));
    assert_eq!(values(&mut first, 1).await, [1]);
    assert_eq!(commit(&mut first, &partitions[0], 1).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_member_that_does_not_poll_is_put_out_and_joins_again() {
    let broker = broker_with(2).await;
    let mut sleepy = subscribe(&broker).await;
    assert_eq!(assigned(&mut sleepy).await.len(), 2);
    (0..2).for_each(|p| sleepy.start(&place(p), Offset(0)));
    sleepy.pause(&[place(0), place(1)]);
    let mut awake = subscribe(&broker).await;
    // Virtual time passes while this waits: the first member polls no more.
    assert_eq!(assigned(&mut awake).await, [place(0), place(1)]);
    assert_eq!(commit(&mut sleepy, &place(0), 0).await, Err(CommitError::StaleGeneration));
    let GroupEvent::Lost(lost) = sleepy.poll().await else { panic!() };
    assert_eq!(lost, [place(0), place(1)]);
    let GroupEvent::Revoking { ticket, partitions, .. } = awake.poll().await else { panic!() };
    awake.revoked(ticket);
    assert_eq!(assigned(&mut sleepy).await, partitions);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_member_is_put_out_at_once() {
    let broker = broker_with(2).await;
    let mut first = subscribe(&broker).await;
    assigned(&mut first).await;
    let mut second = subscribe(&broker).await;
    let before = tokio::time::Instant::now();
    drop(first);
    assert_eq!(assigned(&mut second).await, [place(0), place(1)]);
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_pause_keeps_what_was_loaded_and_nothing_comes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    members::create(&broker, 1).await;
    publish(&broker, (0..50).map(|n| numbered(0, n))).await;
    broker.close().await;
    // Opened again, so that nothing is in memory and the member must load.
    let broker = Broker::embedded(folder.path()).unwrap();
    let mut how = members::subscription();
    how.max_poll_records = 10;
    let mut member = broker.subscribe(how).await.unwrap();
    assigned(&mut member).await;
    member.start(&place(0), Offset(0));
    let mut read = values(&mut member, 10).await;
    member.pause(&[place(0)]);
    members::says_nothing(&mut member).await;
    member.resume(&[place(0)]);
    read.extend(values(&mut member, 40).await);
    assert_eq!(read, (0..50).collect::<Vec<_>>());
}

/// rule 7: loud, never a silent jump.
#[tokio::test(start_paused = true)]
async fn a_position_that_was_deleted_is_said() {
    let broker = broker_with(1).await;
    publish(&broker, (0..9).map(|n| numbered(0, n))).await;
    let mut member = subscribe(&broker).await;
    assigned(&mut member).await;
    broker.delete_records(place(0), Offset(5)).await.unwrap();
    member.start(&place(0), Offset(2));
    let GroupEvent::OutOfRange { position, watermarks, .. } = member.poll().await else { panic!() };
    assert_eq!((position, watermarks.start, watermarks.end), (Offset(2), Offset(5), Offset(9)));
    member.start(&place(0), watermarks.start);
    assert_eq!(values(&mut member, 4).await, [5, 6, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_committed_is_refused_entry_by_entry() {
    let broker = broker_with(1).await;
    publish(&broker, [numbered(0, 0)]).await;
    let mut member = subscribe(&broker).await;
    assert_eq!(
        commit(&mut member, &place(0), 0).await,
        Err(CommitError::NotOwned(place(0))),
        "not told yet"
    );
    assigned(&mut member).await;
    let mut entries: Vec<_> = [1, 2].map(|offset| members::entry(&place(0), offset)).into();
    entries.push(members::entry(&place(0), 1));
    entries[2].committed.metadata = "x".repeat(4097);
    let results = member.commit(entries).await;
    assert_eq!(results[0], Ok(()));
    assert!(matches!(results[1], Err(CommitError::OutOfRange { end: Offset(1), .. })));
    assert!(matches!(results[2], Err(CommitError::MetadataTooLarge { size: 4097, .. })));
    member.close().await;
    assert_eq!(commit(&mut member, &place(0), 1).await, Err(CommitError::Closed));
}

#[tokio::test]
async fn commits_with_metadata_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::embedded(folder.path()).unwrap();
    members::create(&broker, 2).await;
    publish(&broker, (0..4).map(|n| numbered(1, n))).await;
    let mut member = subscribe(&broker).await;
    assigned(&mut member).await;
    let mut entry = members::entry(&place(1), 3);
    entry.committed.metadata = "v1;done=…".into();
    let expected = entry.committed.clone();
    assert_eq!(member.commit(vec![entry]).await, [Ok(())]);
    broker.close().await;
    assert!(matches!(member.poll().await, GroupEvent::Fatal(BrokerError::Closed)));

    let broker = Broker::embedded(folder.path()).unwrap();
    let committed = broker.committed("tests".into()).await.unwrap();
    assert_eq!(committed, [(place(1), expected.clone())]);
    let lag = broker.lag("tests".into(), members::topic()).await.unwrap();
    assert_eq!((lag[0].lag, lag[1].lag), (0, 1));
    let mut member = subscribe(&broker).await;
    let GroupEvent::Assigned(got) = member.poll().await else { panic!() };
    assert_eq!(got[1].committed, Some(expected));
    assert_eq!(broker.groups().await.unwrap()[0].members[0].partitions.len(), 2);
}

#[tokio::test]
async fn a_subscription_that_cannot_work_is_refused() {
    let broker = Broker::in_memory();
    let unknown = broker.subscribe(members::subscription()).await.err();
    assert_eq!(unknown, Some(BrokerError::UnknownTopic(members::topic())));
    members::create(&broker, 1).await;
    let mut slow = members::subscription();
    slow.drain_deadline = slow.max_poll_interval / 2;
    assert!(matches!(broker.subscribe(slow).await.err(), Some(BrokerError::Config(_))));
}

/// Rule 14.
#[tokio::test(start_paused = true)]
async fn records_that_never_end_do_not_keep_a_grant_back() {
    let broker = broker_with(2).await;
    let mut first = subscribe(&broker).await;
    assigned(&mut first).await;
    let second = subscribe(&broker).await;
    let GroupEvent::Revoking { partitions, ticket, .. } = first.poll().await else { panic!() };
    first.revoked(ticket);
    let kept = 1 - partitions[0].partition.0;
    first.start(&place(kept), Offset(0));
    drop(second);
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    for n in 0.. {
        assert!(std::time::Instant::now() < deadline, "never granted again");
        publish(&broker, [numbered(kept, n)]).await;
        match first.poll().await {
            GroupEvent::Records { .. } => {}
            GroupEvent::Assigned(got) => return assert_eq!(got[0].partition, partitions[0]),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_without_end_are_no_overflow() {
    let broker = broker_with(2).await;
    let (shorter, max_poll_interval) = (Duration::from_nanos(1), Duration::MAX);
    let drain_deadline = max_poll_interval / 2 - shorter;
    let patient = Subscription { drain_deadline, max_poll_interval, ..members::subscription() };
    let mut first = broker.subscribe(patient).await.unwrap();
    assigned(&mut first).await;
    let _second = subscribe(&broker).await;
    assert!(matches!(first.poll().await, GroupEvent::Revoking { .. }));
}
