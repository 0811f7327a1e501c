//! Sends the plan: some workers, one pace, every request in the journal first.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::LoadError;
use super::client::Client;
use super::journal::Journal;
use super::plan::{Plan, Planned};
use super::progress::Progress;
use super::reply::Reply;

const TICK: Duration = Duration::from_millis(100);
const HIGHEST_US: u64 = 3_600_000_000;

/// When the orders go out: at a fixed rate, or as fast as they are answered.
#[derive(Debug)]
struct Pace {
    started: Instant,
    gap: Duration,
    next: AtomicU32,
}

impl Pace {
    fn new(rate: u32) -> Self {
        let gap = if rate == 0 { Duration::ZERO } else { Duration::from_secs(1) / rate };
        Self { started: Instant::now(), gap, next: AtomicU32::new(0) }
    }

    /// Waits for the next turn, and returns when it was due. Latency counts
    /// from then: a service that stalls must not look fast because the
    /// generator waited for it.
    async fn turn(&self) -> Instant {
        if self.gap.is_zero() {
            return Instant::now();
        }
        let due = self.started + self.gap * self.next.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep_until(due).await;
        due
    }
}

/// What the sending measured.
#[derive(Debug)]
pub(crate) struct Sent {
    /// From the first request to the last answer.
    pub(crate) took: Duration,
    /// Microseconds to a 202.
    pub(crate) latency: Histogram<u64>,
}

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Sender {
    client: Client,
    url: String,
    journal: Arc<Journal>,
    plan: Mutex<Plan>,
    pace: Pace,
    latency: Mutex<Histogram<u64>>,
    answered: AtomicU64,
}

impl Sender {
    pub(crate) fn new(
        client: Client,
        producer: &str,
        journal: Arc<Journal>,
        plan: Plan,
        rate: u32,
    ) -> Self {
        let latency = Histogram::new_with_bounds(1, HIGHEST_US, 3).expect("constant bounds");
        Self {
            client,
            url: format!("{producer}/api/v1/orders"),
            journal,
            plan: Mutex::new(plan),
            pace: Pace::new(rate),
            latency: Mutex::new(latency),
            answered: AtomicU64::new(0),
        }
    }

    /// Sends every order of the plan.
    ///
    /// # Errors
    /// The first [`LoadError`] of a worker; the others are stopped.
    pub(crate) async fn run(
        self,
        concurrency: u32,
        progress: &mut Progress,
    ) -> Result<Sent, LoadError> {
        let started = Instant::now();
        let sender = Arc::new(self);
        let mut workers = JoinSet::new();
        for _ in 0..concurrency {
            workers.spawn(worker(Arc::clone(&sender)));
        }
        while !workers.is_empty() {
            tokio::select! {
                biased;
                Some(ended) = workers.join_next() => ended.map_err(LoadError::Worker)??,
                () = tokio::time::sleep(TICK) => progress.at(sender.answered()),
            }
        }
        let latency = sender.latency.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Sent { took: started.elapsed(), latency })
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    fn next(&self) -> Option<Planned> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    async fn send(&self, order: &Planned, due: Instant) -> Result<(), LoadError> {
        self.journal.request(order)?;
        let mut request = self.client.post(&self.url, body(order));
        if let Some(simulate) = order.simulate {
            request = request.header("x-simulate", simulate.header());
        }
        let reply = self.client.order(request).await?;
        self.journal.answer(order.seq, &reply)?;
        self.answered.fetch_add(1, Ordering::Relaxed);
        match reply {
            Reply::Accepted { .. } => self.record(due.elapsed()),
            Reply::Refused { status: 400, message } if order.simulate.is_some() => {
                return Err(LoadError::SimulationOff { message });
            }
            Reply::Unknown { .. } => tokio::time::sleep(TICK).await, // it is in trouble
            Reply::Refused { .. } => {}
        }
        Ok(())
    }

    fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(HIGHEST_US);
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(micros);
    }
}

async fn worker(sender: Arc<Sender>) -> Result<(), LoadError> {
    while let Some(order) = sender.next() {
        let due = sender.pace.turn().await;
        sender.send(&order, due).await?;
    }
    Ok(())
}

fn body(order: &Planned) -> String {
    format!(
        r#"{{"customer_id":"{}","product_id":"{}","quantity":{},"price":19.99}}"#,
        order.customer_id,
        order.kind.product_id(),
        order.seq,
    )
}
