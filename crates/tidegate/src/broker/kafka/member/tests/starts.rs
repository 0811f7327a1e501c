//! Starts, and what is delivered after them.

use std::time::Duration;

use super::{Bench, bounds, place};
use crate::broker::GroupEvent;
use crate::message::Offset;

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

/// What came since the bounds were asked may lie behind the answer: the log goes on.
#[test]
fn rule_7_what_comes_while_the_bounds_are_asked_is_not_outside_of_them() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 10);
    bench.state.asks_bounds(&(p.clone(), grant));
    bench.keep(&p, 10..12);
    assert!(!bench.state.bounded(&p, grant, bounds(0, 10), true));
    bench.state.asks_bounds(&(p.clone(), grant));
    bench.keep(&p, 12..13);
    assert!(bench.state.bounded(&p, grant, bounds(20, 30), true), "it was deleted under it");
}

/// See above.
#[test]
fn rule_7_what_stood_there_when_the_bounds_were_asked_is_outside_of_them() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 10);
    bench.keep(&p, 10..12);
    bench.state.asks_bounds(&(p.clone(), grant));
    assert!(
        bench.state.bounded(&p, grant, bounds(0, 11), true),
        "it stood there when they were asked"
    );
}
