//! Ends: partitions that are let go, shutdown, and failure (rules 11, 16).

use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::drain::Drain;
use crate::consumer::core::member::Member;
use crate::consumer::core::partition::Phase;
use crate::consumer::core::{Command, Stopped};

/// After a fatal failure, what is finished gets so long to be committed.
const LAST_COMMIT: Duration = Duration::from_secs(5);

/// Whether, and how, the member is about to stop.
#[derive(Debug, Default)]
pub(super) struct Stop {
    drain: Option<Drain>,
    /// Why, when the service fails.
    failed: Option<String>,
    /// Records that were cut off while they ran.
    unfinished: usize,
    late: bool,
    done: bool,
}

impl Stop {
    pub(super) fn asked(&self) -> bool {
        self.drain.is_some()
    }

    pub(super) fn done(&self) -> bool {
        self.done
    }

    pub(super) fn deadline(&self, last: Duration) -> Option<Duration> {
        self.drain.as_ref().map(|drain| drain.deadline(last))
    }

    fn verdict(&mut self) -> Stopped {
        match self.failed.take() {
            Some(reason) => Stopped::Failed { reason },
            None if self.late || self.unfinished > 0 => {
                Stopped::Deadline { unfinished: self.unfinished }
            }
            None => Stopped::Drained,
        }
    }
}

impl Member {
    /// Stops intake everywhere. Said again, a shorter time counts.
    pub(super) fn shut_down(&mut self, within: Duration, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        if let Some(drain) = &mut self.stop.drain {
            return drain.shorten(within, now);
        }
        for partition in self.partitions.values_mut() {
            partition.drain(cx);
        }
        let all = self.partitions.values().map(|p| (p.id.clone(), p.epoch)).collect();
        self.stop.drain = Some(Drain::new(None, all, within, now));
    }

    /// Going on would do harm: everything is cancelled at once, and only what is finished is committed.
    pub(super) fn fail_if_asked(&mut self, cx: &mut Cx<'_>) {
        let Some(reason) = cx.fatal.take() else { return };
        self.stop.failed.get_or_insert(reason);
        self.shut_down(LAST_COMMIT, cx);
        for partition in self.partitions.values_mut() {
            partition.tell_pauses(cx); // nobody here takes what would come
            partition.cancel(cx);
            if partition.running() {
                partition.phase = Phase::Cut;
            }
        }
    }

    /// Lets go of what is drained and committed, or out of time; answers revokes; stops.
    pub(super) fn let_go(&mut self, cx: &mut Cx<'_>) {
        let revokes = std::mem::take(&mut self.revokes);
        for revoke in revokes {
            if self.drained(&revoke, cx) {
                self.release(&revoke, cx);
            } else {
                self.revokes.push(revoke);
            }
        }
        if let Some(drain) = self.stop.drain.take() {
            if self.drained(&drain, cx) {
                self.stop.late = drain.expired(cx.now.elapsed) && self.owes_commits();
                self.release(&drain, cx);
                self.stop.done = true;
                let tickets = self.revokes.drain(..).filter_map(|revoke| revoke.ticket);
                tickets.for_each(|ticket| cx.push(Command::Release(ticket)));
                let stopped = self.stop.verdict();
                cx.push(Command::Stopped(stopped));
            }
            self.stop.drain = Some(drain);
        }
    }

    fn owes_commits(&self) -> bool {
        self.partitions.values().any(|p| p.dirty() || self.committer.carries(p))
    }

    /// A partition that is gone, or came back under a new epoch, is not waited for.
    fn drained(&self, drain: &Drain, cx: &Cx<'_>) -> bool {
        drain.partitions.iter().all(|(id, epoch)| {
            let partition = self.partitions.get(id).filter(|p| p.epoch == *epoch);
            partition.is_none_or(|p| drain.over(p, &self.committer, cx.now.elapsed))
        })
    }

    fn release(&mut self, drain: &Drain, cx: &mut Cx<'_>) {
        for (id, epoch) in &drain.partitions {
            if self.partitions.get(id).is_some_and(|p| p.epoch == *epoch) {
                let partition = self.partitions.remove(id).expect("it was just there");
                self.stop.unfinished +=
                    if self.stop_counts(drain) { partition.tracker.busy() } else { 0 };
                self.ended(partition, false, cx);
            }
        }
        if let Some(ticket) = drain.ticket {
            cx.push(Command::Release(ticket));
        }
    }

    /// Records cut off by a revoke count too, once the service is stopping.
    fn stop_counts(&self, drain: &Drain) -> bool {
        drain.ticket.is_none() || self.stop.asked()
    }
}
