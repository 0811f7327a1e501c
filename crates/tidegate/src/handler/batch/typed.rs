//! A batch handler with its format and state, as a service for single deliveries.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::gather::{Answer, Gather};
use super::{Batch, BatchRecord, IntoOutcomes};
use crate::broker::BoxFuture;
use crate::broker::sync::lock;
use crate::class::{Class, Failure};
use crate::codec::Decode;
use crate::delivery::Delivery;
use crate::event::Event;
use crate::extract::BatchArguments;
use crate::handler::{First, Handler, Payload};
use crate::outcome::Outcome;

/// The innermost service of a batch handler: decodes, gathers, calls.
pub(crate) struct Batched<H, C, S, T, X> {
    shared: Arc<Shared<H, C, S, T>>,
    types: PhantomData<fn(X)>,
}

struct Shared<H, C, S, T> {
    handler: H,
    codec: C,
    state: S,
    gather: Gather<T>,
}

impl<H, C, S, T: Send + 'static, X> Batched<H, C, S, T, X> {
    pub(crate) fn new(gather: Gather<T>, handler: H, codec: C, state: S) -> Self {
        let shared = Shared { handler, codec, state, gather };
        Self { shared: Arc::new(shared), types: PhantomData }
    }
}

impl<H, C, S, T, X> Clone for Batched<H, C, S, T, X> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), types: PhantomData }
    }
}

impl<H, C, S, T> Shared<H, C, S, T>
where
    T: Event,
    C: Decode<T> + Send + Sync + 'static,
    H: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    async fn attempt<X>(self: Arc<Self>, delivery: Delivery) -> Result<Outcome, Failure>
    where
        H: Handler<Batch<T>, X>,
        H::Output: IntoOutcomes,
        X: BatchArguments<S> + Send + 'static,
    {
        // Who has failed before fails nobody else's call.
        let together = match delivery.attempt {
            1 => self.clone().together::<X>(&delivery).await?,
            _ => None,
        };
        match together {
            Some(outcome) => Ok(outcome),
            None => self.alone::<X>(&delivery).await,
        }
    }

    /// In one call with whoever begins at this moment; `None` when that says nothing of this record.
    async fn together<X>(self: Arc<Self>, delivery: &Delivery) -> Result<Option<Outcome>, Failure>
    where
        H: Handler<Batch<T>, X>,
        H::Output: IntoOutcomes,
        X: BatchArguments<S> + Send + 'static,
    {
        loop {
            let (record, shared) = (self.record(delivery)?, self.clone());
            let place = self.gather.join(record, move |batch| shared.call::<X>(batch));
            tokio::task::yield_now().await; // whoever begins at this moment joins
            self.gather.shut(&place);
            match place.answer().await {
                (Answer::Each(outcomes), at) => {
                    let mine = lock(&outcomes).get_mut(at).and_then(Option::take);
                    return mine.map(Some).ok_or_else(lost);
                }
                (Answer::All(failure), _) => return Err(failure),
                (Answer::Alone, _) => return Ok(None),
                (Answer::Cut, _) => {} // not by this record: it joins another wave
            }
            delivery.ours.trusted().await; // what was stopped meanwhile calls nobody (rule 10)
        }
    }

    async fn alone<X>(self: Arc<Self>, delivery: &Delivery) -> Result<Outcome, Failure>
    where
        H: Handler<Batch<T>, X>,
        H::Output: IntoOutcomes,
        X: BatchArguments<S> + Send + 'static,
    {
        delivery.ours.trusted().await;
        let record = self.record(delivery)?;
        let mut outcomes = self.call::<X>(Batch(vec![record])).await?;
        outcomes.pop().ok_or_else(lost)
    }

    fn record(&self, delivery: &Delivery) -> Result<BatchRecord<T>, Failure> {
        let Payload(payload) = Payload::decode(&self.codec, delivery)?;
        Ok(BatchRecord { payload, delivery: delivery.clone() })
    }

    async fn call<X>(self: Arc<Self>, batch: Batch<T>) -> Result<Vec<Outcome>, Failure>
    where
        H: Handler<Batch<T>, X>,
        H::Output: IntoOutcomes,
        X: BatchArguments<S> + Send + 'static,
    {
        let records = batch.len();
        let arguments = X::from_state(&self.state);
        self.handler.call(batch, arguments).await.into_outcomes(records)
    }
}

/// `into_outcomes` gives one for each record: somebody else's implementation did not.
fn lost() -> Failure {
    Failure::new(Class::Permanent, "the batch handler gave no outcome for this record")
}

impl<H, C, S, T, X> Service<Delivery> for Batched<H, C, S, T, X>
where
    H: Handler<Batch<T>, X>,
    H::Output: IntoOutcomes,
    C: Decode<T> + Send + Sync + 'static,
    T: Event,
    S: Send + Sync + 'static,
    X: BatchArguments<S> + Send + 'static,
{
    type Response = Outcome;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Outcome, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, delivery: Delivery) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(
            async move { Ok(shared.attempt::<X>(delivery).await.unwrap_or_else(Outcome::Failed)) },
        )
    }
}
