//! The judge finds each thing that it is there to find: ledgers that are right but for one line.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::{Terms, Verdict, judge};
use crate::ledger::{Attempt, Line, What};

/// The members.
const A: u32 = 1;
const B: u32 = 2;

/// One key in one partition, a line every 10 ms.
#[derive(Default)]
struct Story {
    lines: Vec<Line>,
    now: u64,
    by_partition: bool,
    late: u32,
    unsettled: bool,
}

impl Story {
    fn then(mut self, pid: u32, what: What) -> Self {
        self.now += 10_000;
        self.lines.push(Line { at: self.now, pid, what });
        self
    }

    fn pause(mut self, millis: u64) -> Self {
        self.now += millis * 1_000;
        self
    }

    fn owns(self, pid: u32) -> Self {
        self.then(pid, What::Started { partition: 0 })
    }

    fn lets_go(self, pid: u32, lost: bool) -> Self {
        self.then(pid, What::Ended { partition: 0, lost })
    }

    fn begins(self, pid: u32, number: u32) -> Self {
        self.then(pid, What::Begin(attempt(number)))
    }

    fn ends(self, pid: u32, number: u32) -> Self {
        self.then(pid, What::End(attempt(number)))
    }

    fn does(self, pid: u32, number: u32) -> Self {
        self.begins(pid, number).ends(pid, number)
    }

    fn judged(&self, messages: u32) -> Verdict {
        let terms = Terms {
            by_partition: self.by_partition,
            uncommitted: (!self.unsettled).then_some(Duration::from_millis(500)),
            lease: Duration::from_secs(2),
            late: self.late,
        };
        judge(&self.lines, &BTreeMap::from([(0, messages)]), terms)
    }

    /// Nothing is wrong.
    fn is_right(&self, messages: u32) -> Verdict {
        let verdict = self.judged(messages);
        assert!(verdict.findings.is_empty(), "{:#?}", verdict.findings);
        verdict
    }

    /// Something is, and that is what is found.
    fn is_wrong(&self, messages: u32, what: &str) {
        let findings = self.judged(messages).findings;
        assert!(findings.iter().any(|found| found.contains(what)), "not {what:?}: {findings:#?}");
    }
}

fn attempt(number: u32) -> Attempt {
    let n = u64::from(number);
    Attempt { seq: n, partition: 0, offset: n, key: 0, number }
}

fn story() -> Story {
    Story::default().owns(A).does(A, 0)
}

#[test]
fn what_never_ended_is_lost() {
    story().is_right(1);
    story().is_wrong(2, "1 lost");
    story().begins(A, 1).then(A, What::Killed).is_wrong(2, "1 lost");
    story().begins(A, 1).then(A, What::Cut(attempt(1))).is_wrong(2, "1 lost");
}

#[test]
fn what_passes_the_one_before_it_breaks_the_order() {
    story().begins(A, 2).is_wrong(1, "began before the one before it");
    story().does(A, 2).does(A, 1).is_wrong(3, "ended before the one before it");
    let next = story().begins(A, 1).begins(A, 2).ends(A, 1).ends(A, 2);
    next.is_wrong(3, "began before the one before it");
    let again = Attempt { seq: 9, ..attempt(1) };
    story().begins(A, 1).then(A, What::Begin(again)).is_wrong(1, "two at once");
}

#[test]
fn the_unit_of_order_may_be_the_partition() {
    let other = Attempt { seq: 9, partition: 0, offset: 2, key: 1, number: 0 };
    let beside = |by_partition| Story { by_partition, ..story() }.begins(A, 1);
    let beside = |by_partition| beside(by_partition).then(A, What::Begin(other));
    assert!(beside(false).judged(1).findings.is_empty());
    beside(true).is_wrong(1, "began before the one before it");
}

#[test]
fn two_members_at_once_in_a_key_are_found_unless_the_first_was_not_heard_of() {
    let taken = |story: Story| story.owns(B).begins(B, 1).ends(A, 1).ends(B, 1);
    taken(story().begins(A, 1).lets_go(A, false)).is_wrong(2, "two at once");
    taken(story().begins(A, 1)).lets_go(A, true).is_right(2);
}

#[test]
fn a_member_begins_nothing_in_a_partition_that_another_one_has() {
    let late = story().owns(B).does(B, 1).does(A, 1);
    late.is_wrong(2, "1 attempts began in partitions of other members");
    let once = Story { late: 1, ..late }.lets_go(A, true);
    assert_eq!(once.judged(2).late, 1);
    once.does(A, 1).is_wrong(2, "2 attempts began in partitions of other members");
}

#[test]
fn a_member_gives_nothing_back_that_another_one_took_while_it_ran() {
    let taken = story().begins(A, 1).owns(B).ends(A, 1).lets_go(A, false);
    taken.is_wrong(2, "gave back what another one had");
    story().owns(B).lets_go(A, false).is_right(1); // its line is late, and nothing ran
}

#[test]
fn a_clean_hand_over_explains_no_repeat() {
    let again = story().lets_go(A, false).owns(B).does(B, 0);
    again.is_wrong(1, "1 repeats, and 0 are explained");
}

#[test]
fn a_kill_explains_what_ran_and_what_had_just_ended() {
    let killed = |story: Story| story.then(A, What::Killed).owns(B);
    let verdict = killed(story().begins(A, 1)).does(B, 0).does(B, 1).is_right(2);
    assert_eq!((verdict.kills, verdict.repeats, verdict.bound), (1, 2, 2));
    let long_ago = killed(story().pause(600).begins(A, 1)).does(B, 0).does(B, 1);
    long_ago.is_wrong(2, "2 repeats, and 1 are explained");
}

#[test]
fn a_kill_in_a_rebalance_explains_what_ended_in_the_lease() {
    let killed = |story: Story| Story { unsettled: true, ..story }.does(A, 1).then(A, What::Killed);
    killed(story().pause(600)).owns(B).does(B, 0).does(B, 1).is_right(2);
    let before = killed(story().pause(2_100)).owns(B).does(B, 0).does(B, 1);
    before.is_wrong(2, "2 repeats, and 1 are explained");
}

#[test]
fn a_stop_explains_what_ran_and_the_loss_afterwards_nothing_more() {
    let robbed = story().pause(600).begins(A, 1).then(A, What::Stopped).owns(B);
    let back = robbed.does(B, 1).then(A, What::Continued).ends(A, 1).lets_go(A, true);
    let verdict = back.is_right(2);
    assert_eq!((verdict.stops, verdict.robbed, verdict.losses), (1, 1, 1));
    assert_eq!((verdict.repeats, verdict.bound), (1, 1));
}

#[test]
fn a_member_that_stands_still_writes_nothing() {
    story().then(A, What::Stopped).does(A, 1).is_wrong(2, "it stood still");
}

#[test]
fn a_loss_explains_what_ended_in_the_lease() {
    let lost = |story: Story| story.does(A, 1).pause(9_000).lets_go(A, true).owns(B);
    lost(story()).does(B, 0).does(B, 1).is_right(2);
    let before = lost(story().pause(2_100)).does(B, 0);
    before.does(B, 1).is_wrong(2, "2 repeats, and 1 are explained");
}

#[test]
fn what_was_cut_off_explains_one_repeat() {
    let cut = story().begins(A, 1).then(A, What::Cut(attempt(1))).lets_go(A, false).owns(B);
    assert_eq!(cut.does(B, 1).is_right(2).cuts, 1);
}

#[test]
fn a_partition_that_waited_for_a_slow_handler_is_told_from_one_that_did_not() {
    let slow = |millis| story().begins(A, 1).pause(millis).ends(A, 1).lets_go(A, false);
    assert_eq!([500, 5].map(|millis| slow(millis).is_right(2).awaited), [1, 0]);
}
