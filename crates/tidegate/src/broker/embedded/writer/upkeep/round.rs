//! A round of compaction: one partition, step by step.

use std::sync::Arc;

use super::newest::Newest;
use super::window::Window;
use super::{PIECE, Worker};
use crate::broker::embedded::log::PartitionLog;
use crate::broker::embedded::store::WriteError;
use crate::broker::embedded::store::clean::{Clean, Graves};
use crate::broker::embedded::store::tables::{BATCHES, CLEAN, all_of};
use crate::broker::embedded::{batch, reader};
use crate::message::{Offset, Record, TopicPartition};

/// What goes.
#[derive(Debug)]
pub(super) struct Rule {
    /// Where the partition begins: what a batch holds from before was deleted.
    start: u64,
    /// The newest record, which stays whatever it is.
    last: u64,
    /// Tombstones below go.
    bury: u64,
    newest: Newest,
}

impl Rule {
    pub(super) fn removes(&self, record: &Record) -> bool {
        let offset = record.offset.0;
        // None without a key was ever taken: whatever has none stays.
        let replaced = record.key.as_ref().is_some_and(|key| self.newest.replaces(key, offset));
        offset < self.start || replaced || (self.is_grave(record) && offset < self.bury)
    }

    /// Whether it is a tombstone that goes one day.
    pub(super) fn is_grave(&self, record: &Record) -> bool {
        record.key.is_some() && record.value.is_none() && record.offset.0 != self.last
    }
}

/// One partition on its way to be clean.
#[derive(Debug)]
pub(super) struct Round {
    partition: Arc<PartitionLog>,
    rule: Rule,
    /// What was there when it began ends here.
    end: u64,
    /// What it has read, and will be clean, ends here.
    to: u64,
    /// Bytes that it has read of what was dirty.
    read: usize,
    /// Bytes that it has left.
    left: usize,
    /// Whether it has left a tombstone that goes one day.
    tombstones: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Finding the newest of each key of what is dirty.
    Reading,
    /// Leaving out what was replaced, from here on.
    Writing(u64),
}

impl Round {
    pub(super) fn place(&self) -> &TopicPartition {
        &self.partition.place
    }
}

impl Worker {
    /// A round of this partition, if it is compacted and due.
    pub(super) fn begin(&self, partition: &Arc<PartitionLog>) -> Result<Option<Round>, WriteError> {
        if !partition.keeping.compacts() {
            return Ok(None);
        }
        let now = self.clock.wall().0;
        let (clean, last) = self.look(|transaction| {
            let clean = Clean::load(&transaction.open_table(CLEAN)?, partition.key)?;
            let batches = transaction.open_table(BATCHES)?;
            let last = batches.range(all_of(partition.key))?.next_back().transpose()?;
            Ok((clean, last.map(|(key, value)| (key.value().2, batch::span(value.value())))))
        })?;
        let Some((base, span)) = last.filter(|_| clean.is_due(now, self.keep_tombstones)) else {
            return Ok(None);
        };
        let end = base + span;
        let bury = clean.buries(now, self.keep_tombstones).unwrap_or(0);
        let (start, last) = (partition.bounds().start, end.saturating_sub(1));
        Ok(Some(Round {
            partition: partition.clone(),
            rule: Rule { start, last, bury, newest: Newest::default() },
            end,
            to: clean.to,
            read: 0,
            left: 0,
            tombstones: false,
            phase: Phase::Reading,
        }))
    }

    /// One step. `None`: it is done, or the partition was shortened meanwhile and the next look begins anew.
    pub(super) fn go_on(&mut self, mut round: Round) -> Result<Option<Round>, WriteError> {
        if round.partition.bounds().start != round.rule.start {
            return Ok(None);
        }
        match round.phase {
            Phase::Reading => self.read_on(&mut round)?,
            Phase::Writing(from) if from < round.to => self.rewrite(&mut round, from)?,
            Phase::Writing(_) => {
                self.finish(&round)?;
                if round.to < round.end {
                    // More keys were dirty than a round holds.
                    self.upkeep.left.push(round.partition);
                }
                return Ok(None);
            }
        }
        Ok(Some(round))
    }

    /// Notes the newest of each key of a piece.
    fn read_on(&self, round: &mut Round) -> Result<(), WriteError> {
        let partition = round.partition.clone();
        let (topic, number) = partition.key;
        let rest = (topic, number, round.to)..(topic, number, round.end);
        self.look(|transaction| {
            let before = round.read;
            for entry in transaction.open_table(BATCHES)?.range(rest)? {
                if round.read - before >= PIECE || round.rule.newest.is_full() {
                    break;
                }
                let (key, value) = entry?;
                let base = key.value().2;
                for record in reader::decode(&partition, Offset(base), value.value())? {
                    let key = record.key.as_deref();
                    key.inspect(|key| round.rule.newest.note(key, record.offset.0));
                }
                round.read += value.value().len();
                round.to = base + batch::span(value.value());
            }
            Ok(())
        })?;
        if round.to >= round.end || round.rule.newest.is_full() {
            round.phase = Phase::Writing(0);
        }
        Ok(())
    }

    /// Leaves out of a piece what goes. Where nothing does, nothing is written.
    fn rewrite(&self, round: &mut Round, from: u64) -> Result<(), WriteError> {
        let Round { partition, rule, to, .. } = &*round;
        let window = self.look(|read| Window::read(read, partition, (from, *to), rule))?;
        let left = if window.removed.is_empty() {
            window.bytes
        } else {
            let bytes = self.write(|transaction| window.write(transaction, partition))?;
            partition.compacted(&window.removed);
            bytes
        };
        round.left += left;
        round.tombstones |= window.tombstones;
        round.phase = Phase::Writing(window.next);
        Ok(())
    }

    /// Notes how far the partition is clean, and since when its tombstones have nothing left to remove.
    fn finish(&self, round: &Round) -> Result<(), WriteError> {
        let (place, since) = (round.partition.key, self.clock.wall().0);
        let graves = round.tombstones.then_some(Graves { below: round.to, since });
        self.write(|transaction| {
            let mut table = transaction.open_table(CLEAN)?;
            let before = Clean::load(&table, place)?;
            let waiting = before.graves.filter(|_| round.rule.bury == 0);
            let clean = Clean {
                to: round.to,
                bytes: round.left as u64,
                dirty: before.dirty.saturating_sub(round.read as u64),
                graves: waiting.or(graves),
            };
            Ok(clean.save(&mut table, place)?)
        })
    }
}
