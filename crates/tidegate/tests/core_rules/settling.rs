//! Rules 3-5, 28: settling in acknowledged steps.

use tidegate::class::Class;
use tidegate::consumer::core::{Command, End, Event, Step, StepFailure, StepKind, Verdict};
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;
use tidegate::policy::{Effects, RoutePolicy};

use crate::rig::*;
use crate::world::tp;

const EMITS: Verdict = Verdict::Done { emits: true };

fn transactional() -> RoutePolicy {
    RoutePolicy { effects: Effects::Transactional, ..ordered() }
}

fn with_handler(route: RoutePolicy) -> RoutePolicy {
    RoutePolicy { dead_handler: true, ..route }
}

/// Runs one record of this route into a verdict, acks every step (the dead-letter handler emits), and gives the steps.
fn path(route: RoutePolicy, verdict: Verdict) -> (Vec<StepKind>, End) {
    let mut rig = Rig::new(vec![route]);
    let epoch = rig.own(0);
    let work = work(0, epoch, 0);
    rig.deliver(0, &[0]);
    let mut out = rig.finish(&work, verdict);
    let mut path = Vec::new();
    while let [step] = steps(&out)[..] {
        assert_eq!(commit(&out), None, "rule 4: the offset comes last");
        path.push(step);
        out = rig.stepped(&work, step, Ok(step == StepKind::DeadHandler));
    }
    assert_eq!(committed(&out), Some(1));
    let end = out.iter().find_map(|c| match c {
        Command::Forget { ended, .. } => ended.first().map(|(_, end)| *end),
        _ => None,
    });
    (path, end.expect("forgotten"))
}

#[test]
fn every_path_takes_its_steps_in_order() {
    use StepKind::{DeadHandler, DeadLetter, Dispatch, Mark, MarkDead, Publish};
    let (plain, dead) = (ordered(), failed(Class::Permanent));
    assert_eq!(path(plain.clone(), DONE), (vec![], End::Done));
    assert_eq!(path(plain.clone(), EMITS), (vec![Publish], End::Done));
    assert_eq!(path(transactional(), DONE), (vec![Mark], End::Done));
    assert_eq!(
        path(transactional(), EMITS),
        (vec![Mark, Dispatch], End::Done),
        "emit after marker"
    );
    let (owes, paid) = (Verdict::Duplicate { owes: true }, Verdict::Duplicate { owes: false });
    assert_eq!(path(transactional(), owes), (vec![Dispatch], End::Duplicate), "rule 28");
    assert_eq!(path(transactional(), paid), (vec![], End::Duplicate));
    assert_eq!(path(plain.clone(), Verdict::Skipped), (vec![], End::Skipped));
    assert_eq!(path(plain.clone(), dead.clone()), (vec![DeadLetter], End::Dead));
    let handled = vec![DeadLetter, DeadHandler, Publish];
    assert_eq!(path(with_handler(plain.clone()), dead.clone()), (handled, End::Dead));
    assert_eq!(path(transactional(), dead.clone()), (vec![DeadLetter, MarkDead], End::Dead));
    let handled = vec![DeadLetter, DeadHandler, MarkDead, Dispatch];
    assert_eq!(path(with_handler(transactional()), dead), (handled, End::Dead));
    assert_eq!(path(plain, failed(Class::Undecodable)), (vec![DeadLetter], End::Dead));
}

#[test]
fn a_failing_step_is_tried_for_ever_and_what_is_behind_it_waits() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    rig.finish(&work(0, epoch, 0), EMITS);
    let mut stalls = 0;
    for _ in 0..100 {
        let out = rig.stepped(&work(0, epoch, 0), StepKind::Publish, again());
        stalls += u32::from(told(&out, |e| matches!(e, RuntimeEvent::SettleStalled { .. })));
        assert_eq!(steps(&rig.wait()), [StepKind::Publish], "rule 5: the same step");
    }
    let minutes = rig.elapsed.as_secs() / 60;
    assert!(
        minutes > 20 && (1..=minutes + 1).contains(&u64::from(stalls)),
        "{stalls} in {minutes} min"
    );
    let out = rig.stepped(&work(0, epoch, 0), StepKind::Publish, Ok(false));
    assert_eq!((committed(&out), runs(&out)), (Some(1), vec![(1, 1)]));
}

#[test]
fn an_answer_to_another_step_or_during_the_back_off_changes_nothing() {
    let mut rig = Rig::new(vec![transactional()]);
    let epoch = rig.own(0);
    let work = work(0, epoch, 0);
    rig.deliver(0, &[0]);
    rig.finish(&work, EMITS);
    assert_eq!(rig.stepped(&work, StepKind::Dispatch, Ok(false)), []);
    rig.stepped(&work, StepKind::Mark, again());
    assert_eq!(rig.stepped(&work, StepKind::Mark, Ok(false)), []);
    assert_eq!(rig.finish(&work, DONE), []);
}

#[test]
fn a_mark_that_was_rolled_back_runs_the_attempt_again_uncounted() {
    let mut rig = Rig::new(vec![transactional()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    for _ in 0..20 {
        rig.finish(&work(0, epoch, 0), EMITS);
        let rerun = Err(StepFailure::Rerun("rolled back".into()));
        let out = rig.stepped(&work(0, epoch, 0), StepKind::Mark, rerun);
        assert!(told(&out, |e| matches!(
            e,
            RuntimeEvent::OutagePaused { dependency: "store", .. }
        )));
        assert_eq!(runs(&rig.wait()), [(0, 1)], "the effect did not happen: not counted");
    }
    rig.finish(&work(0, epoch, 0), DONE);
    let out = rig.stepped(&work(0, epoch, 0), StepKind::Mark, Ok(false));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::OutageOver { .. })));
}

#[test]
fn a_unique_violation_is_a_duplicate_and_what_it_owes_goes_out() {
    let mut rig = Rig::new(vec![transactional()]);
    let epoch = rig.own(0);
    let work = work(0, epoch, 0);
    rig.deliver(0, &[0]);
    rig.finish(&work, DONE);
    let out = rig.stepped(&work, StepKind::Mark, Err(StepFailure::Duplicate));
    assert_eq!(steps(&out), [StepKind::Dispatch], "rule 28");
    let out = rig.stepped(&work, StepKind::Dispatch, Ok(false));
    assert_eq!(ended(&out), [(0, End::Duplicate)]);
}

#[test]
fn a_dead_letter_handler_whose_marker_was_rolled_back_runs_again() {
    let mut rig = Rig::new(vec![with_handler(transactional())]);
    let epoch = rig.own(0);
    let work = work(0, epoch, 0);
    rig.deliver(0, &[0]);
    rig.finish(&work, failed(Class::Permanent));
    rig.stepped(&work, StepKind::DeadLetter, Ok(false));
    rig.stepped(&work, StepKind::DeadHandler, Ok(true));
    rig.stepped(&work, StepKind::MarkDead, Err(StepFailure::Rerun("rolled back".into())));
    assert_eq!(steps(&rig.wait()), [StepKind::DeadHandler], "the letter is not published twice");
    rig.stepped(&work, StepKind::DeadHandler, Ok(false));
    let out = rig.stepped(&work, StepKind::MarkDead, Ok(false));
    assert_eq!(committed(&out), Some(1), "what it says now counts: nothing is emitted");
}

#[test]
fn a_fenced_partition_commits_nothing_any_more() {
    let mut rig = Rig::new(vec![unordered(), transactional()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), Verdict::Fenced);
    assert!(out.iter().any(|c| matches!(c, Command::Cancel { .. })), "rule 10");
    assert!(told(&out, |e| matches!(e, RuntimeEvent::Fenced { .. })));
    assert_eq!(rig.finish(&work(0, epoch, 1), DONE), []);
    assert_eq!(rig.deliver(0, &[2]), []);
    let out = rig.revoke(&[0], ms(100), 7);
    assert!(commit(&out).is_none() && out.iter().any(|c| matches!(c, Command::Release(_))));
}

/// A zombie raised the owner row by mistake: the true owner proves itself, and does not wait for ever (rule 10, I7).
#[test]
fn a_fenced_owner_that_still_owns_takes_the_partition_again() {
    let mut rig = Rig::new(vec![transactional()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), Verdict::Fenced);
    let out = rig.wait();
    let again = out.iter().find_map(|c| match c {
        Command::Own { epoch, .. } => Some(*epoch),
        _ => None,
    });
    let again = again.expect("the store is told again");
    assert!(again > epoch);
    assert_eq!(rig.finish(&work(0, epoch, 0), DONE), [], "what ran before is late");
    let out = rig.send(Event::Owned { partition: tp(0), epoch: again, result: Ok(()) });
    assert!(runs(&out).is_empty() && commit(&out).is_some(), "a commit must be accepted first");
    let out = rig.accept(&out);
    assert!(out.iter().any(|c| matches!(c, Command::Start { from: Offset(0), .. })));
    assert_eq!(runs(&rig.deliver(0, &[0])), [(0, 1)]);
}

#[test]
fn the_dead_letter_tells_its_attempts() {
    let mut rig = Rig::new(vec![retrying(ordered(), 2)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    while runs(&rig.wait()).is_empty() {}
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    let Some(Step::DeadLetter { attempts, history, .. }) = letter(&out) else {
        panic!("no letter in {out:?}");
    };
    let numbers: Vec<_> = history.iter().map(|attempt| attempt.number).collect();
    assert_eq!((attempts, numbers), (2, vec![1, 2]));
}
