//! Publishing: what callers hand in is queued in order, and sent by one thread.
//!
//! ```text
//!   publish ──▶ budget ──▶ channel ──▶ sender thread ──▶ producer ──▶ cluster
//!      ▲                                  │ refused: unknown, too large   │
//!      └──────── acknowledgements ◀── slots of the batch ◀────────────────┘ delivery
//! ```
//!
//! The caller never blocks: over the budget the answer is
//! [`QueueFull`](crate::broker::PublishError::QueueFull). A record holds its part of the budget until it is answered.

mod batch;
mod producers;
mod sender;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use self::batch::{Batch, Budget};
use super::cluster::Cluster;
use crate::broker::{Acks, PublishError};
use crate::message::NewRecord;

/// What the sender thread works off.
enum Job {
    Send(Vec<NewRecord>, Arc<Batch>),
    /// Write what is queued, then end.
    Close(oneshot::Sender<()>),
}

/// The way to the sender thread.
pub(super) struct Queue {
    // A lock, so that nothing comes behind the last job.
    jobs: Mutex<Sender<Job>>,
    budget: Arc<Budget>,
    closed: AtomicBool,
}

impl Queue {
    /// With a thread that sends. It ends when the queue is closed, or gone.
    pub(super) fn start(cluster: Arc<Cluster>) -> std::io::Result<Self> {
        let (jobs, queued) = mpsc::channel();
        let budget = Arc::new(Budget::new(cluster.options.queue_bytes));
        let send = move || sender::Sender::new(cluster).run(&queued);
        std::thread::Builder::new().name("tidegate-kafka-sender".into()).spawn(send)?;
        Ok(Self { jobs: Mutex::new(jobs), budget, closed: AtomicBool::new(false) })
    }

    pub(super) fn publish(&self, records: Vec<NewRecord>) -> Acks {
        let count = records.len();
        let all = move |error: PublishError| vec![Err(error); count];
        if count == 0 {
            return std::future::ready(Vec::new()).boxed();
        }
        let bytes = records.iter().map(batch::cost).sum();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.closed.load(Ordering::Acquire) {
            return std::future::ready(all(PublishError::Closed)).boxed();
        }
        let Some(share) = Budget::share(&self.budget, bytes) else {
            return std::future::ready(all(PublishError::QueueFull)).boxed();
        };
        let (batch, acks) = Batch::new(count, share);
        // A thread that has ended drops the job, and that answers.
        let _ = jobs.send(Job::Send(records, batch));
        let gone = move |_| all(PublishError::Unknown("the sender has ended".into()));
        acks.map(move |acks| acks.unwrap_or_else(gone)).boxed()
    }

    /// Waits until everything that was queued is answered. Nothing is taken in from now on.
    pub(super) async fn close(&self) {
        let (done, ended) = oneshot::channel();
        {
            let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
            self.closed.store(true, Ordering::Release);
            // Closed before: the job is dropped, and that answers.
            let _ = jobs.send(Job::Close(done));
        }
        let _ = ended.await;
    }
}
