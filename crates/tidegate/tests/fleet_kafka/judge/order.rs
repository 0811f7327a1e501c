//! The order of each unit, over all members.

use std::collections::BTreeMap;

use crate::ledger::Attempt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Key(u32),
    Partition(u32),
}

/// An attempt that has neither ended nor been cut off.
#[derive(Debug)]
struct Running {
    pid: u32,
    seq: u64,
    partition: u32,
    /// It may run beside another one: its member was not heard of.
    excused: bool,
}

#[derive(Debug, Default)]
struct Line {
    /// How many ended for the first time: the next that may begin.
    next: u64,
    running: Vec<Running>,
}

#[derive(Debug)]
pub(super) struct Orders {
    by_partition: bool,
    lines: BTreeMap<Unit, Line>,
}

impl Orders {
    pub(super) fn new(by_partition: bool) -> Self {
        Self { by_partition, lines: BTreeMap::new() }
    }

    /// The units that an attempt stands in, and its place there. Offsets have no holes: one idempotent publisher wrote them.
    fn places(&self, attempt: Attempt) -> impl Iterator<Item = (Unit, u64)> + use<> {
        let key = (Unit::Key(attempt.key), u64::from(attempt.number));
        let partition = (Unit::Partition(attempt.partition), attempt.offset);
        [Some(key), self.by_partition.then_some(partition)].into_iter().flatten()
    }

    pub(super) fn begin(&mut self, pid: u32, attempt: Attempt) -> Option<&'static str> {
        let mut found = None;
        for (unit, place) in self.places(attempt) {
            let line = self.lines.entry(unit).or_default();
            if place > line.next {
                found = Some("began before the one before it had ended");
            }
            if line.running.iter().any(|one| !one.excused) {
                found.get_or_insert("two at once");
            }
            let Attempt { seq, partition, .. } = attempt;
            line.running.push(Running { pid, seq, partition, excused: false });
        }
        found
    }

    pub(super) fn end(&mut self, pid: u32, attempt: Attempt) -> Option<&'static str> {
        let mut found = None;
        for (unit, place) in self.places(attempt) {
            let line = self.lines.entry(unit).or_default();
            if place > line.next {
                found = Some("ended before the one before it had");
            }
            line.next = line.next.max(place + 1);
        }
        if !self.cut(pid, attempt) {
            found = Some("ended and had not begun");
        }
        found
    }

    /// Whether it was running.
    pub(super) fn cut(&mut self, pid: u32, attempt: Attempt) -> bool {
        let mut was = true;
        for (unit, _) in self.places(attempt) {
            let running = &mut self.lines.entry(unit).or_default().running;
            let at = running.iter().position(|one| one.pid == pid && one.seq == attempt.seq);
            was &= at.map(|at| running.swap_remove(at)).is_some();
        }
        was
    }

    /// What runs of this member in this partition may run beside others.
    pub(super) fn excuse(&mut self, which: impl Fn(u32, u32) -> bool) {
        let running = self.lines.values_mut().flat_map(|line| &mut line.running);
        running.filter(|one| which(one.pid, one.partition)).for_each(|one| one.excused = true);
    }

    /// A process is gone, and with it whatever it ran.
    pub(super) fn gone(&mut self, pid: u32) {
        self.lines.values_mut().for_each(|line| line.running.retain(|one| one.pid != pid));
    }
}
