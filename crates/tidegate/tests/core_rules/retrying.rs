//! Rules 18-21, 23: order, retry, outages.

use tidegate::broker::{Committed, RevokeTicket};
use tidegate::class::{Cause, Class};
use tidegate::consumer::core::metadata::CommitMetadata;
use tidegate::consumer::core::{Command, Event, StepKind, Stopped, Verdict};
use tidegate::events::RuntimeEvent;
use tidegate::message::Offset;

use crate::rig::*;

fn pause(out: &[Command]) -> Option<bool> {
    out.iter().find_map(|c| match c {
        Command::Pause(_) => Some(true),
        Command::Resume(_) => Some(false),
        _ => None,
    })
}

fn last_metadata(out: &[Command]) -> Committed {
    commit(out).expect("a commit")[0].committed.clone()
}

#[test]
fn one_record_of_a_partition_at_a_time_and_nothing_passes_it() {
    let mut rig = Rig::new(vec![ordered(), unordered()]);
    let epoch = rig.own(0);
    rig.deliver_to(0, 1, &[0]);
    assert_eq!(runs(&rig.deliver(0, &[1, 2])), [(1, 1)], "what has no order does not hold it");
    assert_eq!(runs(&rig.deliver_to(0, 1, &[3])), []);
    rig.finish(&work(0, epoch, 1), failed(Class::Transient));
    assert_eq!(runs(&rig.finish(&work(0, epoch, 0), DONE)), [], "rule 23: 2 waits for 1");
    while runs(&rig.wait()).is_empty() {}
    assert_eq!(runs(&rig.finish(&work(0, epoch, 1), DONE)), [(2, 1)]);
    assert_eq!(runs(&rig.finish(&work(0, epoch, 2), DONE)), [(3, 1)]);
}

#[test]
fn without_order_they_run_side_by_side_and_one_that_waits_holds_only_the_watermark() {
    let mut config = config(vec![unordered()]);
    config.max_in_flight = 2;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    assert_eq!(runs(&rig.deliver(0, &[0, 1, 2])), [(0, 1), (1, 1)]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert_eq!((runs(&out), pause(&out)), (vec![(2, 1)], None));
    let state = CommitMetadata::decode(&last_metadata(&out).metadata).unwrap().retries[0];
    assert_eq!((state.offset, state.attempts), (Offset(0), 1), "rule 20: durable at once");
    rig.accept(&out);
    let out = rig.finish(&work(0, epoch, 1), DONE);
    rig.finish(&work(0, epoch, 2), DONE);
    assert_eq!(committed(&rig.accept(&out)), Some(0), "rule 3: 0 holds it");
}

#[test]
fn the_default_commit_honours_an_in_flight_predecessor() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    assert_eq!(committed(&rig.finish(&work(0, epoch, 1), DONE)), Some(0));
    rig.elapsed += ms(600_000);
    assert_eq!(committed(&rig.send(Event::Timer)), None, "one commit in flight, and it says 0");
}

#[test]
fn a_long_wait_pauses_delivery_from_the_second_retry_on() {
    let mut rig = Rig::new(vec![retrying(ordered(), 5)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert_eq!(pause(&out), None, "the first is in place");
    rig.accept(&out);
    rig.wait();
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert_eq!(pause(&out), Some(true));
    rig.accept(&out);
    let out = rig.wait();
    assert_eq!((pause(&out), runs(&out)), (Some(false), vec![(0, 3)]));
}

#[test]
fn a_retry_is_never_early_and_its_due_time_does_not_change() {
    let mut rig = Rig::new(vec![retrying(ordered(), 5)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient.after(ms(7_000))));
    rig.accept(&out);
    assert_eq!(rig.core.deadline(), Some(ms(7_000)), "rule 19");
    (rig.elapsed, rig.entropy) = (ms(6_999), 7);
    assert_eq!(rig.send(Event::Timer), []);
    assert_eq!(rig.core.deadline(), Some(ms(7_000)));
    assert_eq!(runs(&rig.wait()), [(0, 2)]);
}

#[test]
fn the_next_owner_goes_on_counting_and_keeps_the_due_time() {
    let mut rig = Rig::new(vec![retrying(ordered(), 3)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 4]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    rig.accept(&out);
    let out = rig.finish(&work(0, epoch, 4), failed(Class::Transient.after(ms(5_000))));
    let left = last_metadata(&out);

    let mut next = Rig::new(vec![retrying(ordered(), 3)]);
    next.wall += 2_000;
    let epoch = next.own_from(0, Some(left));
    assert_eq!(runs(&next.deliver(0, &[4, 5])), [], "rule 19: three seconds are left");
    assert_eq!(next.core.deadline(), Some(ms(3_000)));
    assert_eq!(runs(&next.wait()), [(4, 2)], "rules 20, 21");
    assert_eq!(runs(&next.finish(&work(0, epoch, 4), DONE)), [(5, 1)], "5 has its own count");
}

#[test]
fn a_wall_clock_that_jumps_makes_nobody_wait_longer_than_was_drawn() {
    let mut rig = Rig::new(vec![retrying(ordered(), 3)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient.after(ms(5_000))));
    let left = last_metadata(&out);
    for jump in [-3_600_000, 3_600_000] {
        let mut next = Rig::new(vec![retrying(ordered(), 3)]);
        next.wall += jump;
        next.own_from(0, Some(left.clone()));
        let at_once = !runs(&next.deliver(0, &[0])).is_empty();
        let soon = next.core.deadline().is_some_and(|due| due <= ms(5_000));
        assert!(at_once || soon, "fault F21");
    }
}

#[test]
fn a_panic_or_a_hang_is_tried_three_times_however_many_the_route_allows() {
    let mut rig = Rig::new(vec![retrying(ordered(), 50)]);
    let epoch = rig.own(0);
    let mut running = runs(&rig.deliver(0, &[0]));
    for cause in [Cause::Panic, Cause::Timeout] {
        assert_eq!(running.len(), 1);
        let out = rig.finish(&work(0, epoch, 0), failed_by(Class::Transient, cause));
        rig.accept(&out);
        running = runs(&rig.wait());
    }
    let out = rig.finish(&work(0, epoch, 0), failed_by(Class::Transient, Cause::Panic));
    assert_eq!(steps(&out), [StepKind::DeadLetter], "rule 18");
}

#[test]
fn an_outage_pauses_probes_alarms_once_and_counts_nothing() {
    let mut rig = Rig::new(vec![retrying(ordered(), 1)]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Outage("db")));
    assert_eq!((pause(&out), steps(&out)), (Some(true), vec![]));
    let mut alarms = 0;
    while rig.elapsed < ms(3_600_000) {
        let out = rig.wait();
        alarms += u32::from(told(&out, |e| matches!(e, RuntimeEvent::OutageAlarm { .. })));
        if let [run] = runs(&out)[..] {
            assert_eq!(run, (0, 1), "the same record, the same attempt");
            let before = rig.elapsed;
            rig.finish(&work(0, epoch, 0), failed(Class::Outage("db")));
            assert!(rig.core.deadline().is_some_and(|due| due <= before + ms(30_000)), "capped");
        }
    }
    assert_eq!(alarms, 1);
    while runs(&rig.wait()).is_empty() {}
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert!(told(&out, |e| matches!(e, RuntimeEvent::OutageOver { .. })));
    assert_eq!((pause(&out), runs(&out)), (Some(false), vec![(1, 1)]));
}

/// Found by the simulator: it was never sent again, and the partition stood still.
#[test]
fn a_probe_that_a_lane_gives_back_is_sent_again_and_runs_once() {
    for route in [ordered(), keyed(), unordered()] {
        let mut rig = Rig::new(vec![route]);
        let epoch = rig.own(0);
        rig.deliver(0, &[0, 1]);
        rig.finish(&work(0, epoch, 0), failed(Class::Outage("db")));
        while runs(&rig.wait()).is_empty() {}
        let out = rig.finish(&work(0, epoch, 0), Verdict::Held);
        assert_eq!(runs(&out), [(0, 1)]);
        let out = rig.finish(&work(0, epoch, 0), Verdict::Done { emits: true });
        assert_eq!(steps(&out), [StepKind::Publish]);
        assert!(runs(&out).iter().all(|run| *run != (0, 1)), "{out:?}");
    }
}

#[test]
fn time_in_an_outage_is_not_active_age() {
    let mut route = retrying(ordered(), 9);
    route.retry = route.retry.active_age(ms(60_000));
    let mut rig = Rig::new(vec![route]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0]);
    rig.finish(&work(0, epoch, 0), failed(Class::Outage("db")));
    rig.elapsed += ms(600_000);
    rig.send(Event::Timer);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert!(told(&out, |e| matches!(e, RuntimeEvent::Retrying { .. })), "rule 19");
    rig.accept(&out);
    while runs(&rig.wait()).is_empty() {}
    rig.elapsed += ms(61_000);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Transient));
    assert_eq!(steps(&out).len(), 1, "a minute of trying is over");
}

#[test]
fn the_end_of_one_pause_does_not_resume_what_another_holds() {
    let mut config = config(vec![retrying(ordered(), 5)]);
    config.max_buffered_records = 4;
    let mut rig = Rig::with(config);
    let epoch = rig.own(0);
    assert_eq!(pause(&rig.deliver(0, &[0, 1, 2, 3])), Some(true), "budget");
    rig.finish(&work(0, epoch, 0), failed(Class::Outage("db")));
    assert_eq!(runs(&rig.wait()), [(0, 1)]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    assert!(told(&out, |e| matches!(e, RuntimeEvent::OutageOver { .. })));
    assert_eq!(pause(&out), None, "three records are still held");
    assert_eq!(pause(&rig.finish(&work(0, epoch, 1), DONE)), Some(false), "at half");
}

#[test]
fn a_service_that_fails_takes_nothing_more() {
    let mut rig = Rig::new(vec![ordered()]);
    let epoch = rig.own(0);
    rig.deliver(0, &[0, 1]);
    let out = rig.finish(&work(0, epoch, 0), failed(Class::Fatal));
    assert_eq!(pause(&out), Some(true), "found by the simulator: it read on until its last commit");
}

#[test]
fn fatal_stops_the_service_and_commits_only_what_is_finished() {
    let mut rig = Rig::new(vec![unordered()]);
    let epoch = rig.own(0);
    rig.revoke(&[], ms(10), 1);
    rig.deliver(0, &[0, 1, 2]);
    let out = rig.finish(&work(0, epoch, 0), DONE);
    rig.finish(&work(0, epoch, 2), DONE);
    let fatal = rig.finish(&work(0, epoch, 1), failed(Class::Fatal));
    assert!(fatal.iter().any(|c| matches!(c, Command::Cancel { .. })), "at once");
    let out = rig.accept(&out);
    assert_eq!(committed(&out), Some(1), "nothing for 1, and nothing above it");
    let out = rig.accept(&out);
    assert!(matches!(out.last(), Some(Command::Stopped(Stopped::Failed { .. }))), "{out:?}");
    assert!(!out.contains(&Command::Release(RevokeTicket(1))), "it was answered before");
}
