//! Reads a ledger from its start, and finds what must not be in it.
//!
//! | finding | rule |
//! |---|---|
//! | a message was never handled to its end | I1, I2: nothing is lost |
//! | a handler began a message before the one before it had ended | I3 |
//! | two handlers were in one unit of order at once | I3, rule 23 |
//! | a handler began in a partition that its member did not own, as far as the ledger knows | rule 10 |
//! | more attempts than messages and the bound | docs/lanes.md |
//!
//! **The bound of repeats**, from docs/lanes.md. A clean hand-over adds nothing. What ends otherwise adds what was running, and
//! what had ended and may not have been committed:
//!
//! - *killed, or stopped and then robbed of its partitions*, in a settled group: what ended in the last [`Terms::uncommitted`]:
//!   the commit interval and the way of two commits;
//! - *the same while the group rebalances, or lost* (the member was told that others have it): commits may wait for the end of
//!   the rebalance, and what ended since [`Terms::lease`] before the last begin may be without: 0.8 of the session timeout after
//!   the last accepted commit nothing starts;
//! - *cut off* at the drain deadline: that attempt.
//!
//! What runs when a member is stopped, or is not heard of, can run beside the next owner: that is no break of the order, and
//! nothing begins there afterwards.

mod bound;
mod order;
mod verdict;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::ledger::{Line, What};
use bound::Bound;
use order::Orders;
pub(crate) use verdict::Verdict;

/// What the judge is told of the scenario.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The unit of order is the partition, not the key alone.
    pub(crate) by_partition: bool,
    /// How long before a kill may what has ended be without an accepted commit; `None`: the group may be in a rebalance.
    pub(crate) uncommitted: Option<Duration>,
    /// The same before the last begin, in a rebalance or before a loss.
    pub(crate) lease: Duration,
    /// Attempts that may begin in a partition of another member. A lane that is stopped between its look at the lease and the
    /// handler's first line begins one: that one was running, and its line is late.
    pub(crate) late: u32,
}

/// Judges a whole ledger; `expected` are the numbers of messages of the keys.
pub(crate) fn judge(lines: &[Line], expected: &BTreeMap<u32, u32>, terms: Terms) -> Verdict {
    let mut judge = Judge::new(terms);
    for line in lines {
        judge.hear(*line);
    }
    judge.conclude(expected)
}

struct Judge {
    terms: Terms,
    verdict: Verdict,
    orders: Orders,
    bound: Bound,
    owners: BTreeMap<u32, u32>,
    still: HashSet<u32>,
    /// Members that ran something of a partition when another one took it over: they cannot have given it back.
    busy: HashSet<(u32, u32)>,
    /// Key and number of what has begun, and of what has ended.
    begun: HashSet<(u32, u32)>,
    ended: HashSet<(u32, u32)>,
}

impl Judge {
    fn new(terms: Terms) -> Self {
        Self {
            terms,
            verdict: Verdict::default(),
            orders: Orders::new(terms.by_partition),
            bound: Bound::new(terms),
            owners: BTreeMap::new(),
            still: HashSet::new(),
            busy: HashSet::new(),
            begun: HashSet::new(),
            ended: HashSet::new(),
        }
    }

    fn hear(&mut self, line: Line) {
        if self.still.contains(&line.pid) && !matches!(line.what, What::Continued | What::Killed) {
            self.find(&line, "it stood still");
        }
        match line.what {
            What::Begin(_) | What::End(_) | What::Cut(_) => self.attempt(line),
            What::Started { partition } => self.started(line.pid, partition),
            What::Ended { partition, lost } => self.let_go(line, partition, lost),
            _ => self.fault(line),
        }
    }

    fn attempt(&mut self, line: Line) {
        let found = match line.what {
            What::Begin(attempt) => {
                let first = self.begun.insert((attempt.key, attempt.number));
                self.verdict.repeats += u64::from(!first);
                self.verdict.late +=
                    u32::from(self.owners.get(&attempt.partition) != Some(&line.pid));
                self.bound.begin(line.at, line.pid, attempt);
                self.orders.begin(line.pid, attempt)
            }
            What::End(attempt) => {
                self.ended.insert((attempt.key, attempt.number));
                self.bound.end(line.at, line.pid, attempt);
                self.orders.end(line.pid, attempt)
            }
            What::Cut(attempt) => {
                self.verdict.cuts += 1;
                self.bound.cut(line.pid, attempt);
                self.orders.cut(line.pid, attempt);
                None
            }
            _ => None,
        };
        if let Some(found) = found {
            self.find(&line, found);
        }
    }

    fn started(&mut self, pid: u32, partition: u32) {
        let Some(before) = self.owners.insert(partition, pid) else { return };
        // Taken from a member that was not heard of: what runs there may come to its end.
        self.orders.excuse(|owner, at| owner == before && at == partition);
        if self.bound.runs(before, partition) {
            self.busy.insert((before, partition));
        }
        if self.still.contains(&before) {
            self.verdict.robbed += 1;
            self.bound.robbed(before, partition);
        }
    }

    fn let_go(&mut self, line: Line, partition: u32, lost: bool) {
        let mine = self.owners.get(&partition) == Some(&line.pid);
        if lost {
            self.verdict.losses += 1;
            self.bound.lost(line.pid, partition);
            self.orders.excuse(|owner, at| owner == line.pid && at == partition);
        } else if !self.busy.contains(&(line.pid, partition)) {
            // Also when another one has it: it was let go first, and written down after.
            self.verdict.given += 1;
            self.verdict.awaited += u32::from(self.bound.awaited(line.at, line.pid, partition));
        } else {
            self.find(&line, "gave back what another one had");
        }
        self.busy.remove(&(line.pid, partition));
        if mine {
            self.owners.remove(&partition);
        }
    }

    fn fault(&mut self, line: Line) {
        let verdict = &mut self.verdict;
        match line.what {
            What::Came => verdict.joins += 1,
            What::Left => verdict.leaves += 1,
            What::Down => verdict.downs += 1,
            What::Stopped => {
                verdict.stops += 1;
                self.still.insert(line.pid);
                self.bound.stopped(line.at, line.pid);
            }
            What::Continued => drop(self.still.remove(&line.pid)),
            What::Killed => {
                verdict.kills += 1;
                self.bound.killed(line.at, line.pid);
                self.still.remove(&line.pid);
                self.orders.gone(line.pid);
            }
            _ => {}
        }
        if matches!(line.what, What::Left | What::Killed) {
            self.owners.retain(|_, owner| *owner != line.pid);
        }
    }

    fn find(&mut self, line: &Line, what: &str) {
        self.verdict.findings.push(format!("{what}: {line:?}"));
    }

    fn conclude(mut self, expected: &BTreeMap<u32, u32>) -> Verdict {
        self.verdict.messages = expected.values().sum();
        self.verdict.bound = self.bound.sum();
        let every = expected.iter().flat_map(|(key, count)| (0..*count).map(|n| (*key, n)));
        let lost: Vec<_> = every.filter(|message| !self.ended.contains(message)).collect();
        let Verdict { repeats, bound, late, findings, .. } = &mut self.verdict;
        if !lost.is_empty() {
            findings.push(format!("{} lost: {:?}", lost.len(), &lost[..lost.len().min(5)]));
        }
        if repeats > bound {
            findings.push(format!("{repeats} repeats, and {bound} are explained"));
        }
        if *late > self.terms.late {
            findings.push(format!("{late} attempts began in partitions of other members"));
        }
        self.verdict
    }
}
