//! What each fault does to a call.

use futures_util::FutureExt;
use tidegate::broker::{FetchLimit, PublishError, RevokeTicket, Subscription};
use tidegate::message::{Offset, Timestamp};
use tidegate::testing::sim::{Call, Injection, Process};
use tokio::time::Instant;

use crate::rig::{GROUP, Rig, SECOND, SOON, at, entry, record, topic};

#[tokio::test(start_paused = true)]
async fn a_refused_publish_is_not_in_the_log() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::Refuse);
    let refused = rig.publish(1, 0, "a").await.unwrap_err();
    assert!(matches!(refused, PublishError::Unavailable(_)), "{refused:?}");
    assert_eq!(rig.values(0), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_left_the_record() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::LoseReply(SECOND));
    let began = Instant::now();
    assert!(rig.publish(1, 0, "a").await.unwrap_err().is_unknown());
    assert_eq!((began.elapsed(), rig.values(0)), (SECOND, vec!["a".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_left_nothing_and_looks_the_same() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::LoseRequest(SECOND));
    assert!(rig.publish(1, 0, "a").await.unwrap_err().is_unknown());
    assert_eq!(rig.values(0), [""; 0]);
}

/// What is wrong before it is sent is known, whatever happens on the way.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_says_what_was_never_sent() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::LoseReply(SECOND));
    let broker = rig.log.broker(Process(1));
    let results = broker.publish(vec![record(7, "no such place"), record(0, "a")]).await;
    assert_eq!(results[0], Err(PublishError::UnknownPartition(at(7))));
    assert!(results[1].as_ref().unwrap_err().is_unknown());
}

#[tokio::test(start_paused = true)]
async fn a_late_record_arrives_although_its_sender_is_gone() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    rig.inject(2, Call::Publish, Injection::ActsLate(SECOND));
    assert!(rig.publish(2, 0, "a").now_or_never().is_none());
    rig.log.kill(Process(2));
    let began = Instant::now();
    assert_eq!(rig.values(0), [""; 0]);
    // It wakes who waits for it.
    assert!(member.turn(10 * SECOND).await);
    assert_eq!((began.elapsed(), member.values), (SECOND, vec!["a".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_comes_late_and_true() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::Late(SECOND));
    let began = Instant::now();
    let sent = rig.publish(1, 0, "a");
    tokio::pin!(sent);
    assert!(futures_util::poll!(&mut sent).is_pending());
    assert_eq!(rig.values(0), ["a"]);
    assert_eq!(sent.await.unwrap().offset, Offset(0));
    assert_eq!(began.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn publishes_of_a_process_do_not_overtake_each_other() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::ActsLate(SECOND));
    let broker = rig.log.broker(Process(1));
    let (first, second) =
        (broker.publish(vec![record(0, "first")]), broker.publish(vec![record(0, "second")]));
    rig.publish(2, 0, "another's").await.unwrap();
    let (second, first) = tokio::join!(second, first);
    assert_eq!(rig.values(0), ["another's", "first", "second"]);
    assert_eq!(first[0].as_ref().unwrap().offset, Offset(1));
    assert_eq!(second[0].as_ref().unwrap().offset, Offset(2));
}

#[tokio::test(start_paused = true)]
async fn a_dead_process_is_never_answered() {
    let rig = Rig::new(1).await;
    let [mut member] = rig.group().await;
    let broker = rig.log.broker(Process(1));
    rig.inject(1, Call::Publish, Injection::Crash);
    assert!(broker.publish(vec![record(0, "a")]).now_or_never().is_none());
    assert_eq!(rig.values(0), [""; 0]);
    let asked = rig.script.calls(Process(1)).len();
    assert!(broker.health().now_or_never().is_none());
    assert!(member.consumer.commit(vec![entry(0, 0)]).now_or_never().is_none());
    assert!(!member.turn(100 * SECOND).await);
    assert_eq!(rig.script.calls(Process(1)).len(), asked, "nobody asks for the dead");
    assert_eq!(rig.committed(0), None);
    rig.log.broker(Process(1)).health().await.unwrap(); // another life
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_publish_leaves_the_record() {
    let rig = Rig::new(1).await;
    rig.inject(1, Call::Publish, Injection::CrashAfter);
    assert!(rig.publish(1, 0, "a").now_or_never().is_none());
    assert_eq!(rig.values(0), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_refused_or_late_brings_nothing_for_a_while() {
    let rig = Rig::new(1).await;
    rig.publish(0, 0, "a").await.unwrap();
    let mut member = rig.join(1).await;
    assert!(member.turn(SOON).await, "assigned");
    for (injection, wait) in [
        (Injection::Refuse, SECOND / 10),
        (Injection::Late(SECOND), SECOND),
        (Injection::LoseReply(SECOND), SECOND),
    ] {
        member.consumer.start(&at(0), Offset(0));
        rig.inject(1, Call::Poll, injection);
        let began = Instant::now();
        assert!(!member.turn(wait / 2).await, "{injection:?}");
        assert!(member.turn(SECOND).await, "{injection:?}: a poll that is dropped loses nothing");
        assert_eq!(began.elapsed(), wait, "{injection:?}");
    }
}

/// A reply to a join that is lost leaves a member that nobody polls: its session runs out.
#[tokio::test(start_paused = true)]
async fn a_join_whose_reply_is_lost_leaves_a_member_for_one_session() {
    let rig = Rig::new(2).await;
    rig.inject(2, Call::Subscribe, Injection::LoseReply(SOON));
    let how = Subscription::new(GROUP, vec![topic()]);
    assert!(rig.log.broker(Process(2)).subscribe(how).await.is_err());
    let mut member = rig.join(1).await;
    member.turns(SOON).await;
    assert_eq!(member.owned.len(), 1);
    member.turns(60 * SECOND).await; // longer than the default session
    assert_eq!(member.owned.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_a_revoke_that_is_lost_costs_the_partition() {
    let rig = Rig::new(2).await;
    let [mut first] = rig.group().await;
    let mut second = rig.join(2).await;
    rig.inject(1, Call::Revoked, Injection::LoseRequest(SOON));
    first.turns(SOON).await;
    second.turns(SOON).await;
    assert_eq!((first.owned.len(), second.owned.len()), (1, 0), "it was given back, it thinks");
    second.turns(6 * SECOND).await; // the drain deadline is 5 s
    first.turns(SOON).await;
    assert_eq!((first.owned.len(), second.owned.len()), (1, 1));
    assert_eq!(
        first.seen.last(),
        second.seen.first().map(|s| s.replace("assigned", "lost")).as_ref()
    );
}

#[tokio::test(start_paused = true)]
async fn every_call_asks_once() {
    let rig = Rig::new(1).await;
    let broker = rig.log.broker(Process(1));
    broker.cluster_id().await.unwrap();
    broker.watermarks(at(0)).await.unwrap();
    broker.offset_for_time(at(0), Timestamp(0)).await.unwrap();
    broker.topics().await.unwrap();
    broker.delete_records(at(0), Offset(0)).await.unwrap();
    broker.groups().await.unwrap();
    broker.committed(GROUP.to_owned()).await.unwrap();
    broker.lag(GROUP.to_owned(), topic()).await.unwrap();
    broker.health().await.unwrap();
    let limit = FetchLimit { wait: SECOND, ..FetchLimit::default() };
    let waits = broker.fetch(at(0), Offset(0), limit);
    let writes = async { rig.publish(0, 0, "a").await.unwrap() };
    assert_eq!(tokio::join!(waits, writes).0.unwrap().records.len(), 1);
    let mut member = rig.join(1).await;
    member.turn(SOON).await; // and starts what it gets
    member.consumer.pause(&[at(0)]);
    member.consumer.resume(&[at(0)]);
    member.commit(0, 0).await.unwrap();
    member.consumer.revoked(RevokeTicket(7));
    member.consumer.close().await;
    member.consumer.close().await; // has nothing to say any more
    assert_eq!(
        rig.script.calls(Process(1)),
        [
            Call::ClusterId,
            Call::Watermarks,
            Call::OffsetForTime,
            Call::Topics,
            Call::DeleteRecords,
            Call::Groups,
            Call::Committed,
            Call::Lag,
            Call::Health,
            Call::Fetch,
            Call::Subscribe,
            Call::Poll,
            Call::Start,
            Call::Pause,
            Call::Resume,
            Call::Commit,
            Call::Revoked,
            Call::Close,
        ]
    );
}

/// Time would be the machine's, and no run like another.
#[test]
#[should_panic(expected = "within a tokio runtime")]
fn a_log_that_is_made_outside_of_a_runtime_is_refused() {
    let _ = tidegate::testing::sim::SimLog::new().broker(Process(1));
}
