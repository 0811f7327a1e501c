//! A partition of which nothing comes, though its log goes on.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::Consumer as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::{Bench, PATIENCE, bounds, place};
use crate::broker::kafka::member::Member;
use crate::broker::kafka::member::lists::list;
use crate::broker::kafka::member::silence::Silence;
use crate::broker::kafka::{KafkaBroker, KafkaOptions};
use crate::broker::{Consumer as _, GroupEvent, Subscription};
use crate::message::{Offset, TopicPartition};

/// rule 17; rust-rdkafka#840, #665: nothing comes, though the log goes on.
#[test]
fn a_silent_partition_is_read_again_and_then_joined_anew() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 3);
    let grant = (p.clone(), grant);
    let mut course = Vec::new();
    for minute in 1..=2 {
        bench.now += Duration::from_secs(60);
        assert_eq!(bench.state.silences(bench.now), std::slice::from_ref(&grant), "{minute}");
        bench.state.silence_answered(&grant, bounds(0, 9), None, bench.now);
        bench.now += Duration::from_secs(5);
        assert!(bench.state.silences(bench.now).is_empty());
        let told = bench.state.next();
        let Some(GroupEvent::Silent { position: Offset(3), end: Offset(9), .. }) = told else {
            panic!("{told:?}");
        };
        let turn = bench.state.turn(bench.now);
        course.push((turn.hold.len(), turn.seek, turn.join_anew));
        bench.state.sought(&p, Offset(3));
        assert_eq!(bench.state.turn(bench.now).release.len(), 1);
    }
    let again = vec![(p, Offset(3))];
    assert_eq!(course, [(1, again.clone(), false), (1, again, true)]);
}

/// Silences at this position up to joining anew: two, of which the second may be the one.
fn silent_twice(bench: &mut Bench, p: &TopicPartition, grant: u64) -> bool {
    let grant = (p.clone(), grant);
    let mut joined = false;
    for _ in 0..2 {
        bench.state.excuse(bench.now);
        bench.now += Duration::from_secs(60);
        assert_eq!(bench.state.silences(bench.now).len(), 1);
        bench.state.silence_answered(&grant, bounds(0, 9), None, bench.now);
        bench.now += Duration::from_secs(5);
        bench.state.silences(bench.now);
        assert!(matches!(bench.state.next(), Some(GroupEvent::Silent { .. })));
        joined |= bench.state.turn(bench.now).join_anew;
        bench.state.sought(p, Offset(3));
        bench.state.turn(bench.now);
    }
    joined
}

/// I7: what joining anew does not heal, like a batch that is damaged in the log, does not make the group rebalance for ever. A new
/// grant does not forget it.
#[test]
fn the_group_is_joined_anew_for_one_position_now_and_then_only() {
    let (mut bench, p) = (Bench::new(), place(0));
    let mut joined = Vec::new();
    for _ in 0..6 {
        let grant = bench.told(&p);
        bench.running(&p, 3);
        joined.push(silent_twice(&mut bench, &p, grant));
        bench.state.lost(std::slice::from_ref(&p));
        assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
    }
    // Each takes 130 s: the second time after ten minutes.
    assert_eq!(joined, [true, false, false, false, false, true]);
    let grant = bench.told(&p);
    bench.running(&p, 3);
    bench.keep(&p, 3..4);
    assert_eq!(bench.records(), [3]);
    let again = (p.clone(), Offset(4));
    assert!(bench.state.joined.may_join(&again.0, again.1, bench.now), "{grant}: it had spoken");
}

/// What was there were no records: the client has read to the end since.
#[test]
fn a_silence_that_was_told_is_over_when_the_end_is_reached() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 3);
    let named = (p.clone(), grant);
    bench.now += Duration::from_secs(60);
    bench.state.silences(bench.now);
    bench.state.silence_answered(&named, bounds(0, 9), None, bench.now);
    bench.now += Duration::from_secs(5);
    bench.state.silences(bench.now);
    assert!(matches!(bench.state.next(), Some(GroupEvent::Silent { .. })));
    bench.state.turn(bench.now);
    bench.state.sought(&p, Offset(3));
    bench.state.turn(bench.now);
    bench.now += Duration::from_secs(60);
    assert_eq!(bench.state.silences(bench.now).len(), 1);
    bench.state.silence_answered(&named, bounds(0, 9), Some(Offset(9)), bench.now);
    assert!(
        matches!(bench.state.next(), Some(GroupEvent::SilenceOver { partition }) if partition == p)
    );
    assert!(bench.state.next().is_none(), "once");
}

/// Markers of transactions are no records: the client stands behind them.
#[test]
fn a_partition_at_its_end_or_full_or_not_wanted_is_not_silent() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 3);
    let grant = (p.clone(), grant);
    let minute = Duration::from_secs(60);
    for client in [None, Some(Offset(9))] {
        bench.now += minute;
        assert_eq!(bench.state.silences(bench.now).len(), 1);
        let end = if client.is_some() { 9 } else { 3 };
        bench.state.silence_answered(&grant, bounds(0, end), client, bench.now);
        bench.now += Duration::from_secs(6);
        assert!(bench.state.silences(bench.now).is_empty() && bench.state.next().is_none());
    }
    bench.now += minute;
    bench.state.excuse(bench.now);
    assert!(bench.state.silences(bench.now).is_empty(), "nobody wanted records");
    bench.keep(&p, 3..5);
    bench.now += minute;
    assert!(bench.state.silences(bench.now).is_empty(), "there are records");
}

pub(super) async fn next(member: &mut Member) -> GroupEvent {
    tokio::time::timeout(PATIENCE, member.poll()).await.expect("an event")
}

pub(super) fn write(producer: &BaseProducer) {
    let record: BaseRecord<'_, (), str> = BaseRecord::to("t").partition(0).payload("x");
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
}

/// The client stands paused and nobody knows: as a lost wake-up or a lost resume leaves it.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_fallen_silent_is_sent_there_again() {
    let (mock, p) = (MockCluster::new(1).unwrap(), place(0));
    mock.create_topic("t", 1, 1).unwrap();
    let address = mock.bootstrap_servers();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &address).create().unwrap();
    let broker = KafkaBroker::new(KafkaOptions::new(address)).unwrap();
    let how = Subscription::new("g", vec![p.topic.clone()]);
    let mut member = Member::join(broker.0.clone(), &how, 1).unwrap();
    assert!(matches!(next(&mut member).await, GroupEvent::Assigned(_)));
    member.start(&p, Offset(0));
    write(&producer);
    assert!(matches!(next(&mut member).await, GroupEvent::Records { .. }));

    let client = member.client.upgrade().unwrap();
    client.pause(&list([&p])).unwrap();
    drop(client);
    write(&producer);
    let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    let silence = Silence::new(long_ago);
    member.shared.state().readings.get_mut(&p).unwrap().silence = silence;

    let told = next(&mut member).await;
    assert!(
        matches!(told, GroupEvent::Silent { position: Offset(1), end: Offset(2), .. }),
        "{told:?}"
    );
    let GroupEvent::Records { records, .. } = next(&mut member).await else { panic!("records") };
    assert_eq!(records[0].offset, Offset(1), "nothing twice, nothing left out");
    member.close().await;
}
