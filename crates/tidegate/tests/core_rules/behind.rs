//! Rule 23: those behind a record that goes into the schedule are written with it, and have their turn there in the key's order.

use tidegate::class::Class;
use tidegate::consumer::core::{
    Command, Event, LocalEpoch, Scheduling, StepFailure, StepKind, Verdict,
};
use tidegate::message::Offset;
use tidegate::policy::{Retry, RoutePolicy};

use crate::rig::*;

/// Offsets that are equal modulo 3 have the same key; the first of one has failed, and its entry is being written.
fn failing(delivered: &[u64]) -> (Rig, LocalEpoch, Vec<Command>) {
    let retry = Retry::exponential(ms(1_000), ms(30_000)).attempts(5).in_place(0);
    let mut config = config(vec![RoutePolicy { retry, ..keyed() }]);
    (config.schedule, config.chain) = (Some(Scheduling::default()), 8);
    let (mut rig, epoch) = restored(config);
    rig.deliver(0, delivered);
    let mut answers = vec![(Offset(0), failed(Class::Transient))];
    let behind = delivered.iter().filter(|offset| **offset > 0 && *offset % 3 == 0);
    answers.extend(behind.map(|offset| (Offset(*offset), Verdict::Held)));
    let out = rig.ran(&work(0, epoch, 0), answers);
    (rig, epoch, out)
}

/// The records for which entries are being written.
fn entries(out: &[Command]) -> Vec<u64> {
    let entry = |c: &Command| match c {
        Command::Step { work, step } if step.kind() == StepKind::Schedule => Some(work.offset.0),
        _ => None,
    };
    out.iter().filter_map(entry).collect()
}

fn shelved(out: &[Command]) -> Vec<u64> {
    let shelved = |c: &Command| match c {
        Command::Shelve { offset, .. } => Some(offset.0),
        _ => None,
    };
    out.iter().filter_map(shelved).collect()
}

fn recalls(out: &[Command]) -> Vec<u64> {
    let recall = |c: &Command| match c {
        Command::Recall { origin, .. } => Some(origin.0),
        _ => None,
    };
    out.iter().filter_map(recall).collect()
}

impl Rig {
    fn entry_acked(&mut self, epoch: LocalEpoch, offset: u64) -> Vec<Command> {
        self.send(Event::Scheduled { work: work(0, epoch, offset), at: Offset(100 + offset) })
    }
}

#[test]
fn those_behind_a_record_that_is_written_are_written_with_it() {
    let (mut rig, epoch, out) = failing(&[0, 1, 3, 6]);
    assert_eq!(entries(&out), [0, 3, 6], "and not 1, which is of another key");
    assert!(entries(&rig.deliver(0, &[9])).is_empty(), "it has come since");
    for offset in [0, 3] {
        rig.entry_acked(epoch, offset);
    }
    assert_eq!(entries(&rig.entry_acked(epoch, 6)), [9], "its turn");
}

/// Whatever is acknowledged first: a record leaves the source when those of its key before it have left, and holds the offset until then.
#[test]
fn they_leave_in_the_order_of_the_key() {
    let (mut rig, epoch, _) = failing(&[0, 3, 6]);
    let out = rig.entry_acked(epoch, 6);
    let told = commit(&out).unwrap()[0].committed.metadata.ends_with("done=r1.2.1.3");
    assert_eq!((shelved(&out), committed(&out), told), (vec![], Some(0), true), "6 is in there");
    rig.accept(&out);
    let out = rig.entry_acked(epoch, 0);
    assert_eq!((shelved(&out), committed(&out)), (vec![0], Some(3)), "1 and 2 are of nobody here");
    rig.accept(&out);
    let out = rig.entry_acked(epoch, 3);
    assert_eq!((shelved(&out), committed(&out)), (vec![3, 6], Some(7)));
}

/// What is there already does not run before what is still on its way.
#[test]
fn nobody_is_recalled_before_those_in_front_of_him() {
    let (mut rig, epoch, _) = failing(&[0, 3]);
    let out = rig.entry_acked(epoch, 3);
    let stalled = Err(StepFailure::Again("down".into()));
    rig.stepped(&work(0, epoch, 0), StepKind::Schedule, stalled);
    rig.elapsed += ms(60_000);
    assert_eq!((recalls(&out), recalls(&rig.send(Event::Timer))), (vec![], vec![]));
    rig.entry_acked(epoch, 0);
    rig.elapsed += ms(60_000);
    assert_eq!(recalls(&rig.send(Event::Timer)), [0], "and 3 waits for it");
}

/// A handed-back partition leaves behind what its next owner completes at its turn: 3 is written, and 0 is not.
#[test]
fn a_drain_waits_for_what_is_being_written_and_writes_no_more() {
    let (mut rig, epoch, _) = failing(&[0, 3]);
    rig.deliver(0, &[6]);
    rig.revoke(&[0], ms(5_000), 1);
    let out = rig.entry_acked(epoch, 3);
    rig.accept(&out);
    let out = rig.entry_acked(epoch, 0);
    assert_eq!((entries(&out), shelved(&out)), (vec![], vec![0]));
    assert_eq!(committed(&out), Some(3), "3 was not released: whoever comes next completes it");
}
