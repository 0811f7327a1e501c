//! The routes that the world is tested with: every order, with and without a store, and handlers that do all that handlers do.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::rng::Rng;
use super::rows::Rows;
use super::store::Model;
use crate::class::{Class, Classify};
use crate::dead_letter::DeadLetter;
use crate::emit::Emit;
use crate::event::{Event, Key};
use crate::extract::{Attempt, State};
use crate::handler::Payload;
use crate::inbox::Inbox;
use crate::outcome::Outcome;
use crate::policy::{Order, Retry};
use crate::router::{Router, Topic};

/// What a handler is told to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Deed {
    Done,
    Slow(u64),
    Emit,
    Skip,
    Transient(u32),
    /// Fails as long as it is asked.
    Stubborn,
    Permanent,
    Panic,
    Hang,
    Outage,
}

/// An event of the kind `K`: its order, and whether its handler has a store.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job<const K: u8> {
    key: Option<String>,
    deed: Deed,
    /// Only takes room.
    #[serde(default)]
    load: String,
}

/// How many kinds there are.
pub(super) const KINDS: u64 = 5;

impl<const K: u8> Event for Job<K> {
    const TYPE: &'static str = match K {
        0 => "keyed",
        1 => "keyed.stored",
        2 => "parted",
        3 => "parted.stored",
        _ => "free",
    };

    fn key(&self) -> Key<'_> {
        self.key.as_ref().map_or(Key::NONE, Key::from)
    }
}

/// What follows from a job.
#[derive(Debug, Serialize)]
struct Made {
    key: String,
}

impl Event for Made {
    const TYPE: &'static str = "made";
    fn key(&self) -> Key<'_> {
        Key::from(&self.key)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?}")]
struct Trouble(Class);

impl Classify for Trouble {
    fn class(&self) -> Class {
        self.0
    }
}

/// Draws an event: its type, its key, its bytes.
pub(super) fn draw(
    rng: &mut Rng,
    kinds: &[u64],
    keys: u32,
) -> (&'static str, Option<String>, Vec<u8>) {
    let key = (!rng.percent(10)).then(|| format!("k{}", rng.below(u64::from(keys))));
    let deed = match rng.below(100) {
        0..50 => Deed::Done,
        50..65 => Deed::Slow(rng.below(2_500)),
        65..78 => Deed::Emit,
        78..82 => Deed::Skip,
        82..88 => Deed::Transient(1 + u32::try_from(rng.below(3)).expect("small")),
        88..91 => Deed::Stubborn,
        91..93 => Deed::Permanent,
        93..95 => Deed::Panic,
        95..97 => Deed::Hang,
        _ => Deed::Outage,
    };
    let types = [Job::<0>::TYPE, Job::<1>::TYPE, Job::<2>::TYPE, Job::<3>::TYPE, Job::<4>::TYPE];
    let kind = rng.pick(kinds);
    let event_type = types[usize::try_from(kind).expect("small")];
    let load = "x".repeat(usize::try_from(rng.below(300)).expect("small"));
    let job = Job::<0> { key: key.clone(), deed, load };
    let bytes = serde_json::to_vec(&job).expect("plain fields");
    (event_type, key, bytes)
}

/// Shared by the handlers of one world.
#[derive(Debug)]
pub(super) struct Gateway {
    /// Down until then, on the world's time.
    pub(super) down_until: tokio::time::Instant,
}

async fn act(
    key: Option<String>,
    deed: Deed,
    attempt: u32,
    gateway: &Gateway,
    to: &'static str,
) -> Result<Outcome, Trouble> {
    match deed {
        Deed::Done => {}
        Deed::Slow(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
        Deed::Emit => {
            let made = Emit::to(to, Made { key: key.unwrap_or_default() });
            return Ok(crate::outcome::IntoOutcome::into_outcome(made));
        }
        Deed::Skip => return Ok(Outcome::Skip("not for us")),
        Deed::Transient(times) if attempt <= times => return Err(Trouble(Class::Transient)),
        Deed::Stubborn => return Err(Trouble(Class::Transient)),
        Deed::Transient(_) => {}
        Deed::Permanent => return Err(Trouble(Class::Permanent)),
        // Unwinds as a panic does, and says nothing.
        Deed::Panic if attempt == 1 => std::panic::resume_unwind(Box::new("injected")),
        Deed::Hang if attempt == 1 => std::future::pending().await,
        Deed::Panic | Deed::Hang => {}
        Deed::Outage if tokio::time::Instant::now() < gateway.down_until => {
            return Err(Trouble(Class::Outage("gateway")));
        }
        Deed::Outage => {}
    }
    Ok(crate::outcome::IntoOutcome::into_outcome(()))
}

async fn plain<const K: u8>(
    Payload(job): Payload<Job<K>>,
    Attempt(attempt): Attempt,
    State(gateway): State<Arc<Gateway>>,
) -> Result<Outcome, Trouble> {
    act(job.key, job.deed, attempt, &gateway, MADE).await
}

async fn stored<const K: u8>(
    Payload(job): Payload<Job<K>>,
    Attempt(attempt): Attempt,
    State(gateway): State<Arc<Gateway>>,
    mut tx: Inbox<Model>,
) -> Result<Outcome, Trouble> {
    count(&mut tx, job.key.as_deref());
    act(job.key, job.deed, attempt, &gateway, OWED).await
}

/// Reads and writes, as handlers with a store do.
fn count(rows: &mut Rows, key: Option<&str>) {
    let name = key.unwrap_or("no key");
    let before: u64 = rows.get(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    rows.put(name, (before + 1).to_string());
}

/// Takes more than its time now and then, so that it is cut off.
async fn given_up<const K: u8>(
    letter: DeadLetter<Job<K>>,
    Attempt(attempt): Attempt,
    _inbox: Inbox<Model>,
) {
    if attempt == 1 && letter.reason().contains("Permanent") {
        tokio::time::sleep(LIMIT + Duration::from_millis(500)).await;
    }
}

/// So long may a handler take.
const LIMIT: Duration = Duration::from_secs(2);

/// Where the handlers without a store emit to.
pub(super) const MADE: &str = "made";
/// Where the handlers with a store emit to.
pub(super) const OWED: &str = "owed";
/// What they read.
pub(super) const JOBS: &str = "jobs";

/// The routes.
pub(super) fn routes(
    gateway: Arc<Gateway>,
    store: Arc<dyn crate::inbox::InboxStore>,
    plan: &Plan,
) -> Router {
    let retry = || {
        let delays = (Duration::from_millis(50), Duration::from_millis(800));
        Retry::exponential(delays.0, delays.1).attempts(4).in_place(plan.in_place)
    };
    let after = plan.after_dead_letter();
    Topic::json(JOBS)
        .on(plain::<0>)
        .order(Order::Key)
        .after_dead_letter(after)
        .retry(retry())
        .timeout(LIMIT)
        .on(stored::<1>)
        .order(Order::Key)
        .after_dead_letter(after)
        .retry(retry())
        .timeout(LIMIT)
        .on_dead_letter(given_up::<1>)
        .on(plain::<2>)
        .order(Order::Partition)
        .retry(retry())
        .timeout(LIMIT)
        .on(stored::<3>)
        .order(Order::Partition)
        .retry(retry())
        .timeout(LIMIT)
        .on(plain::<4>)
        .order(Order::None)
        .retry(retry())
        .timeout(LIMIT)
        .inbox(store)
        .with_state(gateway)
}
