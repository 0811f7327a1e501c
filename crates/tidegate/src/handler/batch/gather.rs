//! Attempts that begin at the same moment find together to one call.
//!
//! ```text
//!   join ──▶ open wave ──▶ everybody yields once ──▶ shut by whoever comes first ──▶ one call, shared by all
//!                                                                                     │ one is dropped: cut, for all
//! ```
//!
//! Nobody owns the call: whoever of its records is polled drives it, so that it needs no task, and ends with them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use super::{Batch, BatchRecord};
use crate::broker::BoxFuture;
use crate::broker::sync::lock;
use crate::class::{Class, Failure};
#[cfg(feature = "testing")]
use crate::delivery::Ours;
use crate::outcome::Outcome;

/// What became of a call.
#[derive(Clone)]
pub(super) enum Answer {
    /// An outcome for each place; taken once.
    Each(Arc<Mutex<Vec<Option<Outcome>>>>),
    /// A failure that all of them have.
    All(Failure),
    /// It says nothing of any single record: each runs alone.
    Alone,
    /// A record's attempt ended before the call did.
    Cut,
}

type Call = Shared<BoxFuture<'static, Answer>>;

/// Where the attempts of one handler meet: those of one lane, so that the call and all of its records share a thread, and none of
/// them can be cut off while another has the call running.
pub(crate) struct Gather<T> {
    most: usize,
    /// The call keeps a thread, and goes on whoever leaves: those that stay wait for it.
    blocking: bool,
    open: Mutex<HashMap<Option<Id>, Arc<Wave<T>>>>,
}

/// Records that run in one call.
pub(super) struct Wave<T> {
    places: Arc<Mutex<Vec<BatchRecord<T>>>>,
    call: Call,
    cut: CancellationToken,
}

/// A record's place in a wave. Dropped before the answer, it cuts the call off.
pub(super) struct Place<T> {
    wave: Arc<Wave<T>>,
    place: usize,
    /// Whether the call goes on without it.
    free: bool,
}

impl<T: Send + 'static> Gather<T> {
    pub(crate) fn new(most: usize, blocking: bool) -> Self {
        Self { most, blocking, open: Mutex::default() }
    }

    /// Takes a place in the open wave; `call` is for the first one.
    pub(super) fn join<F>(
        &self,
        record: BatchRecord<T>,
        call: impl FnOnce(Batch<T>) -> F + Send + 'static,
    ) -> Place<T>
    where
        F: Future<Output = Result<Vec<Outcome>, Failure>> + Send + 'static,
    {
        let (mut open, lane) = (lock(&self.open), tokio::task::try_id());
        let wave = open.entry(lane).or_insert_with(|| Arc::new(Wave::new(call))).clone();
        let mut places = lock(&wave.places);
        places.push(record);
        let place = places.len() - 1;
        if places.len() >= self.most {
            open.remove(&lane);
        }
        drop(places);
        Place { wave, place, free: self.blocking }
    }

    /// From here on nobody joins it any more.
    pub(super) fn shut(&self, place: &Place<T>) {
        let (mut open, lane) = (lock(&self.open), tokio::task::try_id());
        if open.get(&lane).is_some_and(|wave| Arc::ptr_eq(wave, &place.wave)) {
            open.remove(&lane);
        }
    }
}

impl<T: Send + 'static> Wave<T> {
    fn new<F>(call: impl FnOnce(Batch<T>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Vec<Outcome>, Failure>> + Send + 'static,
    {
        let (places, cut) = (Arc::<Mutex<Vec<_>>>::default(), CancellationToken::new());
        let (records, over) = (places.clone(), cut.clone());
        let whole = async move {
            let records: Vec<BatchRecord<T>> = std::mem::take(&mut *lock(&records));
            if records.len() == 1 || over.is_cancelled() {
                // Alone it is called by its own attempt, which limits its time and catches its panic.
                return if over.is_cancelled() { Answer::Cut } else { Answer::Alone };
            }
            #[cfg(feature = "testing")]
            let call = looked_at(
                call,
                records.iter().map(|record| record.delivery.ours.clone()).collect(),
            );
            let mut called = Box::pin(answer(call, Batch(records)));
            tokio::select! {
                biased;
                () = over.cancelled() => {
                    // What the handler held may panic when it is dropped: it is cut off, and nobody's fault here.
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(called)));
                    Answer::Cut
                }
                answer = &mut called => answer,
            }
        };
        let whole: BoxFuture<'static, Answer> = Box::pin(whole);
        Self { places, call: whole.shared(), cut }
    }
}

/// Each step of the call is one of all its records, whoever of them drives it.
#[cfg(feature = "testing")]
fn looked_at<T, F: Future + Send + 'static>(
    call: impl FnOnce(Batch<T>) -> F,
    ours: Vec<Ours>,
) -> impl FnOnce(Batch<T>) -> BoxFuture<'static, F::Output> {
    move |batch| {
        let mut call = Box::pin(call(batch));
        Box::pin(std::future::poll_fn(move |cx| {
            ours.iter().filter_map(|ours| ours.0.as_ref()).for_each(|ours| ours.goes_on());
            call.as_mut().poll(cx)
        }))
    }
}

async fn answer<T, F>(call: impl FnOnce(Batch<T>) -> F, batch: Batch<T>) -> Answer
where
    F: Future<Output = Result<Vec<Outcome>, Failure>>,
{
    let called = AssertUnwindSafe(async { call(batch).await }).catch_unwind().await;
    match called {
        Ok(Ok(outcomes)) => {
            let outcomes = outcomes.into_iter().map(Some).collect();
            Answer::Each(Arc::new(Mutex::new(outcomes)))
        }
        Ok(Err(failure)) if is_for_all(&failure.class) => Answer::All(failure),
        Ok(Err(_)) | Err(_) => Answer::Alone,
    }
}

/// What says nothing about the records themselves.
fn is_for_all(class: &Class) -> bool {
    matches!(class, Class::Outage(_) | Class::Fatal | Class::TransientAfter(_))
}

impl<T: Send + 'static> Place<T> {
    /// Waits for the call, and drives it.
    pub(super) async fn answer(mut self) -> (Answer, usize) {
        let answer = self.wave.call.clone().await;
        self.free = true;
        (answer, self.place)
    }
}

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        if !self.free {
            self.wave.cut.cancel();
        }
    }
}
