//! Each check is needed: with one left out, a planted bug passes.

use tidegate::testing::chaos::{Bug, CHECKS, Kind, Moment, Plan, Ways, own_world, run_all};

/// So many worlds each.
const WORLDS: u64 = 300;

/// A check, a bug that it finds, and the worlds in which it alone does.
struct Needed(&'static str, Bug, fn(&mut Plan));

fn as_drawn(_: &mut Plan) {}

/// What is committed too early is lost only when somebody dies then; I2 needs no death.
fn nobody_dies(plan: &mut Plan) {
    let kills = |kind| matches!(kind, Kind::Crash | Kind::Zombie | Kind::Restart | Kind::Rebalance);
    plan.faults.retain(|fault| !kills(fault.kind) && fault.kind != Kind::BrokerAway);
    plan.members = 1;
}

/// A commit that moves back is noticed by who goes on from there; I10 needs no successor.
fn only_commits_fail(plan: &mut Plan) {
    nobody_dies(plan);
    plan.faults.iter_mut().for_each(|fault| {
        (fault.kind, fault.moment) = (Kind::Refused, Moment::Marked);
    });
}

const NEEDED: [Needed; 11] = [
    Needed("I1", Bug::UnknownIsAcked, as_drawn),
    Needed("I2", Bug::PastInFlight, nobody_dies),
    Needed("I3", Bug::KeyOrder, as_drawn),
    Needed("I4", Bug::PublishFailureReruns, as_drawn),
    Needed("I5", Bug::ResumeGoesBack, as_drawn),
    Needed("I6", Bug::NoBudget, as_drawn),
    Needed("I7", Bug::GapIsARecord, as_drawn),
    Needed("I10", Bug::CommitMovesBack, only_commits_fail),
    Needed("rule 10", Bug::ClaimOutlivesLease, as_drawn),
    Needed("rule 11", Bug::FenceBeforeDrain, as_drawn),
    Needed("rule 21", Bug::CountersReset, as_drawn),
];

#[test]
fn each_check_is_needed() {
    assert_eq!(NEEDED.map(|needed| needed.0), CHECKS);
    let mut wrong = Vec::new();
    for Needed(check, bug, calm) in NEEDED {
        let found = |without: Vec<&'static str>| {
            let ways = Ways { without, bug: Some(bug), ..Ways::default() };
            let world = |seed| {
                let mut plan = Plan::draw(seed);
                calm(&mut plan);
                own_world(&plan, &ways)
            };
            run_all(0..WORLDS, world).1
        };
        let (with, without) = (found(Vec::new()), found(vec![check]));
        let by = with.as_ref().map(|(_, violation)| violation.invariant);
        println!("{check:<8} finds {bug:?}: {by:?}; without it: {without:?}");
        if by != Some(check) || without.is_some() {
            wrong.push(check);
        }
    }
    assert_eq!(wrong, [""; 0], "does not find its bug, or is not needed for it");
}
