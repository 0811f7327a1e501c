//! Records that are deleted before they are finished: lost, and nobody's fault but of who does not say so (rule 7).

use std::ops::Range;

use super::{Book, Truth};
use crate::broker::Watermarks;
use crate::consumer::core::Fence;
use crate::message::{Offset, TopicPartition};
use crate::testing::sim::Process;

impl Truth {
    /// Retention has deleted what lies below. Where nobody ever began, all begin with what the log still holds.
    pub(in crate::testing::chaos) fn deleted(
        &mut self,
        at: &TopicPartition,
        below: Offset,
        begun: bool,
    ) {
        let Some(book) = self.books.get_mut(at) else { return };
        book.start = book.start.max(below);
        if !begun {
            let all = Offset(0)..below;
            self.ended += book.give_up(all);
        }
    }

    /// A process says that it cannot go on from here: all that is unfinished of what was deleted will never run, also what it
    /// had read before. False where it could go on.
    pub(in crate::testing::chaos) fn says_lost(
        &mut self,
        process: Process,
        at: &TopicPartition,
        position: Offset,
        bounds: Watermarks,
    ) -> bool {
        let Some(book) = self.books.get_mut(at) else { return false };
        if position >= book.start {
            return false;
        }
        self.ended += book.give_up(Offset(0)..bounds.start.min(book.start));
        self.lost.entry(process).or_default().insert(at.clone(), bounds.start);
        true
    }

    /// The operator has committed where the log begins. What was told of progress above is gone, and may be repeated; and so is what
    /// was told of entries that come too late.
    pub(in crate::testing::chaos) fn reset(&mut self, at: &TopicPartition, to: Offset) {
        let Some(book) = self.books.get_mut(at) else { return };
        book.committed = book.committed.max(to);
        book.fence = Fence::default();
        for (offset, fact) in &mut book.facts {
            fact.covered = *offset < to;
            fact.excused |= !fact.begun.is_empty();
            fact.entries.append(&mut fact.void);
        }
    }
}

impl Book {
    /// Nobody waits for these any more; how many there were.
    fn give_up(&mut self, which: Range<Offset>) -> u64 {
        let before = self.open.len();
        self.open.retain(|offset| !which.contains(offset));
        (before - self.open.len()) as u64
    }
}
