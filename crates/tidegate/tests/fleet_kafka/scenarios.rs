//! What is done to the members, and the proof that it was done.

use std::time::{Duration, Instant};

use test_servers::LocalKafka;

use crate::feed::Flow;
use crate::ledger::now;
use crate::member::{BUFFER, How, Sharing};
use crate::stage::{CONCURRENCY, MEMBERS, Stage, flowing, how, messages, rounds, steady};

/// SIGKILL to a member that owns partitions; another one comes for it (fault F1).
fn killed(how: How, settled: bool) {
    let mut stage = Stage::set(LocalKafka::shared(), how, steady());
    for round in 0..rounds() {
        stage.reach(80 * (round + 1) / (rounds() + 1));
        if settled {
            stage.settle();
        }
        let victim = stage.an_owner();
        stage.kill(victim);
        stage.join();
        stage.all_owned();
    }
    let verdict = stage.close(settled, 0);
    assert_eq!(verdict.kills, rounds());
    assert!(verdict.repeats > 0, "no kill hit anything that was not committed");
}

#[test]
fn f1_killed_members_lose_nothing_and_break_no_order() {
    killed(how("killed"), true);
}

/// Each follows on the one before as soon as its partitions are taken over.
#[test]
fn f1_members_are_killed_while_the_group_rebalances_and_partitions_keep_their_order() {
    killed(How { by_partition: true, ..how("killed-by-partition") }, false);
}

/// SIGKILL while messages wait in the schedule, and others of their keys behind them (rules 20, 22, 23): none is lost, and none
/// passes another one.
#[test]
fn f1_killed_members_keep_the_order_of_keys_that_wait_in_the_schedule() {
    let how = How { scheduled: true, ..how("killed-scheduled") };
    let mut stage = Stage::set(LocalKafka::shared(), how, steady());
    let mut parked = 0;
    for round in 0..rounds() {
        stage.reach(80 * (round + 1) / (rounds() + 1));
        let victim = stage.an_owner();
        stage.until("keys wait", |stage| stage.ledger.parked() > 0);
        parked += stage.ledger.parked();
        stage.kill(victim);
        stage.join();
        stage.all_owned();
    }
    let verdict = stage.close(false, 0);
    eprintln!("{parked} keys were parked at {} kills, each of them a rebalance", verdict.kills);
    assert_eq!(verdict.kills, rounds());
}

/// Everything fails for a while, and then nothing: each message waits in the schedule, by itself or behind another one of its key.
/// None is lost, none passes another one, and the members stay within their memory.
#[test]
fn a_retry_storm_ends_in_order_and_within_memory() {
    let lasts = if messages() > 6_000 { 60 } else { 10 };
    let until = now() + lasts * 1_000_000;
    let flow = Flow { over: flowing() / 2, ..steady() };
    let how = How { scheduled: true, storm: until, ..how("storm") };
    let mut stage = Stage::set(LocalKafka::shared(), how, flow);
    stage.until("the storm is over", |_| now() > until);
    stage.reach(100);
    let (peak, bound) = (stage.peak(), BUFFER.1 as u64 * 3 / 2 + (64 << 20));
    eprintln!("at most {} MiB of memory in a storm of {lasts} s", peak >> 20);
    assert!(peak <= bound, "{peak} bytes, and the bound is {bound}");
    stage.close(false, 0);
}

/// SIGSTOP until others have everything that the member had and its poll interval is over, too; then SIGCONT (fault F2).
/// Under lag: what its lanes hold is long enough to go on with.
fn stopped(how: How) {
    let takes = |flow, n| 2 * for_as_long_as(flow, n);
    let flow = Flow { messages: messages(), over: Duration::ZERO, takes };
    let mut stage = Stage::set(LocalKafka::shared(), how, flow);
    for round in 0..rounds() {
        stage.reach(70 * (round + 1) / (rounds() + 1));
        stage.settle();
        let victim = stage.an_owner();
        stage.fleet.stop(victim, &stage.ledger);
        let since = Instant::now();
        let away = stage.how.session.max(stage.how.max_poll) + Duration::from_secs(1);
        stage.until("its partitions are others'", |stage| {
            let owners = stage.ledger.owners();
            since.elapsed() > away && owners.values().all(|pid| *pid != victim)
        });
        stage.fleet.go_on(victim, &stage.ledger);
        stage.owns(victim);
    }
    let verdict = stage.close(true, 1);
    assert_eq!(verdict.stops, rounds());
    assert!(verdict.robbed >= rounds(), "a stopped member kept its partitions");
}

#[test]
fn f2_a_stopped_member_that_goes_on_begins_nothing_that_others_have() {
    stopped(how("stopped"));
}

/// Keys wait in the schedule when it is stopped: it neither runs what waits nor settles it when it goes on (rules 10, 22).
#[test]
fn f2_a_stopped_member_leaves_the_keys_that_wait_in_the_schedule_to_others() {
    stopped(How { scheduled: true, ..how("stopped-scheduled") });
}

/// The session of 3 s is the broker's, and the members' own setting is far longer.
#[test]
fn f2_a_stopped_member_of_a_kip_848_group_begins_nothing_that_others_have() {
    stopped(How { sharing: Sharing::Kip848, ..how("stopped-kip-848") });
}

/// Every 2 s one comes, or the oldest one goes, for as long as messages flow (fault F6).
fn comes_and_goes(how: How) {
    const EVERY: Duration = Duration::from_secs(2);
    let mut stage = Stage::set(LocalKafka::shared(), how, steady());
    let (mut next, mut changes) = (Instant::now(), 0);
    while !stage.feed.done() {
        stage.until("it is time", |_| Instant::now() >= next);
        next = Instant::now() + EVERY;
        if changes % 2 == 0 {
            let newest = stage.join();
            stage.owns(newest); // each coming is a rebalance
        } else {
            let oldest = stage.fleet.oldest();
            stage.leave(oldest);
        }
        changes += 1;
    }
    let verdict = stage.close(true, 0);
    let enough = u32::try_from(flowing().as_secs()).unwrap() / 4 / 2;
    assert!(verdict.joins >= MEMBERS as u32 + enough, "only {} came", verdict.joins);
    assert!(verdict.given >= enough, "only {} partitions were given back", verdict.given);
}

#[test]
fn f6_members_come_and_go_cooperative() {
    comes_and_goes(how("come-and-go"));
}

#[test]
fn f6_members_come_and_go_eager() {
    comes_and_goes(How { sharing: Sharing::Eager, ..how("come-and-go-eager") });
}

#[test]
fn f6_members_come_and_go_kip_848() {
    comes_and_goes(How { sharing: Sharing::Kip848, ..how("come-and-go-kip-848") });
}

/// The broker dies, or is restarted in order, under three members (fault F4).
#[test]
fn f4_the_broker_goes_and_comes_back() {
    let kafka = LocalKafka::start();
    let patient = How {
        session: Duration::from_secs(20), // a restart is no reason to lose a partition
        max_poll: Duration::from_secs(20),
        ..how("broker")
    };
    let mut stage = Stage::set(&kafka, patient, steady());
    for round in 0..rounds() {
        stage.reach(80 * (round + 1) / (rounds() + 1));
        stage.settle(); // who has not found the way back yet would see two as one
        match round % 2 {
            0 => stage.without(&kafka, LocalKafka::kill),
            _ => stage.without(&kafka, LocalKafka::stop_gently),
        }
    }
    let verdict = stage.close(true, 0);
    assert_eq!(verdict.downs, rounds());
}

/// What each message takes, so that all members together need this time for all of them.
fn for_as_long_as(flow: Flow, _: u32) -> u64 {
    let lanes = (MEMBERS * CONCURRENCY) as u64;
    let time = u64::try_from(flowing().as_millis()).unwrap();
    (time * lanes / u64::from(flow.messages)).max(1)
}

/// All three are replaced, one after the other, while messages wait from the first to the last moment.
#[test]
fn a_rolling_restart_under_lag_repeats_nothing() {
    let flow = Flow { messages: messages(), over: Duration::ZERO, takes: for_as_long_as };
    let mut stage = Stage::set(LocalKafka::shared(), how("rolling"), flow);
    stage.feed.end();
    for old in stage.fleet.all() {
        stage.leave(old);
        let new = stage.join();
        stage.owns(new);
        stage.all_owned();
        assert!(stage.flows(), "nothing waits any more");
    }
    let verdict = stage.close(true, 0);
    assert_eq!((verdict.leaves, verdict.joins), (6, 6));
}

/// Some of each key take 0.6 s, and some longer than the drain deadline; the rest 2 ms.
fn now_and_then_slow(_: Flow, n: u32) -> u64 {
    match n {
        n if n % 491 == 7 => 2_500,
        n if n % 37 == 3 => 600,
        _ => 2,
    }
}

/// Partitions are asked back while handlers run: those in time are waited for, those that are not are cut off and come again.
#[test]
fn a_revoke_waits_for_slow_handlers_and_cuts_off_the_slowest() {
    let flow = Flow { messages: messages(), over: flowing(), takes: now_and_then_slow };
    let mut stage = Stage::set(LocalKafka::shared(), how("slow"), flow);
    while !stage.feed.done() {
        let newest = stage.join();
        stage.owns(newest);
        stage.all_owned();
        let oldest = stage.fleet.oldest();
        stage.leave(oldest);
        stage.all_owned();
    }
    let verdict = stage.close(true, 0);
    assert!(verdict.awaited > 0, "no revoke came while a slow handler ran");
    assert!(verdict.cuts > 0, "no revoke came while a handler ran that was too slow");
}
