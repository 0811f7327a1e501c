//! What takes a place from the others, and how much is handed over ahead of its place (rule 14).

use tidegate::class::Class;
use tidegate::consumer::core::{
    Command, CoreConfig, Delivered, Event, Scheduling, StepKind, Verdict,
};
use tidegate::message::Offset;
use tidegate::policy::{Effects, PolicyId, Retry, RoutePolicy};

use crate::rig::*;
use crate::world::tp;

/// One place; every retry waits in the schedule.
fn one_place(route: RoutePolicy) -> CoreConfig {
    let retry = Retry::exponential(ms(1_000), ms(30_000)).attempts(5).in_place(0);
    let mut config = config(vec![RoutePolicy { retry, ..route }]);
    (config.max_in_flight, config.schedule) = (1, Some(Scheduling::default()));
    config
}

/// What runs while the first of two records is in this step, which is answered by nobody.
fn beside(route: RoutePolicy, verdict: Verdict, step: StepKind) -> Vec<(u64, u32)> {
    let (mut rig, epoch) = restored(one_place(route));
    assert_eq!(runs(&rig.deliver(0, &[0, 1])), [(0, 1)]);
    let out = rig.finish(&work(0, epoch, 0), verdict);
    assert_eq!(steps(&out), [step]);
    runs(&out)
}

#[test]
fn a_step_that_only_waits_for_the_log_leaves_its_place_to_others() {
    let (later, dead) = (failed(Class::Transient), failed(Class::Permanent));
    assert_eq!(beside(keyed(), later.clone(), StepKind::Schedule), [(1, 1)]);
    assert_eq!(beside(keyed(), dead, StepKind::DeadLetter), [(1, 1)]);
    // Its transaction is gone with the attempt that has failed.
    let transactional = RoutePolicy { effects: Effects::Transactional, ..keyed() };
    assert_eq!(beside(transactional, later, StepKind::Schedule), [(1, 1)]);
}

/// A transaction is open, a handler or a store is asked next, or what was emitted is in memory and counted by nobody.
#[test]
fn a_step_that_holds_more_than_its_record_keeps_its_place() {
    let (dead, emits) = (failed(Class::Permanent), Verdict::Done { emits: true });
    let transactional = || RoutePolicy { effects: Effects::Transactional, ..keyed() };
    let handled = RoutePolicy { dead_handler: true, ..keyed() };
    assert_eq!(beside(keyed(), emits, StepKind::Publish), []);
    assert_eq!(beside(transactional(), DONE, StepKind::Mark), []);
    assert_eq!(beside(transactional(), dead.clone(), StepKind::DeadLetter), []);
    assert_eq!(beside(handled, dead, StepKind::DeadLetter), []);
}

/// A record that comes back takes a place for its attempt, and leaves it when its entry is being struck.
#[test]
fn an_entry_that_is_struck_takes_no_place() {
    let (mut rig, epoch) = restored(one_place(keyed()));
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    let at = Offset(0);
    rig.send(Event::Scheduled { work: work(0, epoch, 0), at });
    let asked = |out: &[Command]| out.iter().any(|c| matches!(c, Command::Recall { .. }));
    while !asked(&rig.wait()) {}
    let record = Delivered { offset: Offset(0), size: 100, policy: PolicyId(0), key: Some(0) };
    let out = rig.send(recalled(epoch, record, 1));
    assert_eq!(runs(&out), [(0, 2)]);
    assert_eq!(runs(&rig.deliver(0, &[1])), [], "the one place is taken");
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert_eq!((steps(&out), runs(&out)), (vec![StepKind::Unschedule], vec![(1, 1)]));
}

/// Rule 14: whatever waits for the log is in memory, and counted: with the log away no more is taken in than the budget allows.
#[test]
fn what_waits_for_the_log_is_bounded_by_the_budget() {
    let mut config = one_place(unordered());
    config.max_buffered_records = 4;
    let (mut rig, epoch) = restored(config);
    let mut out = rig.deliver(0, &[0, 1, 2, 3]);
    assert!(out.contains(&Command::Pause(tp(0))));
    for offset in 0..4 {
        assert_eq!(runs(&out), [(offset, 1)]);
        out = rig.finish(&work(0, epoch, offset), failed(Class::Transient));
        assert!(!out.contains(&Command::Resume(tp(0))), "{offset} is in memory");
    }
    for offset in 0..2 {
        out = rig.send(Event::Scheduled { work: work(0, epoch, offset), at: Offset(offset) });
    }
    assert!(out.contains(&Command::Resume(tp(0))), "half of it is free");
}

/// Whoever runs them answers at once: then as much is handed over as was answered in the time that it may take, so that nobody
/// waits for the next hand-over.
#[test]
fn what_is_answered_quickly_is_handed_over_in_larger_parts() {
    let mut rig = paced(unordered());
    let epoch = rig.own(0);
    let mut running = runs(&rig.deliver(0, &(0..200).collect::<Vec<_>>())).len();
    assert_eq!(running, 5, "two places, four times; the last may hold a transaction");
    let mut first = 0;
    for _ in 0..6 {
        rig.elapsed += ms(2);
        let all: Vec<_> = (first..first + running as u64).map(|o| (Offset(o), DONE)).collect();
        first += running as u64;
        running = runs(&rig.ran(&work(0, epoch, 0), all)).len();
    }
    assert_eq!(running, 25, "5 every 2 ms, for 10 ms");
}

#[test]
fn what_takes_long_is_handed_over_no_further_ahead() {
    let mut rig = paced(unordered());
    let epoch = rig.own(0);
    let mut running = runs(&rig.deliver(0, &(0..200).collect::<Vec<_>>())).len();
    let mut first = 0;
    for _ in 0..6 {
        rig.elapsed += ms(20);
        let all: Vec<_> = (first..first + running as u64).map(|o| (Offset(o), DONE)).collect();
        first += running as u64;
        running = runs(&rig.ran(&work(0, epoch, 0), all)).len();
        assert_eq!(running, 5);
    }
}

/// An open transaction is never ahead of its place, however quick it is.
#[test]
fn what_has_a_transaction_is_handed_over_in_its_place_alone() {
    let mut rig = paced(RoutePolicy { effects: Effects::Transactional, ..unordered() });
    let epoch = rig.own(0);
    assert_eq!(runs(&rig.deliver(0, &(0..50).collect::<Vec<_>>())).len(), 2);
    for offset in 0..40 {
        rig.elapsed += ms(1);
        rig.finish(&work(0, epoch, offset), DONE);
        let out = rig.stepped(&work(0, epoch, offset), StepKind::Mark, Ok(false));
        assert_eq!(runs(&out).len(), 1);
    }
}

fn paced(route: RoutePolicy) -> Rig {
    let mut config = config(vec![route]);
    (config.max_in_flight, config.ahead) = (2, 4);
    Rig::with(config)
}
