//! Rule 23: a key is held by the entry of its dead-lettered record, until that is struck.

use tidegate::broker::Committed;
use tidegate::class::Class;
use tidegate::consumer::core::metadata::{CommitMetadata, DoneAbove};
use tidegate::consumer::core::{
    Command, Delivered, End, Event, Fence, Hold, LocalEpoch, Note, Noted, Postponed, Recalled,
    Scheduling, Stamp, Step, StepFailure, StepKind, Verdict, WorkId,
};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, Timestamp};
use tidegate::policy::{AfterDeadLetter, Effects, Order, PolicyId, Retry, RoutePolicy};

use crate::rig::*;
use crate::world::tp;

const DEAD: Verdict = Verdict::Dead;

/// Two attempts, the second one from the schedule; the marker is in a store.
fn holding() -> Rig {
    let retry = Retry::exponential(ms(1_000), ms(1_000)).attempts(2).in_place(0);
    let after_dead_letter = AfterDeadLetter::HoldKey;
    let route =
        RoutePolicy { retry, after_dead_letter, effects: Effects::Transactional, ..keyed() };
    let mut config = config(vec![route]);
    config.schedule = Some(Scheduling::default());
    Rig::with(config)
}

fn stamp(attempt: u32, term: u64) -> Stamp {
    Stamp { attempt, term, write: 0 }
}

fn record(origin: u64) -> Delivered {
    Delivered { offset: Offset(origin), size: 100, policy: PolicyId(0), key: Some(origin % 3) }
}

fn entry(origin: u64, stamp: Stamp, hold: Hold) -> Note {
    let (record, at) = (record(origin), Offset(origin));
    Note::Entry(Noted { record, stamp, at, due: Timestamp(0), delay: ms(0), hold, topic_id: None })
}

fn struck(origin: u64, stamp: Stamp) -> Note {
    Note::Struck { origin: Offset(origin), stamp }
}

/// What the owner before has committed: everything below 3, and this above.
fn left(above: &[u64]) -> Committed {
    let mut done = DoneAbove::default();
    above.iter().for_each(|offset| done.push(Offset(*offset), Offset(offset + 1)));
    let metadata = CommitMetadata {
        cluster_id: "c".into(),
        partition: tp(0),
        topic_id: None,
        base: Offset(3),
        log_start: Offset(0),
        fence: Fence { term: 6, end: Offset(100) },
        retries: Vec::new(),
        done,
    };
    Committed { offset: Offset(3), metadata: metadata.encode() }
}

/// The same without a store, and with records that are handed over together.
fn holding_chained(order: Order) -> Rig {
    let retry = Retry::exponential(ms(1_000), ms(1_000)).attempts(2).in_place(0);
    let after_dead_letter = AfterDeadLetter::HoldKey;
    let keyed = RoutePolicy { retry, after_dead_letter, ..keyed() };
    let mut config = config(vec![RoutePolicy { order, ..keyed.clone() }, keyed]);
    config.schedule = Some(Scheduling::default());
    config.chain = 8;
    Rig::with(config)
}

impl Rig {
    /// Owned, and running, after an owner who has left this.
    fn taken_over(
        &mut self,
        committed: Option<Committed>,
        notes: Vec<Note>,
    ) -> (LocalEpoch, Vec<Command>) {
        let out = self.assign(0, committed);
        let epoch = owning(&out).expect("the store is told");
        self.send(Event::Owned { partition: tp(0), epoch, result: Ok(()) });
        let proving = self.tell(epoch, notes, true);
        (epoch, self.accept(&proving))
    }

    fn tell(&mut self, epoch: LocalEpoch, notes: Vec<Note>, caught_up: bool) -> Vec<Command> {
        self.send(Event::Noted { partition: tp(0), epoch, notes, next: Offset(100), caught_up })
    }

    fn written(&mut self, of: &WorkId) -> Vec<Command> {
        self.send(Event::Scheduled { work: of.clone(), at: Offset(50) })
    }

    /// The entry that is asked for is read.
    fn recall(
        &mut self,
        epoch: LocalEpoch,
        origin: u64,
        attempts: u32,
        dead: bool,
    ) -> Vec<Command> {
        let found = Recalled {
            record: record(origin),
            attempts,
            unknown: 0,
            active: ms(0),
            history: Vec::new(),
            dead,
        };
        let (partition, origin) = (tp(0), Offset(origin));
        self.send(Event::Recalled { partition, epoch, origin, found: Ok(Box::new(found)) })
    }

    /// The record fails for good: what its entry says.
    fn dies(&mut self, of: &WorkId) -> Postponed {
        let out = self.finish(of, failed(Class::Permanent));
        assert_eq!(steps(&out), [StepKind::DeadLetter]);
        entry_of(&self.stepped(of, StepKind::DeadLetter, Ok(false)))
    }
}

fn entry_of(out: &[Command]) -> Postponed {
    let Some(Step::Schedule(entry)) = letter(out) else { panic!("no entry in {out:?}") };
    *entry
}

fn recalled(out: &[Command]) -> Vec<u64> {
    let origin = |c: &Command| match c {
        Command::Recall { origin, .. } => Some(origin.0),
        _ => None,
    };
    out.iter().filter_map(origin).collect()
}

fn is_held(out: &[Command]) -> bool {
    told(out, |event| matches!(event, RuntimeEvent::KeyHeld { .. }))
}

fn is_released(out: &[Command]) -> bool {
    told(out, |event| matches!(event, RuntimeEvent::KeyReleased { .. }))
}

/// Whether the next record of the key runs, or is parked.
fn next_runs(rig: &mut Rig, offset: u64) -> bool {
    let out = rig.deliver(0, &[offset]);
    let parked = matches!(letter(&out), Some(Step::Schedule(entry)) if entry.hold == Hold::No);
    let run = runs(&out).iter().any(|(begun, _)| *begun == offset);
    assert_ne!(parked, run, "{out:?}");
    run
}

impl Rig {
    /// From its first entry to its marker: what the second one says.
    fn is_marked_dead(&mut self, of: &WorkId) -> Postponed {
        let out = self.written(of);
        assert_eq!((steps(&out), ended(&out)), (vec![StepKind::MarkDead], vec![]));
        entry_of(&self.stepped(of, StepKind::MarkDead, Ok(false)))
    }
}

#[test]
fn rule_4_a_key_is_held_before_its_record_is_marked_dead() {
    let mut rig = holding();
    let (epoch, _) = rig.taken_over(None, Vec::new());
    rig.deliver(0, &[0]);
    let of = work(0, epoch, 0);
    let (first, second) = (stamp(1, 1), Stamp { write: 1, ..stamp(1, 1) });
    let entry = rig.dies(&of);
    assert_eq!((entry.hold, entry.stamp, entry.history.len()), (Hold::Dead, first, 1));
    let entry = rig.is_marked_dead(&of);
    assert_eq!((entry.hold, entry.stamp, entry.history.len()), (Hold::Key, second, 1));
    let out = rig.written(&of);
    assert_eq!((letter(&out), ended(&out)), (Some(Step::Unschedule(vec![first])), vec![]));
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert_eq!((ended(&out), is_held(&out)), (vec![(0, End::Dead)], true));
    assert_eq!(committed(&out), Some(1), "its place in the source is free");
    assert!(!next_runs(&mut rig, 3), "of the same key");
    assert!(next_runs(&mut rig, 4), "of another one");
}

/// Out of the schedule: those before it go last, and what holds the key stays.
#[test]
fn rule_22_what_holds_a_key_takes_the_place_of_the_entry_before_it() {
    let mut rig = holding();
    let (epoch, out) = rig.taken_over(Some(left(&[])), vec![entry(0, stamp(1, 5), Hold::No)]);
    assert_eq!(recalled(&out), [0]);
    rig.recall(epoch, 0, 1, false);
    let of = work(0, epoch, 0);
    assert_eq!(rig.dies(&of).stamp, stamp(2, 7));
    rig.is_marked_dead(&of);
    let out = rig.written(&of);
    assert_eq!(letter(&out), Some(Step::Unschedule(vec![stamp(2, 7), stamp(1, 5)])));
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert_eq!((ended(&out), is_held(&out)), (vec![(0, End::Dead)], true));
    assert!(!next_runs(&mut rig, 3));
}

#[test]
fn rule_12_a_key_that_is_held_is_so_for_the_next_owner_until_it_is_struck() {
    let mut rig = holding();
    let notes = vec![entry(0, stamp(2, 5), Hold::Key), entry(1, stamp(0, 5), Hold::No)];
    let (epoch, out) = rig.taken_over(Some(left(&[])), notes);
    assert_eq!(recalled(&out), [1], "the other key");
    assert!(!next_runs(&mut rig, 3));
    let out = rig.written(&work(0, epoch, 3));
    assert_eq!(recalled(&out), [0_u64; 0]);
    let out = rig.tell(epoch, vec![struck(0, stamp(2, 5))], false);
    assert_eq!((recalled(&out), is_released(&out)), (vec![3], true), "by an operator");
}

/// Cut off between dead letter and marker: the last attempt is made again, as without it.
#[test]
fn what_was_cut_off_before_it_was_settled_is_made_again() {
    let mut rig = holding();
    let notes = vec![entry(0, stamp(1, 5), Hold::No), entry(0, stamp(2, 5), Hold::Dead)];
    let (epoch, out) = rig.taken_over(Some(left(&[])), notes);
    assert_eq!(recalled(&out), [0]);
    let out = rig.recall(epoch, 0, 1, true);
    assert_eq!(runs(&out), [(0, 2)]);
    let of = work(0, epoch, 0);
    let out = rig.finish(&of, DONE);
    assert_eq!(steps(&out), [StepKind::Mark]);
    let out = rig.stepped(&of, StepKind::Mark, Ok(false));
    assert_eq!(letter(&out), Some(Step::Unschedule(vec![stamp(1, 5), stamp(2, 5)])));
    assert_eq!(ended(&rig.stepped(&of, StepKind::Unschedule, Ok(false))), [(0, End::Done)]);
}

/// Rule 31: what is marked dead is not run again, and its key is held all the same.
#[test]
fn rule_31_what_was_cut_off_behind_its_marker_holds_its_key() {
    let mut rig = holding();
    let notes = vec![entry(0, stamp(1, 5), Hold::No), entry(0, stamp(2, 5), Hold::Dead)];
    let (epoch, _) = rig.taken_over(Some(left(&[])), notes);
    rig.recall(epoch, 0, 1, true);
    let of = work(0, epoch, 0);
    let again = entry_of(&rig.finish(&of, DEAD));
    assert_eq!((again.stamp, again.hold), (stamp(2, 7), Hold::Key));
    let out = rig.written(&of);
    assert_eq!(letter(&out), Some(Step::Unschedule(vec![stamp(1, 5), stamp(2, 5)])));
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert_eq!((ended(&out), is_held(&out)), (vec![(0, End::Skipped)], true));
    assert!(!next_runs(&mut rig, 3));
}

/// Marked dead, and never tried here: it is skipped, and holds nothing.
#[test]
fn rule_31_a_twin_of_what_is_dead_holds_nothing() {
    let mut rig = holding();
    let (epoch, _) = rig.taken_over(None, Vec::new());
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), DEAD);
    assert_eq!((ended(&out), steps(&out)), (vec![(0, End::Skipped)], vec![]));
    assert!(next_runs(&mut rig, 3));
}

/// Above the commit: what is settled has ended, and what is not is made again when its record comes.
#[test]
fn rule_22_a_held_record_above_the_commit_is_finished_when_it_comes() {
    let mut rig = holding();
    rig.taken_over(Some(left(&[])), vec![entry(4, stamp(1, 6), Hold::Key)]);
    let out = rig.deliver(0, &[3, 4]);
    assert_eq!((runs(&out), ended(&out)), (vec![(3, 1)], vec![(4, End::Duplicate)]));
    assert!(!next_runs(&mut rig, 7));
    let mut rig = holding();
    rig.taken_over(Some(left(&[])), vec![entry(4, stamp(1, 6), Hold::Dead)]);
    let out = rig.deliver(0, &[3, 4]);
    assert_eq!(runs(&out), [(3, 1)]);
    assert_eq!(recalled(&rig.wait()), [4]);
}

/// Its record was deleted from the source: the schedule has it, and knows whether it is settled.
#[test]
fn what_holds_its_key_does_so_without_its_source_record() {
    for (hold, again) in [(Hold::Key, vec![]), (Hold::Dead, vec![4])] {
        let mut rig = holding();
        rig.taken_over(Some(left(&[])), vec![entry(4, stamp(1, 6), hold)]);
        let out = rig.deliver(0, &[5]);
        assert_eq!(recalled(&out), again);
        assert!(!next_runs(&mut rig, 7));
    }
}

/// Cut off between the entry that holds the key and the end of those before: they go, or they would run it when it is let go.
#[test]
fn what_is_left_behind_a_held_record_is_struck_and_never_run() {
    let mut rig = holding();
    let notes = vec![entry(0, stamp(1, 5), Hold::No), entry(0, stamp(2, 5), Hold::Key)];
    let (epoch, out) = rig.taken_over(Some(left(&[])), notes);
    let entries = vec![(Offset(0), stamp(1, 5))];
    assert!(out.contains(&Command::StrikeVoid { partition: tp(0), epoch, entries }), "{out:?}");
    let out = rig.tell(epoch, vec![struck(0, stamp(2, 5))], false);
    assert_eq!((recalled(&out), is_released(&out)), (vec![], true));
}

/// Let go before its owner is through with it: then nobody waits.
#[test]
fn an_operator_may_be_faster_than_the_owner() {
    let mut rig = holding();
    let (epoch, _) = rig.taken_over(None, Vec::new());
    rig.deliver(0, &[0]);
    let of = work(0, epoch, 0);
    rig.dies(&of);
    let entry = rig.is_marked_dead(&of);
    rig.tell(epoch, vec![struck(0, entry.stamp)], false);
    rig.written(&of);
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert_eq!(
        (ended(&out), is_held(&out), is_released(&out)),
        (vec![(0, End::Dead)], false, true)
    );
    assert!(next_runs(&mut rig, 3));
}

/// The answer was lost: each writing that may be there goes, and the one that was answered stays.
#[test]
fn of_several_writings_one_holds_the_key() {
    let mut rig = holding();
    let (epoch, _) = rig.taken_over(None, Vec::new());
    rig.deliver(0, &[0]);
    let of = work(0, epoch, 0);
    let write = |write| Stamp { write, ..stamp(1, 1) };
    rig.dies(&of);
    assert_eq!(rig.is_marked_dead(&of).stamp, write(1));
    rig.stepped(&of, StepKind::Schedule, again());
    assert_eq!(entry_of(&rig.wait()).stamp, write(2));
    let out = rig.written(&of);
    assert_eq!(letter(&out), Some(Step::Unschedule(vec![write(0), write(1)])));
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert!(is_held(&out));
    let out = rig.tell(epoch, vec![struck(0, write(2))], false);
    assert!(is_released(&out));
}

/// Rules 25 and 31: a twin of it was done, or was dead-lettered, before its own marker.
#[test]
fn a_twin_that_is_done_frees_the_key_and_one_that_is_dead_does_not() {
    let mut rig = holding();
    let (epoch, _) = rig.taken_over(None, Vec::new());
    rig.deliver(0, &[0, 1]);
    let (of, other) = (work(0, epoch, 0), work(0, epoch, 1));
    let entry = rig.dies(&of);
    rig.written(&of);
    rig.stepped(&of, StepKind::MarkDead, Err(StepFailure::Duplicate));
    let out = rig.stepped(&of, StepKind::Dispatch, Ok(false));
    assert_eq!(letter(&out), Some(Step::Unschedule(vec![entry.stamp])));
    let out = rig.stepped(&of, StepKind::Unschedule, Ok(false));
    assert_eq!((ended(&out), is_held(&out)), (vec![(0, End::Duplicate)], false));
    assert!(next_runs(&mut rig, 3));
    rig.dies(&other);
    rig.written(&other);
    rig.stepped(&other, StepKind::MarkDead, Err(StepFailure::Dead));
    let out = rig.stepped(&other, StepKind::Dispatch, Ok(false));
    assert_eq!(entry_of(&out).hold, Hold::Key);
    rig.written(&other);
    let out = rig.stepped(&other, StepKind::Unschedule, Ok(false));
    assert_eq!((ended(&out), is_held(&out)), (vec![(1, End::Duplicate)], true));
    assert!(!next_runs(&mut rig, 4));
}

/// Rules 22, 23: the record that holds the key was finished above the commit: it is in no line when those round it are handed over.
#[test]
fn rule_23_those_that_are_handed_over_together_do_not_pass_a_held_key() {
    for order in [Order::Key, Order::Partition] {
        let mut rig = holding_chained(order);
        let out = rig.assign(0, Some(left(&[])));
        let epoch = restore_of(&out);
        let mut held = entry(4, stamp(1, 6), Hold::Key);
        let Note::Entry(noted) = &mut held else { unreachable!() };
        (noted.record.key, noted.record.policy) = (Some(0), PolicyId(1));
        let out = rig.tell(epoch, vec![held], true);
        rig.accept(&out);
        // Offsets that are equal modulo 3 have the same key.
        let out = rig.deliver(0, &[3, 6]);
        assert_eq!(runs(&out), [(3, 1)], "{order:?}");
        assert!(starts(&out).iter().all(|start| !start.follows), "{order:?}: {out:?}");
        let out = rig.finish(&work(0, epoch, 3), DONE);
        assert_eq!(runs(&out), [], "{order:?}: it waits for the key");
    }
}
