//! Rule 22: an entry that an earlier owner has written too late counts for nobody, and every other entry for all.

use tidegate::broker::Committed;
use tidegate::class::Class;
use tidegate::consumer::core::metadata::CommitMetadata;
use tidegate::consumer::core::{
    Command, Delivered, Event, Fence, Hold, LocalEpoch, Note, Noted, Scheduling, Stamp, Step,
    StepKind,
};
use tidegate::events::RuntimeEvent;
use tidegate::message::{Offset, Timestamp, TopicId};
use tidegate::policy::{PolicyId, Retry, RoutePolicy};

use crate::rig::*;
use crate::world::tp;

/// Everything waits in the schedule.
fn scheduling() -> Rig {
    let retry = Retry::exponential(ms(1_000), ms(30_000)).attempts(5).in_place(0);
    let mut config = config(vec![RoutePolicy { retry, ..keyed() }]);
    config.schedule = Some(Scheduling::default());
    Rig::with(config)
}

fn stamp(attempt: u32, term: u64) -> Stamp {
    Stamp { attempt, term, write: 0 }
}

/// An entry that stands there in the companion.
fn entry(origin: u64, stamp: Stamp, at: u64) -> Note {
    let record = Delivered { offset: Offset(origin), size: 9, policy: PolicyId(0), key: Some(0) };
    let (at, due, topic_id) = (Offset(at), Timestamp(i64::MAX), None);
    Note::Entry(Noted { record, stamp, at, due, delay: ms(60_000), hold: Hold::No, topic_id })
}

fn struck(origin: u64, stamp: Stamp) -> Note {
    Note::Struck { origin: Offset(origin), stamp }
}

/// Committed by the owner before: everything below 50, and its fence.
fn left(term: u64, end: u64) -> Option<Committed> {
    let metadata = CommitMetadata {
        cluster_id: "c".into(),
        partition: tp(0),
        topic_id: None,
        base: Offset(50),
        log_start: Offset(0),
        fence: Fence { term, end: Offset(end) },
        retries: Vec::new(),
        done: Default::default(),
    };
    Some(Committed { offset: Offset(50), metadata: metadata.encode() })
}

impl Rig {
    /// Assigned; the companion is to be read.
    fn restoring(&mut self, committed: Option<Committed>) -> LocalEpoch {
        let out = self.assign(0, committed);
        assert_eq!(commit(&out), None, "rule 12: first all that waits");
        restore_of(&out)
    }

    fn note(&mut self, epoch: LocalEpoch, notes: Vec<Note>, next: Option<u64>) -> Vec<Command> {
        let (partition, caught_up) = (tp(0), next.is_some());
        let next = Offset(next.unwrap_or_default());
        self.send(Event::Noted { partition, epoch, notes, next, caught_up })
    }

    fn void_struck(&mut self, epoch: LocalEpoch, entries: Vec<(Offset, Stamp)>) -> Vec<Command> {
        self.send(Event::VoidStruck { partition: tp(0), epoch, entries })
    }
}

/// What is to be struck as void.
fn void(out: &[Command]) -> Vec<(Offset, Stamp)> {
    let entries = |c: &Command| match c {
        Command::StrikeVoid { entries, .. } => entries.clone(),
        _ => Vec::new(),
    };
    out.iter().flat_map(entries).collect()
}

fn fence(out: &[Command]) -> Fence {
    let entries = commit(out).expect("a commit");
    CommitMetadata::decode(&entries[0].committed.metadata).unwrap().fence
}

fn waiting(out: &[Command]) -> usize {
    let restored = |c: &Command| match c {
        Command::Tell(RuntimeEvent::Restored { entries, .. }) => Some(*entries),
        _ => None,
    };
    out.iter().find_map(restored).unwrap_or_default()
}

/// What is to be written or struck for a record.
fn step(out: &[Command]) -> Step {
    letter(out).expect("a step")
}

fn written(out: &[Command]) -> Stamp {
    let Step::Schedule(postponed) = step(out) else { panic!("{out:?}") };
    postponed.stamp
}

#[test]
fn each_ownership_has_a_term_and_a_fence_of_its_own() {
    let mut rig = scheduling();
    let epoch = rig.restoring(None);
    let out = rig.note(epoch, Vec::new(), Some(0));
    assert_eq!(fence(&out), Fence { term: 1, end: Offset(0) }, "the first");
    rig.accept(&out);
    let epoch = rig.restoring(left(6, 10));
    let out = rig.note(epoch, vec![entry(41, stamp(2, 6), 12)], Some(20));
    assert_eq!((fence(&out), waiting(&out)), (Fence { term: 7, end: Offset(20) }, 1));
    rig.accept(&out);
    // The commit was lost, and with it the term: the log still knows it.
    let epoch = rig.restoring(None);
    let out = rig.note(epoch, vec![struck(41, stamp(2, 9))], Some(30));
    assert_eq!(fence(&out), Fence { term: 10, end: Offset(30) });
}

#[test]
fn what_came_behind_the_fence_is_struck_before_a_new_one_hides_it() {
    let mut rig = scheduling();
    let epoch = rig.restoring(left(6, 10));
    let (live, late) = (stamp(1, 5), stamp(2, 5));
    let notes = vec![entry(41, live, 9), entry(41, late, 10), entry(42, stamp(1, 6), 11)];
    let out = rig.note(epoch, notes, Some(20));
    assert_eq!((void(&out), waiting(&out)), (vec![(Offset(41), late)], 2));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::StaleEntry { .. })));
    assert_eq!(commit(&out), None, "whoever comes next would take it for one that waits");
    let out = rig.void_struck(epoch, void(&out));
    assert_eq!(fence(&out), Fence { term: 7, end: Offset(20) });
}

/// Who is not proven yet may not be the owner: the entries of who is would be behind its fence.
#[test]
fn a_fence_that_no_commit_has_strikes_nothing() {
    let mut rig = scheduling();
    let epoch = rig.restoring(left(6, 10));
    let proving = rig.note(epoch, Vec::new(), Some(20));
    let out = rig.note(epoch, vec![entry(41, stamp(1, 6), 20)], None);
    assert_eq!(void(&out), []);
    let out = rig.accept(&proving);
    assert_eq!(started(&out), Some(50));
    assert_eq!(void(&out), [(Offset(41), stamp(1, 6))]);
}

#[test]
fn what_an_earlier_owner_writes_now_is_struck_and_what_a_later_one_writes_is_not() {
    let mut rig = scheduling();
    let epoch = rig.restoring(left(6, 10));
    let out = rig.note(epoch, Vec::new(), Some(20));
    rig.accept(&out);
    let out = rig.note(epoch, vec![entry(41, stamp(1, 8), 20), entry(42, stamp(1, 6), 21)], None);
    assert_eq!(void(&out), [(Offset(42), stamp(1, 6))]);
    // One at a time: the next ones go when these are gone.
    let out = rig.note(epoch, vec![entry(43, stamp(1, 6), 22)], None);
    assert_eq!(void(&out), []);
    let out = rig.void_struck(epoch, vec![(Offset(42), stamp(1, 6))]);
    assert_eq!(void(&out), [(Offset(43), stamp(1, 6))]);
}

/// Found by the simulator: the tombstone of a void entry looks as that of a settled record.
#[test]
fn what_is_left_of_a_record_counts_when_a_void_entry_of_it_is_struck() {
    let mut rig = scheduling();
    let epoch = rig.restoring(left(8, 30));
    let (live, late) = (stamp(1, 5), stamp(2, 5));
    let notes = vec![entry(41, live, 9), entry(41, late, 10), struck(41, late)];
    assert_eq!(waiting(&rig.note(epoch, notes, Some(30))), 1);
    // And in the order of settling nothing is left.
    let epoch = rig.restoring(left(8, 30));
    let notes = vec![entry(41, live, 9), entry(41, late, 10), struck(41, live), struck(41, late)];
    assert_eq!(waiting(&rig.note(epoch, notes, Some(30))), 0);
}

/// The answer was lost: what is written then has another name, and both are struck.
#[test]
fn an_entry_that_is_written_again_has_another_name() {
    let mut rig = scheduling();
    let epoch = rig.restoring(None);
    let out = rig.note(epoch, Vec::new(), Some(0));
    rig.accept(&out);
    rig.deliver(0, &[0]);
    let of = work(0, epoch, 0);
    let out = rig.finish(&of, failed(Class::Transient));
    let first = Stamp { attempt: 1, term: 1, write: 0 };
    assert_eq!(written(&out), first);
    rig.stepped(&of, StepKind::Schedule, again());
    let out = rig.wait();
    let second = Stamp { write: 1, ..first };
    assert_eq!(written(&out), second);
    rig.send(Event::Scheduled { work: of.clone(), at: Offset(1) });
    let record = Delivered { offset: Offset(0), size: 100, policy: PolicyId(0), key: Some(0) };
    rig.wait();
    rig.send(recalled(epoch, record, 1));
    let out = rig.finish(&of, DONE);
    assert_eq!(step(&out), Step::Unschedule(vec![first, second]), "what counts goes last");
}

/// Rule 7: what waits of a topic that was deleted has the offset of another record here. It does not stand for that one, nor is it
/// struck; and its term counts, so that no entry of ours has its name.
#[test]
fn rule_7_what_waits_of_another_topic_of_the_name_stands_for_nobody() {
    let orphan = |topic_id| match entry(0, stamp(2, 6), 12) {
        Note::Entry(noted) => Note::Entry(Noted { topic_id, ..noted }),
        other => other,
    };
    let (ours, theirs) = (Some(TopicId::new(2)), Some(TopicId::new(1)));
    let run = |topic_id| {
        let mut rig = scheduling();
        let epoch = restore_of(&rig.assign_of(ours, 0, None));
        let out = rig.note(epoch, vec![orphan(topic_id)], Some(20));
        let told = told(&out, |event| matches!(event, RuntimeEvent::OrphanEntry { .. }));
        assert_eq!((fence(&out).term, void(&out)), (7, vec![]));
        rig.accept(&out);
        (told, runs(&rig.deliver(0, &[0])))
    };
    assert_eq!(run(theirs), (true, vec![(0, 1)]), "the record that is there runs");
    assert_eq!(run(ours), (false, vec![]));
    assert_eq!(run(None), (false, vec![]), "written by a program that does not say it");
    let mut rig = scheduling();
    let epoch = restore_of(&rig.assign_of(ours, 0, None));
    let out = rig.note(epoch, Vec::new(), Some(0));
    rig.accept(&out);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    let Step::Schedule(postponed) = step(&out) else { panic!("{out:?}") };
    assert_eq!(postponed.topic_id, ours, "what the next owner compares");
}

/// A service without a schedule keeps what those before it have left.
#[test]
fn a_fence_outlives_owners_without_a_schedule() {
    let mut rig = Rig::new(vec![keyed()]);
    let out = rig.assign(0, left(6, 10));
    assert_eq!(fence(&out), Fence { term: 6, end: Offset(10) });
}
