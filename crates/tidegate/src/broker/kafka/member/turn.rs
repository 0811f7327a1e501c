//! What the poll thread does for the partitions, in turns: checks, seeks, holds; and what came of it.

use std::time::Instant;

use super::asker::Grant;
use super::buffer::{Marks, Room};
use super::reading::Reading;
use super::silence::Due;
use super::state::State;
use crate::broker::{FetchLimit, GroupEvent, Watermarks};
use crate::message::{Offset, TopicPartition};

/// The buffer of a partition may hold so many times what one poll takes, if there is room for it: the client has more.
const BUFFERED_POLLS: usize = 2;
/// What all partitions of a member may buffer together, in bytes: each has an equal share of it.
const BUFFERS: usize = 16 << 20;
/// The least that a partition may buffer, however many there are.
const LEAST: usize = 64 << 10;

/// What the poll thread is to do for the client now.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) check: Vec<(TopicPartition, u64)>,
    pub(super) seek: Vec<(TopicPartition, Offset)>,
    pub(super) hold: Vec<TopicPartition>,
    pub(super) release: Vec<TopicPartition>,
    /// Released after a hold for want of room: whether their positions still are in the log.
    pub(super) released: Vec<Grant>,
    pub(super) join_anew: bool,
}

impl State {
    /// The client stands still for a reason that is not ours to see.
    pub(super) fn ask_to_join_anew(&mut self) {
        self.join_anew = true;
    }

    /// What is to be done for the client since the last turn.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        let mut turn = Turn { join_anew: std::mem::take(&mut self.join_anew), ..Turn::default() };
        if !std::mem::take(&mut self.busy) {
            return turn;
        }
        let marks = self.marks();
        for (partition, reading) in &mut self.readings {
            turn.join_anew |= reading.needs_new_grant();
            if reading.ask_bounds() {
                turn.check.push((partition.clone(), reading.grant));
            }
            if let Some(from) = reading.to_seek() {
                turn.seek.push((partition.clone(), from));
            }
            match reading.change_hold(marks, now) {
                None => {}
                Some(hold) => {
                    if reading.hold(hold) {
                        turn.released.push((partition.clone(), reading.grant));
                    }
                    let list = if hold { &mut turn.hold } else { &mut turn.release };
                    list.push(partition.clone());
                }
            }
        }
        turn
    }

    /// What may be taken from the client now, and how much of each.
    pub(super) fn open(&mut self, now: Instant) -> Vec<(TopicPartition, Room)> {
        let (marks, busy) = (self.marks(), &mut self.busy);
        let open = |(partition, reading): (&TopicPartition, &mut Reading)| {
            let room = reading.open(marks, now);
            *busy |= reading.has_other_hold(now);
            Some((partition.clone(), room?))
        };
        self.readings.iter_mut().filter_map(open).collect()
    }

    /// How much each buffer takes.
    pub(super) fn marks(&self) -> Marks {
        let FetchLimit { records, bytes, .. } = self.limit;
        let share = (BUFFERS / self.readings.len().max(1)).max(LEAST);
        let most = share.min(bytes.saturating_mul(BUFFERED_POLLS));
        let full = Room { records: records.saturating_mul(BUFFERED_POLLS), bytes: most };
        Marks { full, low: Room { records: full.records / 2, bytes: full.bytes / 2 } }
    }

    /// What is to be asked about because nothing comes of it. The rest that its watchdogs want is noted here: the member
    /// hears of it, and the next turn does it.
    pub(super) fn silences(&mut self, now: Instant) -> Vec<Grant> {
        let mut ask = Vec::new();
        for (partition, reading) in &mut self.readings {
            match reading.silence(now) {
                None => {}
                Some(Due::Ask) => ask.push((partition.clone(), reading.grant)),
                Some(due) => {
                    self.busy = true;
                    let Some((position, end)) = reading.read_again() else { continue };
                    let partition = partition.clone();
                    if due == Due::JoinAnew {
                        self.join_anew |= self.joined.may_join(&partition, position, now);
                    }
                    self.events.push_back(GroupEvent::Silent { partition, position, end });
                }
            }
        }
        ask
    }

    /// The leader could not be asked.
    pub(super) fn silence_unanswered(&mut self, (partition, grant): &Grant, now: Instant) {
        if let Some(reading) = self.granted_as(partition, *grant) {
            reading.excuse(now);
        }
    }

    /// Nobody asks for records: nothing can be said about any silence.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.readings.values_mut().for_each(|reading| reading.excuse(now));
    }

    /// The client does not take a start. Whether it has not for too long; then it joins anew.
    pub(super) fn refused(&mut self, partition: &TopicPartition, now: Instant) -> bool {
        let reading = self.readings.get_mut(partition);
        let too_long = reading.is_some_and(|reading| reading.refused(now));
        self.join_anew |= too_long && self.may_join_for(partition, now);
        too_long
    }

    /// The client does not stand where it should: it is sent back, before anything more of it is kept.
    pub(super) fn went_astray(&mut self, partition: &TopicPartition) {
        let reading = self.readings.get_mut(partition);
        self.busy |= reading.is_some_and(Reading::send_back);
    }

    /// The client reads there now.
    pub(super) fn sought(&mut self, partition: &TopicPartition, to: Offset) {
        let Some(reading) = self.readings.get_mut(partition) else { return };
        self.busy = true;
        if reading.sought(to) {
            self.corrupt_is_over(partition);
        }
    }

    pub(super) fn held(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            if let Some(reading) = self.readings.get_mut(partition) {
                reading.is_held();
            }
        }
    }

    /// Bounds that were asked for a start, or because the client could not read on. Answers whether the position
    /// lies outside.
    pub(super) fn bounded(
        &mut self,
        partition: &TopicPartition,
        grant: u64,
        bounds: Watermarks,
        given_up: bool,
    ) -> bool {
        self.busy = true;
        let Some(reading) = self.granted_as(partition, grant) else { return false };
        let outside = reading.bounded(bounds, given_up);
        if outside && reading.corrupt_is_gone() {
            self.corrupt_is_over(partition);
        }
        outside
    }

    /// The bounds of what nothing comes of, and where the client stands in it.
    pub(super) fn silence_answered(
        &mut self,
        (partition, grant): &Grant,
        bounds: Watermarks,
        client: Option<Offset>,
        now: Instant,
    ) {
        let Some(reading) = self.granted_as(partition, *grant) else { return };
        if reading.silence_answered(bounds, client, now) {
            self.events.push_back(GroupEvent::SilenceOver { partition: partition.clone() });
        }
    }

    /// Everything that is being read: one of them the client could not read on.
    pub(super) fn suspects(&self) -> Vec<(TopicPartition, u64)> {
        let reads = self.readings.iter().filter(|(_, reading)| reading.position().is_some());
        reads.map(|(partition, reading)| (partition.clone(), reading.grant)).collect()
    }
}
