//! A batch that cannot be read (rule 6).

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::BaseProducer;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use super::silent::{next, write};
use super::{Bench, bounds, place};
use crate::broker::kafka::member::Member;
use crate::broker::kafka::{KafkaBroker, KafkaOptions};
use crate::broker::{BrokerError, Consumer as _, GroupEvent, Subscription};
use crate::message::{Offset, TopicPartition};

const WRONG: &str = "the checksum is wrong";

impl Bench {
    /// The client has read `0..2`, and cannot read what comes next.
    fn corrupt(&mut self, p: &TopicPartition) -> (TopicPartition, u64) {
        let grant = self.told(p);
        self.running(p, 0);
        self.keep(p, 0..2);
        self.state.met_corrupt(p, WRONG, self.now);
        assert_eq!(self.corrupt_at(), Some(2));
        (p.clone(), grant)
    }

    /// What the member is told next: that nothing can be read from there on.
    fn corrupt_at(&mut self) -> Option<u64> {
        match self.state.next() {
            Some(GroupEvent::CorruptBatch { position, reason, .. }) => {
                assert_eq!(reason, WRONG);
                Some(position.0)
            }
            _ => None,
        }
    }

    fn over(&mut self) -> bool {
        matches!(self.state.next(), Some(GroupEvent::CorruptBatchOver { .. }))
    }

    /// How many seconds later another client is asked to read there; it answers this.
    fn asked(&mut self, grant: &(TopicPartition, u64), found: Result<(), BrokerError>) -> u64 {
        for second in 0..100 {
            let asks = self.state.ask_readable(self.now);
            if !asks.is_empty() {
                assert_eq!(asks, [(grant.clone(), Offset(2))]);
                assert!(self.state.ask_readable(self.now).is_empty(), "once");
                self.state.was_asked(grant, &found, self.now);
                return second;
            }
            assert_eq!(self.state.turn(self.now).seek, [], "the client is sent nowhere");
            self.now += Duration::from_secs(1);
        }
        panic!("nobody is asked");
    }
}

fn wrong(at: &TopicPartition) -> Result<(), BrokerError> {
    let (partition, reason) = (at.clone(), WRONG.to_owned());
    Err(BrokerError::Corrupt { partition, offset: Offset(2), reason })
}

/// The client is held at once. It is sent back when another one has read there, whose tries are told; a record ends it.
#[test]
fn rule_6_nothing_is_kept_behind_a_corrupt_batch_until_another_client_has_read_it() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.corrupt(&p);
    assert_eq!(bench.records(), [0, 1], "what lies before it");
    assert_eq!(bench.state.turn(bench.now).hold, std::slice::from_ref(&p));
    let mut pauses = Vec::new();
    for _ in 0..6 {
        bench.keep(&p, 12..14);
        pauses.push(bench.asked(&grant, wrong(&p)));
        assert_eq!(bench.corrupt_at(), Some(2));
        assert_eq!(bench.records(), Vec::<u64>::new());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30]);
    bench.asked(&grant, Ok(()));
    assert!(bench.state.next().is_none(), "the client is not there yet");
    assert_eq!(bench.state.turn(bench.now).seek, [(p.clone(), Offset(2))]);
    bench.state.sought(&p, Offset(2));
    assert!(bench.over());
    assert_eq!(bench.state.turn(bench.now).release, std::slice::from_ref(&p));
    bench.keep(&p, 2..4);
    assert_eq!(bench.records(), [2, 3]);
    bench.state.met_corrupt(&p, WRONG, bench.now);
    assert_eq!(bench.corrupt_at(), Some(4), "another one");
    assert!(bench.state.ask_readable(bench.now + Duration::from_secs(1)).len() == 1, "soon");
}

/// It is seen again as soon as the client is sent back: the pauses go on where they were.
#[test]
fn a_batch_that_is_corrupt_again_before_a_record_has_come_waits_longer() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.corrupt(&p);
    assert_eq!(bench.records(), [0, 1]);
    bench.state.turn(bench.now);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        pauses.push(bench.asked(&grant, Ok(())));
        bench.state.turn(bench.now);
        bench.state.sought(&p, Offset(2));
        bench.state.turn(bench.now);
        assert!(bench.over());
        bench.state.met_corrupt(&p, WRONG, bench.now);
        assert_eq!(bench.corrupt_at(), Some(2));
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
}

/// Records from before it are finished meanwhile. The end that was known before lies before them.
#[test]
fn what_was_read_before_a_corrupt_batch_can_be_committed() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 9);
    bench.keep(&p, 9..15);
    bench.state.met_corrupt(&p, WRONG, bench.now);
    let (_, end) = bench.state.check_commit(&p).unwrap();
    assert_eq!(end, Offset(15), "it ended at 10 when it was granted");
    assert!(bench.state.turn(bench.now).check.is_empty(), "nor is it asked where it ends");
}

/// I7: the client has given it up, and takes no seek. The group is joined anew when another one can read it, and for one position
/// seldom, whatever it is granted meanwhile.
#[test]
fn a_client_that_has_given_up_joins_anew_when_the_batch_can_be_read_and_seldom() {
    let (mut bench, p) = (Bench::new(), place(0));
    let mut joined = Vec::new();
    for _ in 0..2 {
        let grant = bench.corrupt(&p);
        assert_eq!(bench.records(), [0, 1]);
        bench.asked(&grant, wrong(&p));
        assert!(!bench.state.turn(bench.now).join_anew && bench.corrupt_at() == Some(2));
        bench.asked(&grant, Ok(()));
        assert_eq!(bench.state.turn(bench.now).seek, [(p.clone(), Offset(2))]);
        assert!(!bench.state.refused(&p, bench.now));
        bench.now += Duration::from_secs(1);
        assert!(bench.state.refused(&p, bench.now));
        bench.state.busy = true;
        joined.push(bench.state.turn(bench.now).join_anew);
        if joined.len() == 1 {
            bench.state.lost(std::slice::from_ref(&p));
            assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
        }
    }
    assert_eq!(joined, [true, false]);
    assert!(bench.state.is_corrupt(&p), "it waits on");
}

/// Rule 7: somebody has deleted it, with all up to behind it.
#[test]
fn a_corrupt_batch_that_is_not_in_the_log_any_more_is_out_of_range() {
    let (mut bench, p) = (Bench::new(), place(0));
    let (_, grant) = bench.corrupt(&p);
    assert_eq!(bench.records(), [0, 1]);
    assert!(bench.state.bounded(&p, grant, bounds(5, 14), true));
    assert!(bench.over());
    let event = bench.state.next();
    assert!(matches!(event, Some(GroupEvent::OutOfRange { position: Offset(2), .. })));
    assert!(bench.state.ask_readable(bench.now + Duration::from_secs(60)).is_empty());
}

/// What was found out for an earlier start or grant says nothing.
#[test]
fn a_start_ends_what_was_known_of_a_corrupt_batch() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.corrupt(&p);
    bench.state.start(&p, Offset(7));
    bench.state.was_asked(&grant, &wrong(&p), bench.now);
    assert!(bench.state.next().is_none() && !bench.state.is_corrupt(&p));
    assert_eq!(bench.state.turn(bench.now).seek, [(p.clone(), Offset(7))]);
    bench.state.met_corrupt(&p, WRONG, bench.now);
    assert!(bench.state.next().is_none(), "the client is not there yet");
}

/// The broker finds it corrupt, and then does not: as after its disk was mended, or another replica leads.
#[tokio::test(flavor = "multi_thread")]
async fn rule_6_a_client_that_met_a_corrupt_batch_is_sent_back_and_reads_it() {
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

    let corrupt = RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_MSG;
    // The answer that the mock takes the error for is not always one that the client looks into.
    let told = loop {
        mock.request_errors(RDKafkaApiKey::Fetch, &[corrupt]);
        if let Ok(told) = tokio::time::timeout(Duration::from_secs(1), member.poll()).await {
            break told;
        }
    };
    let GroupEvent::CorruptBatch { position: Offset(1), reason, .. } = told else {
        panic!("{told:?}");
    };
    assert!(reason.contains("the broker finds"), "{reason}");
    write(&producer);
    // An error may be left for the client that tries: then it is told again, and tried again.
    let over = loop {
        match next(&mut member).await {
            GroupEvent::CorruptBatch { position: Offset(1), .. } => {}
            other => break other,
        }
    };
    assert!(matches!(over, GroupEvent::CorruptBatchOver { .. }), "{over:?}");
    let GroupEvent::Records { records, .. } = next(&mut member).await else { panic!("records") };
    assert_eq!(records[0].offset, Offset(1), "nothing twice, nothing left out");
    member.close().await;
}
