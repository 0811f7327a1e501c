//! The state's transitions, without a client; and one client that has fallen silent.

mod intake;
mod room;
mod silent;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::state::State;
use super::topics::News;
use super::{Shared, named};
use crate::broker::{
    Assignment, BrokerError, CommitError, GroupEvent, RevokeTicket, Subscription, Watermarks,
};
use crate::headers::Headers;
use crate::message::{Offset, Partition, Record, Timestamp, TopicName, TopicPartition};

const WITHIN: Duration = Duration::from_secs(1);

fn place(number: u32) -> TopicPartition {
    TopicPartition::new(TopicName::new("t").unwrap(), Partition(number))
}

fn record(partition: &TopicPartition, offset: u64) -> Record {
    Record {
        topic: partition.topic.clone(),
        partition: partition.partition,
        offset: Offset(offset),
        timestamp: Timestamp(1),
        key: None,
        value: Some(Bytes::from_static(b"0123456789")),
        headers: Headers::new(),
    }
}

fn bounds(start: u64, end: u64) -> Watermarks {
    Watermarks { start: Offset(start), end: Offset(end) }
}

struct Bench {
    state: State,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let how =
            Subscription { max_poll_records: 2, ..Subscription::new("g", vec![place(0).topic]) };
        Self { state: State::new(&how), now: Instant::now() }
    }

    /// Grants it, and tells the member.
    fn told(&mut self, partition: &TopicPartition) -> u64 {
        let grant = self.state.granted(vec![partition.clone()])[0].1;
        self.state.held(std::slice::from_ref(partition));
        self.described(partition, grant);
        assert!(matches!(self.state.next(), Some(GroupEvent::Assigned(_))));
        grant
    }

    fn described(&mut self, partition: &TopicPartition, grant: u64) {
        let (partition, watermarks) = (partition.clone(), bounds(0, 10));
        self.state.described(grant, Assignment { partition, committed: None, watermarks });
    }

    /// Starts it and lets the client follow.
    fn running(&mut self, partition: &TopicPartition, from: u64) {
        self.state.start(partition, Offset(from));
        assert_eq!(self.state.turn(self.now).seek, [(partition.clone(), Offset(from))]);
        self.state.sought(partition, Offset(from));
        assert_eq!(self.state.turn(self.now).release, std::slice::from_ref(partition));
        self.now = self.now.max(Instant::now());
    }

    fn keep(&mut self, partition: &TopicPartition, offsets: std::ops::Range<u64>) {
        let records = offsets.map(|offset| record(partition, offset)).collect();
        self.state.keep(partition, records);
    }

    /// How many partitions the client is told to hold now.
    fn holds(&mut self) -> usize {
        self.state.open(self.now);
        self.state.turn(self.now).hold.len()
    }

    fn records(&mut self) -> Vec<u64> {
        match self.state.next() {
            Some(GroupEvent::Records { records, .. }) => {
                records.iter().map(|record| record.offset.0).collect()
            }
            None => Vec::new(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_grant_is_told_when_it_is_described_and_once() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.state.granted(vec![p.clone()])[0].1;
    assert!(bench.state.next().is_none());
    bench.described(&p, grant);
    assert!(matches!(bench.state.next(), Some(GroupEvent::Assigned(a)) if a.len() == 1));
    assert!(bench.state.next().is_none());
}

/// regression: deferred unassign superseded; stale ack after reassignment
#[test]
fn what_was_found_out_for_an_earlier_grant_says_nothing() {
    let (mut bench, p) = (Bench::new(), place(0));
    let first = bench.state.granted(vec![p.clone()])[0].1;
    assert_eq!(bench.state.revoking(std::slice::from_ref(&p), WITHIN), None, "nobody was told");
    bench.state.granted(vec![p.clone()]);
    bench.described(&p, first);
    assert!(bench.state.next().is_none());
}

/// rule 12
#[test]
fn nothing_of_an_earlier_grant_is_left() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..2);
    bench.state.set_paused(std::slice::from_ref(&p), true);
    bench.state.lost(std::slice::from_ref(&p));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
    bench.told(&p);
    bench.running(&p, 1);
    bench.keep(&p, 1..2);
    assert_eq!(bench.records(), [1], "neither the old buffer nor the old pause");
}

/// regression: message delivered while unassigned is ignored
#[test]
fn what_comes_unasked_for_is_dropped() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.keep(&p, 0..2);
    bench.told(&p);
    bench.keep(&p, 0..2);
    assert_eq!(bench.records(), Vec::<u64>::new(), "it was not started");
    bench.running(&p, 5);
    bench.keep(&p, 3..7);
    assert_eq!(bench.records(), [5, 6], "what was on its way for another start");
    bench.keep(&p, 5..7);
    assert_eq!(bench.records(), Vec::<u64>::new(), "twice");
}

#[test]
fn a_start_discards_what_was_fetched_and_ends_a_pause() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..2);
    bench.state.set_paused(std::slice::from_ref(&p), true);
    bench.state.start(&p, Offset(7));
    let turn = bench.state.turn(bench.now);
    assert_eq!((turn.seek, turn.hold), (vec![(p.clone(), Offset(7))], vec![p.clone()]));
    bench.keep(&p, 2..3);
    bench.state.sought(&p, Offset(7));
    bench.keep(&p, 7..8);
    assert_eq!(bench.records(), [7]);
}

/// rule 11: what is being given back delivers nothing, and may be committed until the answer.
#[test]
fn a_revoke_stops_delivery_and_allows_commits() {
    let (mut bench, p, q) = (Bench::new(), place(0), place(1));
    for partition in [&p, &q] {
        bench.told(partition);
        bench.running(partition, 0);
        bench.keep(partition, 0..1);
    }
    let ticket = bench.state.revoking(std::slice::from_ref(&p), WITHIN).unwrap();
    assert!(matches!(bench.state.next(), Some(GroupEvent::Revoking { .. })));
    let event = bench.state.next();
    assert!(matches!(event, Some(GroupEvent::Records { partition, .. }) if partition == q));
    assert!(bench.state.next().is_none(), "nothing of what is given back");
    assert!(bench.state.check_commit(&p).is_ok());
    bench.state.answer(RevokeTicket(ticket.0 + 1));
    assert!(!bench.state.is_answered(ticket), "another revoke's ticket");
    bench.state.answer(ticket);
    assert!(bench.state.is_answered(ticket));
    bench.state.given_back(std::slice::from_ref(&p));
    assert_eq!(bench.state.check_commit(&p), Err(CommitError::NotOwned(p)));
    assert!(bench.state.next().is_none(), "given back in order: nobody is told of a loss");
}

/// rules 2 and 13: a commit that waited behind another one while its partition went to somebody else is not sent.
#[test]
fn a_commit_that_waited_for_too_long_is_not_owned_any_more() {
    let (mut bench, p) = (Bench::new(), place(0));
    let first = bench.told(&p);
    let (grant, _) = bench.state.check_commit(&p).unwrap();
    assert_eq!((grant, bench.state.check_grant(&p, grant)), (first, Ok(())));
    bench.state.revoking(std::slice::from_ref(&p), WITHIN).unwrap();
    assert!(bench.state.check_grant(&p, grant).is_ok(), "commits count until the answer");
    bench.state.given_back(std::slice::from_ref(&p));
    assert_eq!(bench.state.check_grant(&p, grant), Err(CommitError::NotOwned(p.clone())));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Revoking { .. })));
    bench.told(&p);
    assert_eq!(bench.state.check_grant(&p, grant), Err(CommitError::NotOwned(p)));
}

/// rules 15 and 17
#[test]
fn a_thread_that_panics_ends_the_membership() {
    let shared = Arc::new(Shared::new(&Subscription::new("g", vec![place(0).topic])));
    let thread = named("test", &shared, || panic!("on purpose")).unwrap();
    assert!(thread.join().is_err());
    let told = shared.state().next();
    let Some(GroupEvent::Fatal(error)) = told else { panic!("{told:?}") };
    assert!(error.to_string().contains("the thread test has panicked"), "{error}");
}

/// rule 7
#[test]
fn a_start_outside_of_the_log_is_asked_about_and_told() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.state.start(&p, Offset(12));
    let turn = bench.state.turn(bench.now);
    assert_eq!((turn.check, turn.seek), (vec![(p.clone(), grant)], vec![]));
    assert!(bench.state.turn(bench.now).check.is_empty(), "asked once");
    assert!(!bench.state.bounded(&p, grant, bounds(0, 14), false), "it has grown since");
    assert_eq!(bench.state.turn(bench.now).seek, [(p.clone(), Offset(12))]);
    bench.state.start(&p, Offset(20));
    assert_eq!(bench.state.turn(bench.now).check.len(), 1);
    assert!(bench.state.bounded(&p, grant, bounds(0, 14), false));
    let event = bench.state.next();
    assert!(
        matches!(event, Some(GroupEvent::OutOfRange { position: Offset(20), watermarks, .. }) if watermarks == bounds(0, 14))
    );
    assert!(bench.state.next().is_none(), "told once");
    bench.running(&p, 4);
}

/// A start that the client refuses for ever is a lost assignment.
#[test]
fn a_start_that_is_refused_for_long_makes_the_member_join_anew() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.state.start(&p, Offset(0));
    let start = bench.now;
    let mut refused = |seconds| bench.state.refused(&p, start + Duration::from_secs(seconds));
    assert_eq!([refused(1), refused(10), refused(11)], [false, false, true]);
    assert!(bench.state.turn(start).join_anew);
    assert!(!bench.state.turn(start).join_anew, "once");
    bench.state.start(&p, Offset(0));
    assert!(!bench.state.refused(&p, start + Duration::from_secs(12)), "counted anew");
}

/// What was read before comes first; then the loss is told, and only joining anew makes the client read there again.
#[test]
fn records_come_before_the_loss_of_a_position() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..2);
    assert_eq!(bench.state.suspects(), [(p.clone(), grant)]);
    assert!(bench.state.bounded(&p, grant, bounds(8, 14), true));
    assert_eq!(bench.records(), [0, 1]);
    let event = bench.state.next();
    assert!(matches!(event, Some(GroupEvent::OutOfRange { position: Offset(2), .. })));
    bench.state.start(&p, Offset(9));
    let turn = bench.state.turn(bench.now);
    assert!(turn.join_anew && turn.seek.is_empty());
}

#[test]
fn partitions_take_turns() {
    let mut bench = Bench::new();
    for partition in [place(0), place(1)] {
        bench.told(&partition);
        bench.running(&partition, 0);
        bench.keep(&partition, 0..4);
    }
    let mut turn = || match bench.state.next() {
        Some(GroupEvent::Records { partition, .. }) => partition.partition.0,
        other => panic!("{other:?}"),
    };
    assert_eq!([turn(), turn(), turn(), turn()], [0, 1, 0, 1]);
}

#[test]
fn an_end_is_told_for_ever_and_after_what_was_lost() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.state.fail(BrokerError::Closed);
    bench.state.fail(BrokerError::Config("later".into()));
    assert!(matches!(bench.state.next(), Some(GroupEvent::Lost(_))));
    for _ in 0..2 {
        assert!(matches!(bench.state.next(), Some(GroupEvent::Fatal(BrokerError::Closed))));
    }
    assert_eq!(bench.state.check_commit(&p), Err(CommitError::Closed));
}

/// Rule 11: while a revoke is open, its partitions are being drained. What becomes of another topic does not answer it.
#[test]
fn rule_11_a_topic_that_is_back_answers_no_revoke() {
    let mut bench = Bench::new();
    let (mine, other) = (place(0), TopicName::new("other").unwrap());
    bench.told(&mine);
    let ticket = bench.state.revoking(std::slice::from_ref(&mine), WITHIN).unwrap();
    bench.state.note_topic(News::Back { topic: other.clone(), anew: true });
    assert!(!bench.state.is_answered(ticket) && bench.state.owns(&mine));
    bench.state.answer(ticket);
    assert_eq!(bench.state.take_topics(), [News::Back { topic: other, anew: true }]);
    assert_eq!(bench.state.take_topics(), [], "once");
}

/// Rule 7: while its topic is not there nothing of a partition is committed. A commit that came after a new topic of that name
/// was made would count there.
#[test]
fn rule_7_nothing_is_committed_for_a_topic_that_is_gone() {
    let mut bench = Bench::new();
    let mine = place(0);
    let grant = bench.told(&mine);
    assert!(bench.state.check_commit(&mine).is_ok());
    bench.state.note_topic(News::Gone(mine.topic.clone()));
    let refused = |state: &State| {
        let (one, last) = (state.check_commit(&mine).map(drop), state.check_grant(&mine, grant));
        [one, last].iter().all(|checked| matches!(checked, Err(CommitError::Unavailable(_))))
    };
    assert!(refused(&bench.state));
    bench.state.note_topic(News::Back { topic: mine.topic.clone(), anew: true });
    assert!(refused(&bench.state), "until what was owned of the old one is given up");
    let news = bench.state.take_topics();
    news.into_iter().for_each(|news| bench.state.hear_of_topic(news));
    assert!(matches!(bench.state.check_grant(&mine, grant), Err(CommitError::NotOwned(_))));
}
