//! How many repeats are explained, counted from what the ledger shows at each fault.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use super::Terms;
use crate::ledger::Attempt;

/// A handler that ran for at least so long is a slow one.
const SLOW: Duration = Duration::from_millis(300);
/// A partition is let go so soon after the last handler that it waited for: a commit lies between.
const SOON: Duration = Duration::from_millis(200);

/// What ended is remembered for so much longer than a term: handlers end after the last one has begun.
const SPARE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy)]
struct Done {
    at: u64,
    attempt: Attempt,
    took: Duration,
}

/// What one member did of late.
#[derive(Debug, Default)]
struct Member {
    /// With the time of its begin.
    running: BTreeMap<u64, (Attempt, u64)>,
    /// Further back than either term.
    done: VecDeque<Done>,
    /// When an attempt began last in each partition.
    began: BTreeMap<u32, u64>,
}

#[derive(Debug)]
pub(super) struct Bound {
    terms: Terms,
    members: BTreeMap<u32, Member>,
    /// Process and number of the attempts that may be repeated once each.
    explained: HashSet<(u32, u64)>,
    /// Taken from a member that stood still: its loss was counted when it was stopped.
    robbed: HashSet<(u32, u32)>,
}

impl Bound {
    pub(super) fn new(terms: Terms) -> Self {
        let (members, explained, robbed) = Default::default();
        Self { terms, members, explained, robbed }
    }

    pub(super) fn sum(&self) -> u64 {
        self.explained.len() as u64
    }

    pub(super) fn begin(&mut self, at: u64, pid: u32, attempt: Attempt) {
        let member = self.members.entry(pid).or_default();
        member.running.insert(attempt.seq, (attempt, at));
        member.began.insert(attempt.partition, at);
    }

    pub(super) fn end(&mut self, at: u64, pid: u32, attempt: Attempt) {
        let member = self.members.entry(pid).or_default();
        let begun = member.running.remove(&attempt.seq).map_or(at, |(_, begun)| begun);
        let took = Duration::from_micros(at.saturating_sub(begun));
        member.done.push_back(Done { at, attempt, took });
        let longest =
            self.terms.uncommitted.max(Some(self.terms.lease)).unwrap_or_default() + SPARE;
        while member.done.front().is_some_and(|done| !within(done.at, at, longest)) {
            member.done.pop_front();
        }
    }

    pub(super) fn cut(&mut self, pid: u32, attempt: Attempt) {
        self.members.entry(pid).or_default().running.remove(&attempt.seq);
        self.explained.insert((pid, attempt.seq));
    }

    pub(super) fn killed(&mut self, at: u64, pid: u32) {
        self.stopped(at, pid);
        self.members.remove(&pid);
    }

    pub(super) fn stopped(&mut self, at: u64, pid: u32) {
        match self.terms.uncommitted {
            Some(window) => self.explain(at, pid, window, |_| true),
            None => {
                self.began(pid).into_keys().for_each(|partition| self.unsettled(pid, partition))
            }
        }
    }

    pub(super) fn robbed(&mut self, pid: u32, partition: u32) {
        self.robbed.insert((pid, partition));
    }

    pub(super) fn lost(&mut self, pid: u32, partition: u32) {
        if !self.robbed.remove(&(pid, partition)) {
            self.unsettled(pid, partition);
        }
    }

    /// The lease was held when the last attempt began: all that may be uncommitted ended in the term before that, or later.
    fn unsettled(&mut self, pid: u32, partition: u32) {
        if let Some(at) = self.began(pid).get(&partition) {
            self.explain(*at, pid, self.terms.lease, |attempt| attempt.partition == partition);
        }
    }

    fn began(&self, pid: u32) -> BTreeMap<u32, u64> {
        self.members.get(&pid).map(|member| member.began.clone()).unwrap_or_default()
    }

    /// What runs, and what ended so shortly before.
    fn explain(&mut self, at: u64, pid: u32, window: Duration, which: impl Fn(&Attempt) -> bool) {
        let member = self.members.entry(pid).or_default();
        let running = member.running.values().map(|(attempt, _)| attempt);
        let done = member.done.iter().filter(|done| within(done.at, at, window));
        let all = running.chain(done.map(|done| &done.attempt)).filter(|attempt| which(attempt));
        self.explained.extend(all.map(|attempt| (pid, attempt.seq)));
    }

    /// Whether a member runs anything of a partition.
    pub(super) fn runs(&self, pid: u32, partition: u32) -> bool {
        let running = self.members.get(&pid).map(|member| &member.running);
        running.is_some_and(|all| all.values().any(|(one, _)| one.partition == partition))
    }

    /// Whether a partition that is given back now had to wait for a slow handler.
    pub(super) fn awaited(&self, at: u64, pid: u32, partition: u32) -> bool {
        let done = self.members.get(&pid).map(|member| &member.done);
        let last = done.and_then(|d| d.iter().rfind(|done| done.attempt.partition == partition));
        last.is_some_and(|last| last.took >= SLOW && within(last.at, at, SOON))
    }
}

fn within(before: u64, now: u64, window: Duration) -> bool {
    Duration::from_micros(now.saturating_sub(before)) <= window
}
