//! Rule 10: how long ownership is trusted. And the watchdog of a partition that gets no further.

use tidegate::broker::CommitError;
use tidegate::class::Class;
use tidegate::consumer::core::{Command, Event, LocalEpoch, StepKind};
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;
use tidegate::policy::RoutePolicy;

use crate::rig::*;
use crate::world::tp;

/// A session of 10 s: trusted for 8 s, renewed after 1.7 s.
fn owner(policy: RoutePolicy) -> (Rig, LocalEpoch) {
    let mut config = config(vec![policy]);
    config.session_timeout = ms(10_000);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    (rig, epoch)
}

fn expired(event: &RuntimeEvent) -> bool {
    matches!(event, RuntimeEvent::LeaseExpired { .. })
}

fn down() -> Result<(), CommitError> {
    Err(CommitError::Unavailable("no answer".into()))
}

/// A member that was stopped: its clock went on, it did not.
fn stopped_for(rig: &mut Rig, time: u64) -> Vec<Command> {
    rig.elapsed += ms(time);
    rig.send(Event::Timer)
}

#[test]
fn an_idle_owner_commits_the_same_again_before_its_lease_is_over() {
    let (mut rig, _) = owner(ordered());
    for _ in 0..10 {
        let out = rig.wait();
        assert_eq!(committed(&out), Some(0));
        assert!(!told(&rig.accept(&out), expired));
    }
    assert!(rig.elapsed > ms(16_000) && rig.elapsed < ms(17_000), "every sixth of the session");
}

#[test]
fn after_a_long_stop_nothing_starts_until_a_commit_is_accepted() {
    let (mut rig, _) = owner(ordered());
    let out = stopped_for(&mut rig, 60_000);
    assert!(told(&out, expired));
    assert_eq!(runs(&rig.deliver(0, &[0])), [], "rule 10");
    let out = rig.accept(&out);
    assert_eq!(runs(&out), [(0, 1)]);
    assert!(told(&out, |e| matches!(e, RuntimeEvent::LeaseRenewed { .. })));
}

#[test]
fn after_a_long_stop_nothing_settles_until_a_commit_is_accepted() {
    let (mut rig, epoch) = owner(ordered());
    rig.deliver(0, &[0]);
    let commit = stopped_for(&mut rig, 60_000);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Permanent));
    assert_eq!(steps(&out), [], "rule 10: no dead letter of a zombie");
    assert_eq!(steps(&rig.accept(&commit)), [StepKind::DeadLetter]);
}

#[test]
fn a_step_that_came_too_late_to_a_lane_is_done_when_the_lease_holds_again() {
    let (mut rig, epoch) = owner(ordered());
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), failed(Class::Permanent));
    let commit = stopped_for(&mut rig, 60_000);
    let lapsed = Err(tidegate::consumer::core::StepFailure::Lapsed);
    assert_eq!(steps(&rig.stepped(&work(0, epoch, 0), StepKind::DeadLetter, lapsed)), []);
    assert_eq!(steps(&rig.accept(&commit)), [StepKind::DeadLetter]);
}

#[test]
fn a_lease_counts_from_when_the_commit_was_sent() {
    let (mut rig, _) = owner(ordered());
    let commit = rig.wait();
    let sent = rig.elapsed;
    rig.elapsed += ms(5_000);
    let out = rig.accept(&commit);
    let until = out.iter().find_map(|c| match c {
        Command::Lease { until, .. } => Some(*until),
        _ => None,
    });
    assert_eq!(until, Some(sent + ms(8_000)));
}

#[test]
fn a_broker_that_is_down_for_long_stops_the_work_and_nothing_is_lost() {
    let (mut rig, epoch) = owner(ordered());
    let mut commit = rig.wait();
    while rig.elapsed < ms(20_000) {
        rig.answer(&commit, down());
        commit = loop {
            let out = rig.wait();
            if committed(&out).is_some() {
                break out;
            }
        };
    }
    assert_eq!(runs(&rig.deliver(0, &[0])), []);
    assert_eq!(runs(&rig.accept(&commit)), [(0, 1)]);
    assert_eq!(committed(&rig.finish(&work(0, epoch, 0), DONE)), Some(1));
}

#[test]
fn a_partition_that_gets_no_further_is_told_of_once_with_the_record_at_fault() {
    let mut config = config(vec![ordered()]);
    config.stuck_after = ms(60_000);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    rig.deliver(0, &[7, 8]);
    let stuck = |e: &RuntimeEvent| matches!(e, RuntimeEvent::PartitionStuck { offset, doing: "running", .. } if offset.0 == 7);
    assert!(!told(&stopped_for(&mut rig, 59_000), stuck));
    assert!(told(&stopped_for(&mut rig, 1_000), stuck));
    assert!(!told(&stopped_for(&mut rig, 60_000), stuck), "once");
    let out = rig.finish(&work(0, epoch, 7), DONE);
    assert!(told(&out, |e| matches!(e, RuntimeEvent::PartitionMoves { .. })));
}

/// The broker has noticed that nothing comes; the next record ends it, once.
#[test]
fn a_silent_partition_is_told_of_until_a_record_comes() {
    let (mut rig, _) = owner(ordered());
    let (partition, position, end) = (tp(0), Offset(0), Offset(5));
    let silent = Event::Silent { partition: partition.clone(), position, end };
    let is = RuntimeEvent::PartitionSilent { partition, position, end };
    assert!(told(&rig.send(silent), |e| *e == is));
    let over = |e: &RuntimeEvent| matches!(e, RuntimeEvent::SilenceOver { .. });
    assert!(!told(&stopped_for(&mut rig, 1_000), over));
    assert!(told(&rig.deliver(0, &[0]), over));
    assert!(!told(&rig.send(Event::SilenceOver { partition: tp(0) }), over), "once");
}

/// The broker cannot read on. Records from before may come yet; only the broker says when it is over.
#[test]
fn a_corrupt_batch_is_told_of_until_the_broker_reads_on() {
    let (mut rig, _) = owner(ordered());
    let (partition, position, reason) = (tp(0), Offset(2), "its checksum is wrong".to_owned());
    let is = RuntimeEvent::CorruptBatch { partition: tp(0), position, reason: reason.clone() };
    let corrupt = Event::CorruptBatch { partition, position, reason };
    assert!(told(&rig.send(corrupt), |e| *e == is));
    let over = |e: &RuntimeEvent| matches!(e, RuntimeEvent::CorruptBatchOver { .. });
    assert!(!told(&rig.deliver(0, &[0, 1]), over));
    let ends = || Event::CorruptBatchOver { partition: tp(0) };
    assert!(told(&rig.send(ends()), over));
    assert!(!told(&rig.send(ends()), over), "once");
}

#[test]
fn a_record_that_waits_for_its_next_attempt_is_no_stuck_partition() {
    let mut config = config(vec![retrying(ordered(), 5)]);
    config.stuck_after = ms(10);
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    rig.accept(&out);
    let out = stopped_for(&mut rig, 100);
    assert!(!told(&out, |e| matches!(e, RuntimeEvent::PartitionStuck { .. })));
}
