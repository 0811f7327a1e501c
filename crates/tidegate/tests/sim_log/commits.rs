//! What each fault does to a commit.

use tidegate::broker::CommitError;
use tidegate::testing::sim::{Call, Injection, Refusal, Shift};

use crate::rig::{GROUP, Rig, SECOND, at, entry, settle};

#[tokio::test(start_paused = true)]
async fn a_lost_reply_left_the_commit() {
    let rig = Rig::new(1).await;
    rig.publish(0, 0, "a").await.unwrap();
    let [mut member] = rig.group().await;
    rig.inject(1, Call::Commit, Injection::LoseReply(SECOND));
    let lost = member.commit(0, 1).await.unwrap_err();
    assert!(matches!(lost, CommitError::Unavailable(_)), "{lost:?}");
    assert_eq!(rig.committed(0), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_left_no_commit() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    rig.inject(1, Call::Commit, Injection::LoseRequest(SECOND));
    let lost = member.commit(0, 0).await.unwrap_err();
    assert!(matches!(lost, CommitError::Unavailable(_)), "{lost:?}");
    assert_eq!(rig.committed(0), None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_commit_says_why_and_stores_nothing() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    for (why, error) in [
        (Refusal::StaleGeneration, CommitError::StaleGeneration),
        (Refusal::RebalanceInProgress, CommitError::RebalanceInProgress),
    ] {
        rig.inject(1, Call::Commit, Injection::RefuseCommit(why));
        assert_eq!(member.commit(0, 0).await, Err(error));
    }
    for why in [Refusal::CoordinatorLoading, Refusal::NotCoordinator, Refusal::Unavailable] {
        rig.inject(1, Call::Commit, Injection::RefuseCommit(why));
        assert_eq!(member.commit(0, 0).await, Err(CommitError::Unavailable(why.to_string())));
    }
    assert_eq!(rig.committed(0), None);
    member.commit(0, 0).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_late_commit_is_stored_when_it_arrives() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    rig.inject(1, Call::Commit, Injection::ActsLate(SECOND));
    drop(member.consumer.commit(vec![entry(0, 0)]));
    assert_eq!(rig.committed(0), None);
    tokio::time::sleep(SECOND).await;
    assert_eq!(rig.committed(0), Some(0));
}

/// Fencing is at the arrival, not at the call.
#[tokio::test(start_paused = true)]
async fn a_commit_that_arrives_after_the_partition_went_is_refused() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    let mine = *members[0].owned.first().unwrap();
    rig.inject(1, Call::Commit, Injection::ActsLate(SECOND));
    let commit = members[0].consumer.commit(vec![entry(mine, 0)]);
    rig.log.rebalance(GROUP, Shift::Everything);
    settle(&mut members).await;
    assert!(members[1].owned.contains(&mine), "it went to the other one");
    assert_eq!(commit.await, [Err(CommitError::NotOwned(at(mine)))]);
    assert_eq!(rig.committed(mine), None);
}
