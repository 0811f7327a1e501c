//! Rebalances, and a coordinator that moves.

use std::collections::BTreeSet;

use tidegate::broker::CommitError;
use tidegate::testing::sim::{Process, Refusal, Shift};

use crate::rig::{GROUP, Member, Rig, SECOND, SESSION, SOON, settle};

fn owned(members: &[Member]) -> Vec<BTreeSet<u32>> {
    members.iter().map(|member| member.owned.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_eager_rebalance_takes_everything_from_all() {
    let rig = Rig::new(4).await;
    let mut members = rig.group::<2>().await;
    let before = owned(&members);
    rig.log.set_eager(GROUP, true);
    rig.log.rebalance(GROUP, Shift::Nothing);
    // Nothing is given out before the last one has given back.
    members[0].turns(SOON).await;
    assert_eq!((members[0].seen.len(), members[0].owned.len()), (1, 0));
    settle(&mut members).await;
    assert_eq!(owned(&members), before, "all keep what they had");
    for (member, before) in members.iter().zip(before) {
        let had = Vec::from_iter(before);
        assert_eq!(member.seen, [format!("revoking {had:?}"), format!("assigned {had:?}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooperative_rebalance_takes_only_what_moves() {
    let rig = Rig::new(5).await;
    let mut members = rig.group::<3>().await;
    for _ in 0..10 {
        let before = owned(&members);
        rig.log.rebalance(GROUP, Shift::Least);
        settle(&mut members).await;
        let after = owned(&members);
        let moved: usize = before.iter().zip(&after).map(|(b, a)| b.difference(a).count()).sum();
        assert!((1..=2).contains(&moved), "{before:?} to {after:?}");
        let mut counts: Vec<_> = after.iter().map(BTreeSet::len).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 2]);
    }
    assert!(members.iter().all(|m| m.seen.iter().all(|seen| !seen.starts_with("lost"))));
}

#[tokio::test(start_paused = true)]
async fn everything_can_move() {
    let rig = Rig::new(6).await;
    let mut members = rig.group::<3>().await;
    let before = owned(&members);
    rig.log.rebalance(GROUP, Shift::Everything);
    settle(&mut members).await;
    for (after, before) in owned(&members).iter().zip(&before) {
        assert_eq!(after.len(), 2);
        assert!(after.is_disjoint(before), "{before:?} to {after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rebalance_that_moves_nothing_is_an_empty_assignment() {
    let rig = Rig::new(4).await;
    let mut members = rig.group::<2>().await;
    rig.log.rebalance(GROUP, Shift::Nothing);
    settle(&mut members).await;
    for member in &members {
        assert_eq!((member.seen.join(", "), member.owned.len()), ("assigned []".to_owned(), 2));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_put_out_loses_all_and_joins_again() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    let mine = *members[0].owned.first().unwrap();
    rig.log.put_out(Process(1));
    assert_eq!(members[0].commit(mine, 0).await, Err(CommitError::StaleGeneration));
    members[1].turns(SOON).await;
    assert_eq!(members[1].owned.len(), 2);
    settle(&mut members).await;
    assert_eq!(members[0].seen[0], format!("lost [{mine}]"));
    assert_eq!((members[0].owned.len(), members[1].owned.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_moved_coordinator_refuses_commits_and_keeps_members() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    let mine = *members[0].owned.first().unwrap();
    let lasts = SESSION * 100; // longer than every time that it counts
    rig.log.move_coordinator(lasts, Refusal::NotCoordinator);
    let refused = members[0].commit(mine, 0).await.unwrap_err();
    assert_eq!(refused, CommitError::Unavailable(Refusal::NotCoordinator.to_string()));
    // Records do not come from the coordinator.
    rig.publish(0, mine, "a").await.unwrap();
    members[0].turns(SOON).await;
    assert_eq!(members[0].values, ["a"]);
    tokio::time::sleep(lasts).await;
    settle(&mut members).await;
    assert_eq!(members[0].seen, [""; 0], "nobody was put out");
    members[0].commit(mine, 1).await.unwrap();
}

/// Who joins, leaves or gives back while nobody speaks for the group does so when somebody does again.
#[tokio::test(start_paused = true)]
async fn what_is_said_to_a_coordinator_that_is_away_arrives() {
    let rig = Rig::new(2).await;
    let [mut first] = rig.group().await;
    let second = rig.join(2).await;
    first.answers = false;
    first.turns(SOON).await;
    let asked = first.seen.iter().find(|seen| seen.starts_with("revoking")).unwrap().clone();
    rig.log.move_coordinator(60 * SECOND, Refusal::CoordinatorLoading);
    first.consumer.revoked(first.ticket.unwrap());
    let mut members = [first, second];
    for member in &mut members {
        member.turns(SECOND).await;
    }
    assert_eq!(members[1].seen, [""; 0]);
    tokio::time::sleep(60 * SECOND).await;
    settle(&mut members).await;
    assert!(members[0].seen.iter().all(|seen| !seen.starts_with("lost")), "{:?}", members[0].seen);
    assert_eq!(members[1].seen, [asked.replace("revoking", "assigned")]);
}
