//! Into the schedule: a record that failed, and those of its key behind it (rules 20, 23).

use std::time::Duration;

use crate::class::Failure;
use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::pauses::Reason;
use crate::consumer::core::schedule::{Fresh, Goal, Hold, ShortKey, Stamp};
use crate::consumer::core::work::{State, Unit, Work};
use crate::consumer::core::{Attempt, Command, Step};
use crate::events::RuntimeEvent;
use crate::message::{Offset, Timestamp, TopicId};
use crate::planted::planted;
use crate::policy::retry::Tried;

/// What an entry is to say of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// Failed attempts so far; 0: it waits behind another one of its key. And who writes that.
    pub stamp: Stamp,
    /// Those of them that panicked or were cut off.
    pub unknown: u32,
    /// When the next attempt is due, by the wall clock; fixed here (rule 19).
    pub due: Timestamp,
    /// The delay that was drawn.
    pub delay: Duration,
    /// How long the record has been tried.
    pub active: Duration,
    /// What is known of the attempts, oldest first.
    pub history: Vec<Attempt>,
    /// Whether it is dead-lettered, and holds its key.
    pub hold: Hold,
    /// Which topic of its name the record is of, if the log says so.
    pub topic_id: Option<TopicId>,
}

impl Partition {
    /// Whether the next attempt waits in the schedule, and not in memory.
    pub(in crate::consumer::core) fn postpones(
        &self,
        offset: Offset,
        delay: Duration,
        cx: &Cx<'_>,
    ) -> bool {
        let Some(schedule) = &cx.config.schedule else { return false };
        let Some(work) = self.tracker.get(offset) else { return false };
        if self.tracker.is_recalled(offset) {
            return true; // the commit says nothing of it: only an entry keeps its count
        }
        let late = work.attempts() > cx.route(work.policy).retry.in_place;
        work.unit != Unit::Partition && (late || delay > schedule.in_place_within)
    }

    /// A failed record: its next attempt is written before anything moves (rule 20).
    pub(in crate::consumer::core) fn postpone(
        &mut self,
        offset: Offset,
        tried: Tried,
        (due, delay): (Timestamp, Duration),
        failure: Failure,
        cx: &mut Cx<'_>,
    ) {
        let Tried { attempts, unknown, active } = tried;
        let Some(work) = self.tracker.get_mut(offset) else { return };
        let history = std::mem::take(&mut work.past_mut().history);
        let partition = self.id.clone();
        self.tell(
            RuntimeEvent::Retrying { partition, offset, attempt: attempts, failure, delay },
            cx,
        );
        let stamp = self.stamp(attempts);
        let hold = Hold::No;
        let topic_id = self.topic_id;
        let entry = Postponed { stamp, unknown, due, delay, active, history, hold, topic_id };
        self.write_entry(offset, entry, cx);
    }

    /// Which writing an entry of this ownership is: the first of its attempt.
    pub(super) fn stamp(&self, attempt: u32) -> Stamp {
        Stamp { attempt, term: self.fence.term, write: 0 }
    }

    fn write_entry(&mut self, offset: Offset, entry: Postponed, cx: &mut Cx<'_>) {
        if planted!(StruckFirst)
            && let Some(step) = self.strike(offset, Goal::Entry)
        {
            cx.push(Command::Step { work: self.work(offset), step });
        }
        self.settle_to(offset, Step::Schedule(Box::new(entry)), Goal::Entry, cx);
        if self.tracker.is_first(offset) {
            self.schedule.heads.push(offset);
        }
    }

    /// A record whose turn it is in the source: it may have an entry already, or it waits behind one. Whether it is not to run.
    pub(in crate::consumer::core) fn belongs_to_schedule(
        &mut self,
        offset: Offset,
        cx: &mut Cx<'_>,
    ) -> bool {
        if self.schedule.index.is_unreleased(offset) {
            self.leave(offset, cx); // rule 22: completed, not run
            self.schedule.index.release(offset);
            return true;
        }
        let (Some(work), Some(schedule)) = (self.tracker.get(offset), &cx.config.schedule) else {
            return false;
        };
        let key = match work.unit {
            Unit::Key(key) if self.schedule.index.blocks(key, offset) => key,
            Unit::Partition if self.schedule.index.any_key_below(offset) => {
                self.wait_for_keys(offset);
                return true;
            }
            _ => return false,
        };
        let waits = self.schedule.index.bytes_of(key);
        if waits > 0 && waits + work.size > schedule.parked_bytes_per_key {
            self.crowd(key, offset, cx);
        } else {
            self.park(offset, cx);
        }
        true
    }

    /// Behind another one of its key.
    pub(super) fn park(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let Some(work) = self.tracker.get(offset) else { return };
        let attempts = work.past.as_ref().map_or(0, |past| past.tried.attempts);
        let entry = parked(work, self.stamp(attempts), cx.now.wall, self.topic_id);
        self.tell(RuntimeEvent::Parked { partition: self.id.clone(), offset }, cx);
        self.write_entry(offset, entry, cx);
    }

    /// A record of `Order::Partition` waits for all ordered records before it, wherever they are.
    fn wait_for_keys(&mut self, offset: Offset) {
        self.tracker.set(offset, State::Waiting);
        self.schedule.barrier = Some(offset);
        self.pauses.set(Reason::Parked, true);
    }

    /// Too much of its key is parked: it stays where it is, and nothing more is delivered (rule 23).
    fn crowd(&mut self, key: u64, offset: Offset, cx: &mut Cx<'_>) {
        let told = self.schedule.holds_back();
        self.tracker.set(offset, State::Waiting);
        self.schedule.crowded.insert((ShortKey::of(key), key), offset);
        self.pauses.set(Reason::Parked, true);
        if !told {
            self.tell(RuntimeEvent::KeyCrowded { partition: self.id.clone(), offset }, cx);
        }
    }

    /// An entry is acknowledged: the record waits there, and the source has no more to do with it.
    pub(in crate::consumer::core) fn scheduled(
        &mut self,
        offset: Offset,
        at: Offset,
        cx: &mut Cx<'_>,
    ) {
        let Some(Step::Schedule(entry)) = self.awaits(offset) else { return };
        let (stamp, delay, hold) = (entry.stamp, entry.delay, entry.hold);
        let Some(work) = self.tracker.get(offset) else { return };
        let key = if let Unit::Key(key) = work.unit { Some(key) } else { None };
        let size = work.size;
        let held = hold == Hold::Key;
        let fresh = Fresh { stamp, at, due: cx.after(delay), key, size, held };
        if hold != Hold::No {
            return self.hold_written(offset, fresh, cx);
        }
        if self.tracker.is_recalled(offset) {
            return self.strike_earlier(offset, fresh, cx);
        }
        if self.tracker.waits_in_line(offset) {
            // Those before it are not in there yet: it leaves when they have left.
            self.schedule.note(offset, fresh, false);
            self.tracker.set(offset, State::Queued);
            self.progress.metadata_changed(false);
        } else {
            self.leave(offset, cx);
            self.schedule.note(offset, fresh, true);
            self.schedule.index.release(offset);
        }
        self.schedule.note_unanswered(offset, fresh);
    }

    /// Attempt n+1 is acknowledged, so n may go (rule 22).
    fn strike_earlier(&mut self, offset: Offset, fresh: Fresh, cx: &mut Cx<'_>) {
        let step = Step::Unschedule(self.schedule.written(offset));
        self.settle_to(offset, step, Goal::Wait(fresh), cx);
    }

    /// A record that was recalled waits once more.
    pub(in crate::consumer::core) fn wait_again(
        &mut self,
        offset: Offset,
        fresh: Fresh,
        cx: &mut Cx<'_>,
    ) {
        self.leave(offset, cx);
        self.schedule.others.remove(&offset);
        self.schedule.index.again(offset, fresh);
        self.schedule.note_unanswered(offset, fresh);
    }

    /// The record is in the schedule alone: it is not held in memory any more, and it does not hold the watermark.
    fn leave(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let before = self.tracker.watermark();
        let recalled = self.tracker.is_recalled(offset);
        let Some(work) = self.tracker.finish(offset) else { return };
        self.tell(RuntimeEvent::Scheduled { partition: self.id.clone(), offset }, cx);
        cx.push(Command::Shelve { partition: self.id.clone(), epoch: self.epoch, offset });
        let moved = self.passed(before);
        if !recalled && (!moved || work.retry().is_some()) {
            self.progress.metadata_changed(false);
        }
    }

    /// An entry is gone: whoever waited for it has its turn.
    pub(in crate::consumer::core) fn unblock(&mut self, offset: Offset) {
        let Some(key) = self.schedule.remove(offset) else { return };
        let crowded = self.schedule.crowded.extract_if((key, 0)..=(key, u64::MAX), |_, _| true);
        let crowded: Vec<_> = crowded.map(|(_, waited)| waited).collect();
        let index = &mut self.schedule.index;
        let free = self.schedule.barrier.take_if(|barrier| !index.any_key_below(*barrier));
        for waited in crowded.into_iter().chain(free) {
            self.tracker.requeue(waited);
        }
        self.pauses.set(Reason::Parked, self.schedule.holds_back());
    }
}

/// What an earlier owner has left about it goes along.
fn parked(work: &Work, stamp: Stamp, now: Timestamp, topic_id: Option<TopicId>) -> Postponed {
    let none = Postponed {
        stamp,
        unknown: 0,
        due: now,
        delay: Duration::ZERO,
        active: Duration::ZERO,
        history: Vec::new(),
        hold: Hold::No,
        topic_id,
    };
    let Some(past) = &work.past else { return none };
    let Tried { unknown, active, .. } = past.tried;
    let (due, delay) = past.retry.map_or((now, Duration::ZERO), |retry| (retry.due, retry.delay));
    Postponed { unknown, due, delay, active, history: past.history.clone(), ..none }
}
