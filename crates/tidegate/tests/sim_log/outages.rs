//! A broker that goes, leaders that move, offsets without a record.

use futures_util::FutureExt;
use tidegate::broker::{BrokerError, PublishError};
use tidegate::message::Offset;
use tidegate::testing::sim::{Call, Injection, Outage, Process};
use tokio::time::Instant;

use crate::rig::{Rig, SECOND, SESSION, SOON, at, record, settle};

const AWAY: Outage = Outage {
    lasts: std::time::Duration::from_secs(1_000), // longer than every time that a group counts
    calls_wait: false,
    on_the_way_arrives: false,
};

#[tokio::test(start_paused = true)]
async fn a_restarted_broker_has_what_it_acknowledged() {
    let rig = Rig::new(2).await;
    let mut members = rig.group::<2>().await;
    let mine = *members[0].owned.first().unwrap();
    rig.publish(0, mine, "a").await.unwrap();
    members[0].commit(mine, 0).await.unwrap();
    rig.log.restart_broker(AWAY);
    let refused = rig.publish(0, mine, "b").await.unwrap_err();
    assert!(matches!(refused, PublishError::Unavailable(_)), "{refused:?}");
    assert!(members[0].commit(mine, 1).await.is_err());
    let refused = rig.log.broker(Process(0)).health().await.unwrap_err();
    assert!(matches!(refused, BrokerError::Unavailable(_)), "{refused:?}");
    let began = Instant::now();
    assert!(members[0].turn(AWAY.lasts * 2).await, "nothing comes until it is back");
    assert_eq!(began.elapsed(), AWAY.lasts);
    assert_eq!(members[0].values, ["a"]);
    settle(&mut members).await;
    assert_eq!((members[0].seen.len(), members[1].seen.len()), (0, 0), "memberships survive");
    assert_eq!(rig.committed(mine), Some(0));
    members[0].commit(mine, 1).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn calls_may_wait_for_the_broker() {
    let rig = Rig::new(1).await;
    let began = Instant::now();
    rig.log.restart_broker(Outage { calls_wait: true, ..AWAY });
    let sent = rig.publish(0, 0, "a");
    let asked = rig.log.broker(Process(1));
    let (sent, bounds) = tokio::join!(sent, asked.watermarks(at(0)));
    sent.unwrap();
    assert_eq!(bounds.unwrap().end, Offset(1));
    assert_eq!(began.elapsed(), AWAY.lasts);
}

/// Whoever has no answer does not know; both can be.
#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_when_the_broker_goes_arrives_or_not() {
    for arrives in [true, false] {
        let rig = Rig::new(1).await;
        rig.inject(1, Call::Publish, Injection::ActsLate(SESSION));
        let sent = rig.log.broker(Process(1)).publish(vec![record(0, "a")]);
        rig.log.restart_broker(Outage { on_the_way_arrives: arrives, ..AWAY });
        assert!(sent.await[0].as_ref().unwrap_err().is_unknown());
        tokio::time::sleep(AWAY.lasts).await;
        assert_eq!(rig.values(0).len(), usize::from(arrives));
    }
}

/// It was appended, and the answer went with the connection.
#[tokio::test(start_paused = true)]
async fn an_answer_that_the_broker_owes_when_it_goes_is_lost() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::Late(SESSION));
    let sent = rig.log.broker(Process(1)).publish(vec![record(0, "a")]);
    rig.log.restart_broker(AWAY);
    assert!(sent.await[0].as_ref().unwrap_err().is_unknown());
    assert_eq!(rig.values(0), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_moved_leader_delays_its_partition_alone() {
    let rig = Rig::new(2).await;
    let [mut member] = rig.group().await;
    rig.publish(0, 0, "left").await.unwrap();
    rig.publish(0, 1, "right").await.unwrap();
    let began = Instant::now();
    rig.log.move_leader(&at(0), 3 * SECOND);
    member.turns(SOON).await;
    assert_eq!(member.values, ["right"]);
    let publish = rig.publish(2, 0, "later");
    tokio::pin!(publish);
    assert!(futures_util::poll!(&mut publish).is_pending());
    rig.publish(3, 1, "at once").now_or_never().unwrap().unwrap();
    publish.await.unwrap();
    assert_eq!(began.elapsed(), 3 * SECOND);
    member.turns(SOON).await;
    assert_eq!(rig.values(0), ["left", "later"]);
    assert_eq!(member.values.len(), 4, "{:?}", member.values);
}

#[tokio::test(start_paused = true)]
async fn offsets_without_a_record_are_passed() {
    let rig = Rig::new(1).await;
    for value in ["a", "b", "c"] {
        rig.publish(0, 0, value).await.unwrap();
    }
    rig.log.compact(&at(0), |record| record.offset != Offset(1));
    rig.log.skip_offsets(&at(0), 5);
    let [mut member] = rig.group().await;
    assert_eq!(member.values, ["a", "c"]);
    assert_eq!(rig.publish(0, 0, "d").await.unwrap().offset, Offset(8));
    member.turns(SOON).await;
    assert_eq!(member.values, ["a", "c", "d"]);
    member.commit(0, 9).await.unwrap();
}
