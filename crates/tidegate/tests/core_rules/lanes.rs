//! Rule 23: which records run side by side, which one after another, and what a lane is handed at once.

use tidegate::broker::RevokeTicket;
use tidegate::class::Class;
use tidegate::consumer::core::{Command, End, Event, Start, StepKind, Verdict};
use tidegate::message::Offset;
use tidegate::policy::{Effects, RoutePolicy};

use crate::rig::*;

fn rig(policies: Vec<RoutePolicy>, chain: usize) -> Rig {
    let mut config = config(policies);
    config.chain = chain;
    Rig::with(config)
}

fn head(offset: u64) -> Start {
    Start { offset: Offset(offset), attempt: 1, follows: false }
}

fn follows(offset: u64) -> Start {
    Start { follows: true, ..head(offset) }
}

fn held(offsets: &[u64]) -> Vec<(Offset, Verdict)> {
    offsets.iter().map(|offset| (Offset(*offset), Verdict::Held)).collect()
}

fn answers(done: &[u64], rest: Vec<(Offset, Verdict)>) -> Vec<(Offset, Verdict)> {
    done.iter().map(|offset| (Offset(*offset), DONE)).chain(rest).collect()
}

// Offsets that are equal modulo 3 have the same key.

#[test]
fn a_key_runs_in_order_and_beside_the_others() {
    let mut rig = rig(vec![keyed()], 1);
    let epoch = rig.own(0);
    assert_eq!(runs(&rig.deliver(0, &[0, 1, 2, 3, 4])), [(0, 1), (1, 1), (2, 1)]);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 1), DONE)), [(4, 1)]);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 2), DONE)), [], "3 is of the key of 0");
    assert_eq!(runs(&rig.finish(&work(0, epoch, 0), DONE)), [(3, 1)]);
}

#[test]
fn a_key_that_waits_delays_only_itself() {
    let mut rig = rig(vec![keyed()], 1);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1, 3, 4]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert!(!out.iter().any(|c| matches!(c, Command::Pause(_))), "delivery goes on");
    assert_eq!(runs(&rig.finish(&work(0, epoch, 1), DONE)), [(4, 1)]);
    assert_eq!(runs(&rig.deliver(0, &[5, 6])), [(5, 1)], "6 is of the key that waits");
    rig.accept(&out);
    while runs(&rig.wait()).is_empty() {}
    assert_eq!(runs(&rig.finish(&work(0, epoch, 0), DONE)), [(3, 1)]);
}

#[test]
fn rule_23_the_next_of_a_key_starts_only_when_the_one_before_is_settled() {
    let mut rig = rig(vec![keyed()], 8);
    let epoch = rig.own(0);
    assert_eq!(starts(&rig.deliver(0, &[0, 3])), [head(0), follows(3)]);
    // 0 emits: the lane stops behind it, because it is not settled by that.
    let emits = vec![(Offset(0), Verdict::Done { emits: true }), (Offset(3), Verdict::Held)];
    let out = rig.ran(&work(0, epoch, 0), emits);
    assert_eq!((steps(&out), runs(&out)), (vec![StepKind::Publish], vec![]));
    let out = rig.stepped(&work(0, epoch, 0), StepKind::Publish, Ok(false));
    assert_eq!((ended(&out), runs(&out)), (vec![(0, End::Done)], vec![(3, 1)]));
}

#[test]
fn a_record_without_a_key_waits_for_nobody() {
    let mut rig = rig(vec![keyed()], 8);
    rig.own(0);
    let out = rig.deliver_keyless(0, &[0, 1, 2]);
    assert_eq!(starts(&out), [head(0), head(1), head(2)]);
}

#[test]
fn a_lane_is_handed_what_waits_for_nobody_else() {
    let mut rig = rig(vec![ordered()], 3);
    let epoch = rig.own(0);
    let out = rig.deliver(0, &[0, 1, 2, 3, 4]);
    assert_eq!(starts(&out), [head(0), follows(1), follows(2)], "as many as a chain may have");
    let out = rig.ran(&work(0, epoch, 0), answers(&[0, 1, 2], vec![]));
    assert_eq!(ended(&out).len(), 3);
    assert_eq!(starts(&out), [head(3), follows(4)]);
}

#[test]
fn what_can_end_only_in_steps_is_handed_over_alone() {
    let transactional = RoutePolicy { effects: Effects::Transactional, ..ordered() };
    let mut rig = rig(vec![transactional], 8);
    rig.own(0);
    assert_eq!(starts(&rig.deliver(0, &[0, 1])), [head(0)]);
}

#[test]
fn what_a_lane_gives_back_behind_a_failure_runs_when_that_is_settled() {
    for policy in [ordered(), keyed()] {
        let mut rig = rig(vec![policy], 8);
        let epoch = rig.own(0);
        assert_eq!(starts(&rig.deliver(0, &[0, 3, 6, 9])).len(), 4);
        let failure = vec![(Offset(3), failed(Class::Permanent))];
        let mut all = answers(&[0], failure);
        all.extend(held(&[6, 9]));
        let out = rig.ran(&work(0, epoch, 0), all);
        assert_eq!((ended(&out), runs(&out)), (vec![(0, End::Done)], vec![]));
        let out = rig.stepped(&work(0, epoch, 3), StepKind::DeadLetter, Ok(false));
        assert_eq!(starts(&out), [head(6), follows(9)]);
    }
}

#[test]
fn a_drain_holds_what_no_lane_has_begun() {
    let mut rig = rig(vec![keyed()], 8);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 3, 6]);
    let out = rig.revoke(&[0], ms(5_000), 1);
    assert!(out.iter().any(|c| matches!(c, Command::Hold { .. })), "rule 11");
    let out = rig.ran(&work(0, epoch, 0), answers(&[0], held(&[3, 6])));
    assert_eq!((committed(&out), runs(&out)), (Some(3), vec![]));
    let out = rig.accept(&out);
    assert!(out.contains(&Command::Release(RevokeTicket(1))), "nothing runs any more");
}

#[test]
fn a_record_in_the_order_of_its_partition_is_a_barrier() {
    let mut rig = rig(vec![keyed(), ordered()], 8);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    assert_eq!(runs(&rig.deliver_to(0, 1, &[2])), [], "it waits for the keys before it");
    assert_eq!(runs(&rig.deliver(0, &[4])), [], "and what is behind it, for it");
    rig.finish(&work(0, epoch, 1), DONE);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 0), DONE)), [(2, 1)]);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 2), DONE)), [(4, 1)]);
}

#[test]
fn a_chain_takes_one_place_however_long_it_is() {
    let mut config = config(vec![keyed()]);
    (config.chain, config.max_in_flight) = (8, 2);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    let out = rig.deliver(0, &[0, 1, 2, 3, 6]);
    assert_eq!(starts(&out), [head(0), follows(3), follows(6), head(1)]);
    // Told one by one: the place goes from record to record, and is free at the end.
    assert_eq!(runs(&rig.finish(&work(0, epoch, 0), DONE)), []);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 3), DONE)), []);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 6), DONE)), [(2, 1)]);
}

/// An open transaction stays open after its handler has run: what has one is never handed over ahead of its place.
#[test]
fn what_has_a_transaction_is_not_handed_over_ahead_of_its_place() {
    let handed_over = |route| {
        let mut config = config(vec![route]);
        (config.max_in_flight, config.ahead) = (2, 4);
        let mut rig = Rig::with(config);
        rig.own(0);
        let offsets: Vec<_> = (0..20).collect();
        runs(&rig.deliver(0, &offsets)).len()
    };
    let transactional = RoutePolicy { effects: Effects::Transactional, ..unordered() };
    assert_eq!((handed_over(unordered()), handed_over(transactional)), (5, 2));
}

#[test]
fn memory_follows_what_is_unfinished_and_not_how_far_it_reaches() {
    let mut config = config(vec![keyed()]);
    (config.chain, config.max_buffered_records) = (256, 100);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    for round in 0..1_000_u64 {
        let offsets: Vec<_> = (0..30).map(|n| 3 * (round * 30 + n) + 1).collect();
        let out = rig.deliver(0, &offsets);
        assert!(!out.iter().any(|c| matches!(c, Command::Pause(_))), "I6: the budget counts");
        rig.ran(&work(0, epoch, 0), answers(&offsets, vec![]));
    }
    assert_eq!(rig.core.ledger().values().map(|counts| counts.pending).sum::<u64>(), 1);
    assert!(rig.core.deadline().is_none() || !runs(&rig.send(Event::Timer)).contains(&(0, 1)));
}
