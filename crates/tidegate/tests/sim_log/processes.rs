//! Processes that stop, go on, and die.

use std::time::Duration;

use tidegate::broker::CommitError;
use tidegate::testing::sim::Process;
use tokio::time::Instant;

use crate::rig::{Rig, SECOND, SESSION, SOON, settle};

/// What waits looks again so long after a deadline.
const LATE: Duration = Duration::from_millis(2);

#[tokio::test(start_paused = true)]
async fn a_stopped_member_loses_its_partitions_at_the_session_end() {
    let rig = Rig::new(2).await;
    let [mut first, mut second] = rig.group().await;
    let stopped = *first.owned.first().unwrap();
    // Heartbeats go on while nobody polls: what counts is the last of them, not the last poll.
    tokio::time::sleep(SESSION * 2).await;
    rig.log.silence(Process(1));
    let began = Instant::now();
    assert!(!second.turn(SESSION - SOON).await, "{:?} too early", second.seen);
    assert!(second.turn(SESSION).await);
    let late = began.elapsed() - SESSION;
    assert!(late <= LATE, "{late:?} after the session's end");
    assert_eq!(second.seen, [format!("assigned [{stopped}]")]);
    rig.log.resume(Process(1));
    first.turns(SOON * 10).await;
    assert_eq!(first.seen[0], format!("lost [{stopped}]"));
}

/// Others that wait already hear of the end of a session that they did not know of.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_wakes_who_waits() {
    let rig = Rig::new(2).await;
    let [_first, mut second] = rig.group().await;
    let began = Instant::now();
    let stop = async {
        tokio::time::sleep(SECOND).await;
        rig.log.silence(Process(1));
    };
    assert!(tokio::join!(second.turn(SESSION * 3), stop).0);
    assert!(began.elapsed() - SESSION - SECOND <= LATE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_in_time_keeps_its_partitions() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    rig.log.silence(Process(1));
    members[1].turns(SESSION - 2 * SOON).await;
    rig.log.resume(Process(1));
    members[1].turns(2 * SESSION).await;
    settle(&mut members).await;
    assert_eq!((members[0].seen.len(), members[1].seen.len()), (0, 0));
    let mine = *members[0].owned.first().unwrap();
    members[0].commit(mine, 0).await.unwrap();
}

/// Nobody looked when the session ran out: it is over all the same.
#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_watched_is_over() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    rig.log.silence(Process(1));
    tokio::time::sleep(SESSION + SOON).await;
    rig.log.resume(Process(1));
    assert_eq!(member.commit(0, 0).await, Err(CommitError::StaleGeneration));
    member.turns(SOON * 10).await;
    assert_eq!(member.seen, ["lost [0]", "assigned [0]"]);
}

/// Fault F2: a plain produce cannot be fenced, and neither can a read.
#[tokio::test(start_paused = true)]
async fn a_zombie_can_publish_but_not_commit() {
    let rig = Rig::new(2).await;
    let [mut zombie, mut heir] = rig.group().await;
    let mine = *zombie.owned.first().unwrap();
    rig.log.silence(Process(1));
    heir.turns(SESSION + SOON).await;
    assert!(heir.owned.contains(&mine));
    rig.log.resume(Process(1));
    rig.publish(1, mine, "a zombie's").await.unwrap();
    assert_eq!(rig.values(mine), ["a zombie's"]);
    assert_eq!(zombie.commit(mine, 1).await, Err(CommitError::StaleGeneration));
    assert_eq!(rig.committed(mine), None);
    // It reads on until it hears of its loss, a round trip later.
    zombie.turns(SOON).await;
    assert_eq!((zombie.values.join(", "), zombie.seen.len()), ("a zombie's".to_owned(), 0));
    zombie.turns(SOON * 10).await;
    assert_eq!(zombie.seen[0], format!("lost [{mine}]"));
}

#[tokio::test(start_paused = true)]
async fn who_does_not_poll_is_out_although_it_is_heard_of() {
    let rig = Rig::new(2).await;
    let [mut slow, mut other] = rig.group().await;
    let mine = *slow.owned.first().unwrap();
    other.turns(301 * SECOND).await; // the longest interval between polls is 5 min
    assert_eq!(other.owned.len(), 2);
    slow.turns(SOON).await;
    assert_eq!(slow.seen[0], format!("lost [{mine}]"));
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_is_out_when_its_session_is() {
    let rig = Rig::new(2).await;
    let [first, mut second] = rig.group().await;
    rig.log.kill(Process(1));
    drop(first);
    let began = Instant::now();
    assert!(second.turn(SESSION * 2).await);
    assert_eq!(second.owned.len(), 2);
    assert!(began.elapsed() - SESSION <= LATE, "{:?}", began.elapsed());
}
