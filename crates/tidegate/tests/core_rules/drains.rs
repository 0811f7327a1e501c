//! Rules 10-12, 16: taking partitions over, giving them back, stopping.

use tidegate::broker::{Assignment, CommitError, Committed, RevokeTicket, Watermarks};
use tidegate::class::Class;
use tidegate::consumer::core::{Command, Event, OwnFailure, StepKind, Stopped, Verdict};
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;
use tidegate::policy::{Effects, RoutePolicy, StartFrom};

use crate::rig::*;
use crate::world::tp;

fn is_release(command: &Command) -> bool {
    matches!(command, Command::Release(_))
}

fn is_cancel(command: &Command) -> bool {
    matches!(command, Command::Cancel { .. })
}

fn started(out: &[Command]) -> Option<u64> {
    out.iter().find_map(|c| match c {
        Command::Start { from, .. } => Some(from.0),
        _ => None,
    })
}

fn stopped(out: &[Command]) -> Option<Stopped> {
    out.iter().find_map(|c| match c {
        Command::Stopped(how) => Some(how.clone()),
        _ => None,
    })
}

#[test]
fn the_stores_know_the_owner_and_a_commit_is_accepted_before_anything_is_delivered() {
    let route = RoutePolicy { effects: Effects::Transactional, ..ordered() };
    let mut rig = Rig::new(vec![route]);
    let out = rig.assign(0, None);
    let epoch = owning(&out).expect("rule 10: first the stores");
    let down = Err(OwnFailure { message: "down".into() });
    let out = rig.send(Event::Owned { partition: tp(0), epoch, result: down });
    assert!(told(&out, |e| matches!(e, RuntimeEvent::OwnFailed { .. })) && commit(&out).is_none());
    assert_eq!(owning(&rig.wait()), Some(epoch), "tried again");
    let out = rig.send(Event::Owned { partition: tp(0), epoch, result: Ok(()) });
    assert_eq!((committed(&out), started(&out)), (Some(0), None));
    let out = rig.answer(&out, Err(CommitError::StaleGeneration));
    assert_eq!(started(&out), None);
    let out = rig.wait();
    assert_eq!(started(&rig.accept(&out)), Some(0));
}

#[test]
fn the_commit_decides_where_to_begin_and_without_one_the_user_does() {
    let begin = |start_from, committed: Option<u64>| {
        let mut config = config(vec![ordered()]);
        config.start_from = start_from;
        let mut rig = Rig::with(config);
        let committed =
            committed.map(|at| Committed { offset: Offset(at), metadata: String::new() });
        let out = rig.assign(0, committed);
        started(&rig.accept(&out))
    };
    assert_eq!(begin(StartFrom::Earliest, None), Some(0));
    assert_eq!(begin(StartFrom::Latest, None), Some(END));
    assert_eq!(begin(StartFrom::At(Offset(7)), None), Some(7));
    assert_eq!(begin(StartFrom::Latest, Some(3)), Some(3));
    assert_eq!(begin(StartFrom::Earliest, Some(END)), Some(END));
}

#[test]
fn a_start_outside_of_the_log_is_refused_and_never_jumps() {
    for (at, start) in [(4, 5), (11, 5)] {
        let mut rig = Rig::new(vec![ordered()]);
        let committed = Some(Committed { offset: Offset(at), metadata: String::new() });
        let watermarks = Watermarks { start: Offset(start), end: Offset(10) };
        let assigned = Assignment { partition: tp(0), committed, watermarks };
        let out = rig.send(Event::Assigned(vec![assigned]));
        assert!(told(&out, |e| matches!(e, RuntimeEvent::OutOfRange { .. })), "rule 7");
        let Some(Stopped::Failed { reason }) = stopped(&out) else { panic!("{out:?}") };
        assert!(reason.contains("orders/0") && reason.contains(&at.to_string()), "{reason}");
        assert_eq!(commit(&out), None);
    }
}

#[test]
fn records_deleted_under_the_reader_stop_the_service() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    let watermarks = Watermarks { start: Offset(50), end: Offset(90) };
    let event = Event::OutOfRange { partition: tp(0), position: Offset(7), watermarks };
    assert!(matches!(stopped(&rig.send(event)), Some(Stopped::Failed { .. })), "rule 7");
}

#[test]
fn a_revoke_drains_then_commits_then_cancels_then_lets_go() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    assert!(!rig.revoke(&[0], ms(5_000), 1).iter().any(is_release));
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert_eq!((runs(&out), committed(&out)), (vec![], Some(1)), "rule 11: 1 does not start");
    assert!(!out.iter().any(is_release));
    let out = rig.accept(&out);
    assert!(position(&out, is_cancel) < position(&out, is_release));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::Ended { lost: false, .. })));
}

#[test]
fn a_revoke_awaits_the_commit_in_flight_and_then_commits_the_newest() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let first = rig.finish(&work(0, epoch, 0), DONE);
    rig.revoke(&[0], ms(5_000), 1);
    assert_eq!(commit(&rig.finish(&work(0, epoch, 1), DONE)), None, "rule 2");
    let out = rig.accept(&first);
    assert!(committed(&out) == Some(2) && !out.iter().any(is_release), "{out:?}");
    assert!(rig.accept(&out).iter().any(is_release));
}

#[test]
fn a_handler_that_hangs_is_cut_off_in_time_and_what_is_finished_is_committed() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    rig.revoke(&[0], ms(5_000), 1);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert!(!rig.accept(&out).iter().any(is_release), "1 still runs");
    let out = rig.wait();
    assert!(rig.elapsed < ms(5_000) && position(&out, is_cancel) < position(&out, is_release));
    assert_eq!(rig.finish(&work(0, epoch, 1), DONE), [], "rule 13");
    assert_eq!(rig.core.ledger()[&tp(0)].cut_off, 1);
}

#[test]
fn a_commit_that_never_answers_does_not_hold_a_revoke_for_ever() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), DONE);
    rig.revoke(&[0], ms(5_000), 1);
    while !rig.wait().iter().any(is_release) {}
    assert!(rig.elapsed <= ms(5_000));
}

#[test]
fn retained_partitions_keep_flowing() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    let kept = rig.own(1);
    rig.deliver(0, &[0]);
    rig.deliver(1, &[0, 1]);
    rig.revoke(&[0], ms(5_000), 1);
    let out = rig.finish(&work(1, kept, 0), DONE);
    assert_eq!((runs(&out), committed(&out)), (vec![(1, 1)], Some(1)));
    assert_eq!(rig.deliver(1, &[2]), [], "taken in");
}

#[test]
fn a_waiting_retry_is_dropped_with_its_partition_and_named_for_the_next_owner() {
    let mut rig = Rig::new(vec![retrying(ordered(), 3)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert!(commit(&out).unwrap()[0].committed.metadata.contains("retry=0:1:"), "rule 20");
    rig.revoke(&[0], ms(5_000), 1);
    assert!(rig.accept(&out).iter().any(is_release), "nobody waits for it");
}

#[test]
fn empty_sets_are_answered_too() {
    let mut rig = Rig::new(vec![ordered()]);
    assert_eq!(rig.revoke(&[], ms(5_000), 1), [Command::Release(RevokeTicket(1))], "rule 12");
    assert_eq!(rig.revoke(&[9], ms(5_000), 2), [Command::Release(RevokeTicket(2))]);
    assert_eq!(rig.send(Event::Assigned(vec![])), []);
    assert_eq!(rig.send(Event::Lost(vec![tp(9)])), []);
}

#[test]
fn lost_cancels_at_once_and_never_commits() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    let lost = rig.send(Event::Lost(vec![tp(0)]));
    assert!(lost.iter().any(is_cancel) && commit(&lost).is_none(), "rule 11");
    assert_eq!(rig.answer(&out, Err(CommitError::NotOwned(tp(0)))), []);
    assert_eq!(rig.finish(&work(0, epoch, 1), DONE), []);
}

#[test]
fn partly_lost_during_a_revoke_the_rest_still_drains() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.own(1);
    rig.deliver(0, &[0]);
    rig.deliver(1, &[0]);
    rig.revoke(&[0, 1], ms(5_000), 1);
    assert!(!rig.send(Event::Lost(vec![tp(1)])).iter().any(is_release));
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert!(rig.accept(&out).iter().any(is_release));
}

#[test]
fn a_deferred_unassign_does_not_throw_the_fresh_grant_away() {
    let mut rig = Rig::new(vec![ordered()]);
    let other = rig.own(1);
    rig.own(0);
    rig.deliver(0, &[0]);
    rig.deliver(1, &[0]);
    rig.revoke(&[0, 1], ms(5_000), 1);
    rig.send(Event::Lost(vec![tp(0)]));
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(1, other, 0), DONE);
    assert!(rig.accept(&out).iter().any(is_release));
    assert_eq!(committed(&rig.finish(&work(0, epoch, 0), DONE)), Some(1), "it is ours again");
}

#[test]
fn drain_then_fence_per_partition() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    rig.revoke(&[0], ms(5_000), 1);
    let out = rig.finish(&work(0, epoch, 0), Verdict::Done { emits: true });
    assert_eq!(steps(&out), [StepKind::Publish], "what ran is settled, not thrown away");
    let out = rig.stepped(&work(0, epoch, 0), StepKind::Publish, Ok(false));
    assert_eq!(committed(&out), Some(1));
}

#[test]
fn assigned_again_without_a_word_is_a_new_ownership() {
    let mut rig = Rig::new(vec![ordered()]);
    let old = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.assign(0, None);
    assert!(out.contains(&Command::Cancel { partition: tp(0), epoch: old }), "rule 12");
    assert_eq!(started(&rig.accept(&out)), Some(0));
}

#[test]
fn shutdown_drains_commits_and_says_so() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.send(Event::Shutdown { within: ms(5_000) });
    assert!(out.contains(&Command::Pause(tp(0))), "rule 16: stop intake");
    let out = rig.finish(&work(0, epoch, 0), DONE);
    let out = rig.accept(&out);
    assert_eq!((runs(&out), stopped(&out)), (vec![], Some(Stopped::Drained)));
    assert_eq!(rig.assign(1, None), [], "nothing after it");
    assert_eq!(rig.core.deadline(), None);
}

#[test]
fn a_second_shorter_shutdown_shortens_the_first() {
    let mut rig = Rig::new(vec![ordered()]);
    rig.own(0);
    rig.deliver(0, &[0]);
    rig.send(Event::Shutdown { within: ms(60_000) });
    assert_eq!(stopped(&rig.send(Event::Shutdown { within: ms(90_000) })), None);
    let out = rig.send(Event::Shutdown { within: ms(0) });
    assert_eq!(stopped(&out), Some(Stopped::Deadline { unfinished: 1 }));
}

#[test]
fn a_service_that_owns_nothing_stops_at_once() {
    let mut rig = Rig::new(vec![ordered()]);
    let out = rig.send(Event::Shutdown { within: ms(5_000) });
    assert_eq!(stopped(&out), Some(Stopped::Drained));
}
