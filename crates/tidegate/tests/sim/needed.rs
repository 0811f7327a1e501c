//! Each check is needed, and each fault of the log: with one left out, a planted bug passes.

use tidegate::testing::chaos::{Bug, CHECKS, Kind, Moment, Plan, Ways, own_world, run_all};

/// The first world.
const FROM: u64 = 1_000_000;

/// A check, a bug that it finds, how many worlds it takes at most, and what is left out of them so that it alone does.
struct Needed(&'static str, Bug, u64, fn(&mut Plan));

/// Retries wait in memory, and nothing is late: what happens is what the check is about.
fn as_drawn(plan: &mut Plan) {
    (plan.schedule, plan.in_place) = (false, 1);
    plan.faults.retain(|fault| (fault.kind, fault.moment) != (Kind::CutOff, Moment::Enqueued));
}

fn with_a_schedule(plan: &mut Plan) {
    plan.schedule = true;
}

/// What is committed too early is lost only when somebody dies then, or moves back when it is tried anew; I2 needs neither.
fn only_publishes_fail(plan: &mut Plan) {
    only(plan, Kind::Refused, Moment::Enqueued);
}

/// A commit that moves back is noticed by who goes on from there; I10 needs no successor.
fn only_commits_fail(plan: &mut Plan) {
    only(plan, Kind::Refused, Moment::Marked);
}

fn only(plan: &mut Plan, kind: Kind, moment: Moment) {
    as_drawn(plan);
    plan.faults.iter_mut().for_each(|fault| (fault.kind, fault.moment) = (kind, moment));
}

const NEEDED: [Needed; 16] = [
    Needed("I1", Bug::UnknownIsAcked, 50, as_drawn),
    Needed("I2", Bug::PastSettling, 3, only_publishes_fail),
    Needed("I3", Bug::KeyOrder, 100, as_drawn),
    Needed("I4", Bug::PublishFailureReruns, 100, as_drawn),
    Needed("I5", Bug::SettledTwice, 100, as_drawn),
    Needed("I6", Bug::NoBudget, 100, as_drawn),
    Needed("I7", Bug::GapIsARecord, 100, as_drawn),
    Needed("I10", Bug::CommitMovesBack, 3, only_commits_fail),
    Needed("rule 10", Bug::NoLease, 8, as_drawn),
    Needed("rule 11", Bug::FenceBeforeDrain, 50, as_drawn),
    Needed("rule 13", Bug::CutGoesOn, 100, as_drawn),
    Needed("dead handler", Bug::DeadHandlerGoesOn, 1_000, as_drawn),
    // Who never counts to the end never ends: later I7 would find it too.
    Needed("rule 21", Bug::CountersReset, 2, as_drawn),
    // Nobody has the record any more: later I7 would find that it never ends.
    Needed("rule 22", Bug::StruckFirst, 3, with_a_schedule),
    Needed("rule 31", Bug::DeadRunsAgain, 300, as_drawn),
    Needed("rule 31", Bug::LetterAgain, 1_000, as_drawn),
];

#[test]
fn each_check_is_needed() {
    let mut named = NEEDED.map(|needed| needed.0).to_vec();
    named.dedup();
    assert_eq!(named, CHECKS);
    let mut wrong = Vec::new();
    for Needed(check, bug, worlds, calm) in NEEDED {
        let found = |without: Vec<&'static str>| {
            let ways = Ways { without, bug: Some(bug), ..Ways::default() };
            let world = |seed| {
                let mut plan = Plan::draw(seed);
                plan.faults.retain(|fault| !Kind::OF_THE_LOG.contains(&fault.kind));
                calm(&mut plan);
                own_world(&plan, &ways)
            };
            run_all(FROM..FROM + worlds, world).1
        };
        let (with, without) = (found(Vec::new()), found(vec![check]));
        let by = with.as_ref().map(|(_, violation)| violation.invariant);
        println!("{check:<12} finds {bug:?}: {by:?}; without it: {without:?}");
        if by != Some(check) || without.is_some() {
            wrong.push(check);
        }
    }
    assert_eq!(wrong, [""; 0], "does not find its bug, or is not needed for it");
}

/// A fault, a bug that is found by it alone, and how many worlds that takes at most.
const NEEDED_FAULTS: [(Kind, Bug, u64); 2] =
    [(Kind::Grow, Bug::NewBeginsAtEnd, 300), (Kind::Retention, Bug::SilentJump, 300)];

#[test]
fn each_fault_of_the_log_is_needed() {
    for (kind, bug, worlds) in NEEDED_FAULTS {
        let found = |kept: fn(Kind, Kind) -> bool| {
            let ways = Ways { bug: Some(bug), ..Ways::default() };
            let world = |seed| {
                let mut plan = Plan::draw(seed);
                plan.faults.retain(|fault| kept(fault.kind, kind));
                own_world(&plan, &ways)
            };
            run_all(FROM..FROM + worlds, world).1
        };
        let (with, without) = (found(|_, _| true), found(|fault, kind| fault != kind));
        println!("{kind} finds {bug:?}: {with:?}; without it: {without:?}");
        assert!(with.is_some() && without.is_none(), "{kind}");
    }
}
