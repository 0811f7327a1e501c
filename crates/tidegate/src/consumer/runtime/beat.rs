//! A lane's pulse: whether it is inside of a handler, and of which record's.
//!
//! The lane writes three numbers and reads no clock; the driver looks now and then. What it finds unchanged, and inside,
//! has kept the thread since it last looked.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use crate::consumer::runtime::tenure::Tenure;
use crate::message::{Offset, TopicPartition};

/// Written by one lane, read by the driver.
#[derive(Debug, Default)]
pub(super) struct Beat {
    /// Odd while a handler has the thread.
    count: AtomicU64,
    offset: AtomicU64,
    /// Written when it changes.
    tenure: Mutex<Option<Arc<Tenure>>>,
    /// The address of what is in `tenure`, so that an unchanged one costs no lock.
    known: AtomicU64,
}

/// What the driver sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pulse {
    pub(super) count: u64,
    pub(super) partition: TopicPartition,
    pub(super) offset: Offset,
}

impl Beat {
    /// The record that has the thread at this moment, if one has.
    pub(super) fn pulse(&self) -> Option<Pulse> {
        let count = self.count.load(Ordering::Acquire);
        if count.is_multiple_of(2) {
            return None;
        }
        let tenure = self.tenure.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let offset = Offset(self.offset.load(Ordering::Acquire));
        Some(Pulse { count, partition: tenure.partition.clone(), offset })
    }

    /// Tells of each time that this future has the thread; and at the end, whether it had to wait.
    pub(super) async fn watch<F: Future>(
        &self,
        tenure: &Arc<Tenure>,
        offset: Offset,
        future: F,
    ) -> (F::Output, bool) {
        let mut future = std::pin::pin!(future);
        let mut waited = false;
        std::future::poll_fn(|cx| {
            let answer = self.poll(tenure, offset, future.as_mut(), cx);
            waited |= answer.is_pending();
            answer.map(|output| (output, waited))
        })
        .await
    }

    fn poll<F: Future>(
        &self,
        tenure: &Arc<Tenure>,
        offset: Offset,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.enter(tenure, offset);
        let answer = future.poll(cx);
        self.turn();
        answer
    }

    /// Only one lane writes: no other one can come between.
    fn turn(&self) {
        self.count.store(self.count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    fn enter(&self, tenure: &Arc<Tenure>, offset: Offset) {
        let address = Arc::as_ptr(tenure) as u64;
        if self.known.load(Ordering::Relaxed) != address {
            self.known.store(address, Ordering::Relaxed);
            let mut known = self.tenure.lock().unwrap_or_else(PoisonError::into_inner);
            *known = Some(tenure.clone());
        }
        self.offset.store(offset.0, Ordering::Release);
        self.turn();
    }
}
