//! The thread that performs charges: looks keys up, appends, flushes once for all that wait, then answers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::counts::Counts;
use super::effect::{Effect, Line};
use super::journal::{Journal, JournalError};
use crate::order::Money;

/// Most charges that share one flush, and that wait for the next.
const GROUP: usize = 1024;

/// A charge that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Charge {
    pub(super) order_id: String,
    pub(super) event_id: Option<String>,
    pub(super) amount: Money,
    pub(super) attempt: u32,
    /// `None`: not recognised when it is repeated.
    pub(super) key: Option<String>,
    /// Whether a known key is honoured.
    pub(super) honour: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) effect: Effect,
    /// Performed earlier: nothing happened this time.
    pub(super) repeated: bool,
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChargeError {
    #[error("was used for another charge: order {0}")]
    KeyReused(String),
    #[error("the ledger cannot be written: {0}")]
    Unwritable(String),
}

type Answer = Result<Receipt, ChargeError>;

/// What the thread is asked for.
enum Ask {
    Charge(Charge, oneshot::Sender<Answer>),
    /// Whether the file can be written.
    Check(oneshot::Sender<Result<(), ChargeError>>),
}

/// A handle to the thread, and what is known of its file.
#[derive(Debug)]
pub(super) struct Ledger {
    queue: mpsc::Sender<Ask>,
    book: Arc<Book>,
}

/// What readers see: only what is flushed.
#[derive(Debug, Default)]
struct Book {
    effects: RwLock<Vec<Effect>>,
    /// Charges asked for, answered or not. After a restart it goes on from the last performed one.
    requested: AtomicU64,
    /// Both since the start.
    counts: Counts,
    /// Why the last write failed, if it did.
    failure: Mutex<Option<String>>,
}

impl Book {
    fn failure(&self) -> MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger {
    /// Reads the file and starts the thread. It ends when the ledger is dropped, after all that was queued.
    pub(super) fn open(folder: &Path) -> Result<Self, JournalError> {
        let (journal, lines) = Journal::open(folder)?;
        let requested = lines.last().map_or(0, |line| line.requested);
        let effects: Vec<_> = lines.into_iter().map(|line| line.effect).collect();
        let (effects, requested) = (RwLock::new(effects), requested.into());
        let (counts, failure) = (Counts::default(), Mutex::default());
        let book = Arc::new(Book { effects, requested, counts, failure });
        let (queue, charges) = mpsc::channel(GROUP);
        let teller = Teller::new(journal, book.clone());
        std::thread::Builder::new()
            .name("gateway-ledger".to_owned())
            .spawn(move || teller.run(charges))
            .map_err(|reason| JournalError::Io { path: folder.to_owned(), reason })?;
        Ok(Self { queue, book })
    }

    /// Performs a charge, or finds it performed. The effect is on the disk before this answers.
    pub(super) async fn charge(&self, charge: Charge) -> Answer {
        let (tell, told) = oneshot::channel();
        self.queue.send(Ask::Charge(charge, tell)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }

    /// Whether charges can be taken. Where the last write failed, another one is tried, which leaves nothing behind.
    pub(super) async fn check(&self) -> Result<(), ChargeError> {
        if self.queue.is_closed() {
            return Err(gone());
        }
        if self.book.failure().is_none() {
            return Ok(());
        }
        let (tell, told) = oneshot::channel();
        self.queue.send(Ask::Check(tell)).await.map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }

    /// Counts a charge that is asked for.
    pub(super) fn count_request(&self) {
        self.book.requested.fetch_add(1, Ordering::Relaxed);
        self.book.counts.requested.inc();
    }

    /// Charges asked for.
    pub(super) fn requested(&self) -> u64 {
        self.book.requested.load(Ordering::Relaxed)
    }

    /// Charges since the start.
    pub(super) fn counts(&self) -> Counts {
        self.book.counts.clone()
    }

    /// Charges performed, oldest first.
    pub(super) fn effects(&self) -> RwLockReadGuard<'_, Vec<Effect>> {
        self.book.effects.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> ChargeError {
    ChargeError::Unwritable("its thread has ended".to_owned())
}

/// Owns the file and the keys.
struct Teller {
    journal: Journal,
    book: Arc<Book>,
    /// Where the charge of a key stands in the book.
    keys: HashMap<String, usize>,
    performed: usize,
}

/// What one flush covers.
#[derive(Default)]
struct Group {
    effects: Vec<Effect>,
    /// Keys that are new in this group.
    keys: HashMap<String, usize>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Teller {
    fn new(journal: Journal, book: Arc<Book>) -> Self {
        let effects = book.effects.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys = HashMap::new();
        for (index, effect) in effects.iter().enumerate() {
            if let Some(key) = &effect.key {
                keys.entry(key.clone()).or_insert(index);
            }
        }
        let performed = effects.len();
        drop(effects);
        Self { journal, book, keys, performed }
    }

    fn run(mut self, mut asked: mpsc::Receiver<Ask>) {
        let mut waiting = Vec::with_capacity(GROUP);
        while asked.blocking_recv_many(&mut waiting, GROUP) > 0 {
            let mut group = Group::default();
            for ask in waiting.drain(..) {
                match ask {
                    Ask::Charge(charge, tell) => {
                        let answer = self.decide(charge, &mut group);
                        group.answers.push((tell, answer));
                    }
                    // Nobody listens any more: somebody else will ask.
                    Ask::Check(tell) => drop(tell.send(self.check())),
                }
            }
            self.settle(group);
        }
    }

    /// The receipt that is given once the group is flushed.
    fn decide(&self, charge: Charge, group: &mut Group) -> Answer {
        let known = charge.key.as_ref().filter(|_| charge.honour);
        let index = known.and_then(|key| self.keys.get(key).or_else(|| group.keys.get(key)));
        if let Some(index) = index {
            return recognise(self.performed_at(*index, group), &charge);
        }
        let index = self.performed + group.effects.len();
        if let Some(key) = &charge.key {
            group.keys.entry(key.clone()).or_insert(index);
        }
        let effect = perform(charge);
        group.effects.push(effect.clone());
        Ok(Receipt { effect, repeated: false })
    }

    fn performed_at(&self, index: usize, group: &Group) -> Effect {
        match index.checked_sub(self.performed) {
            Some(new) => group.effects[new].clone(),
            None => self.book.effects.read().unwrap_or_else(PoisonError::into_inner)[index].clone(),
        }
    }

    /// Flushes, publishes what was done, and only then answers.
    fn settle(&mut self, group: Group) {
        let Group { effects, keys, answers } = group;
        let flushed = if effects.is_empty() { Ok(()) } else { self.flush(&effects) };
        if let Err(error) = flushed {
            tracing::error!(error, "the gateway's ledger cannot be written");
            for (tell, _) in answers {
                let _ = tell.send(Err(ChargeError::Unwritable(error.clone())));
            }
            return;
        }
        self.performed += effects.len();
        self.book.counts.performed.inc_by(effects.len() as u64);
        for (key, index) in keys {
            self.keys.entry(key).or_insert(index);
        }
        self.book.effects.write().unwrap_or_else(PoisonError::into_inner).extend(effects);
        for (tell, answer) in answers {
            // Nobody listens any more: the effect stays, and its key finds it.
            let _ = tell.send(answer);
        }
    }

    fn check(&mut self) -> Result<(), ChargeError> {
        let written = self.journal.try_write().map_err(|error| error.to_string());
        *self.book.failure() = written.clone().err();
        written.map_err(ChargeError::Unwritable)
    }

    fn flush(&mut self, effects: &[Effect]) -> Result<(), String> {
        let requested = self.book.requested.load(Ordering::Relaxed);
        let mut lines = Vec::new();
        for effect in effects {
            let line = Line { requested, effect: effect.clone() };
            serde_json::to_writer(&mut lines, &line).map_err(|error| error.to_string())?;
            lines.push(b'\n');
        }
        let written = self.journal.append(&lines).map_err(|error| error.to_string());
        *self.book.failure() = written.clone().err();
        written
    }
}

fn recognise(effect: Effect, charge: &Charge) -> Answer {
    if effect.order_id != charge.order_id || effect.amount != charge.amount {
        return Err(ChargeError::KeyReused(effect.order_id));
    }
    Ok(Receipt { effect, repeated: true })
}

fn perform(charge: Charge) -> Effect {
    Effect {
        effect_id: Uuid::now_v7(),
        order_id: charge.order_id,
        event_id: charge.event_id,
        attempt: charge.attempt,
        at: Timestamp::now(),
        amount: charge.amount,
        key: charge.key,
    }
}
