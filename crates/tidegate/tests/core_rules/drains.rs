//! Rules 11, 12, 16: giving partitions back, and stopping.

use tidegate::broker::{CommitError, RevokeTicket};
use tidegate::class::Class;
use tidegate::consumer::core::{Command, Event, StepKind, Stopped, Verdict};
use tidegate::events::RuntimeEvent;

use crate::rig::*;
use crate::world::tp;

fn is_release(command: &Command) -> bool {
    matches!(command, Command::Release(_))
}

fn is_cancel(command: &Command) -> bool {
    matches!(command, Command::Cancel { .. })
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

#[test]
fn a_revoke_before_the_first_commit_was_answered_waits_for_it_and_starts_nothing() {
    let mut rig = Rig::new(vec![ordered()]);
    let out = rig.assign(0, None);
    assert_eq!(rig.revoke(&[0], ms(5_000), 1), [], "rule 2: it could land after the next owner's");
    let out = rig.accept(&out);
    assert!(out.iter().any(is_release) && started(&out).is_none());
}
