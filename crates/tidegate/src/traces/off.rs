//! Without the feature `otel`: records go where they go, and nothing is kept.

use crate::broker::{Broker, Placed, PublishError};
use crate::message::NewRecord;

/// Nothing.
#[derive(Debug, Default)]
pub(crate) struct TraceSlot;

impl TraceSlot {
    #[expect(clippy::unused_self, reason = "with the feature it hands its trace on")]
    pub(crate) fn hand_on(&self, _: &mut [NewRecord]) {}

    #[expect(clippy::unused_self, reason = "with the feature it makes spans")]
    pub(crate) async fn publish(
        &self,
        broker: &Broker,
        records: Vec<NewRecord>,
    ) -> Vec<Result<Placed, PublishError>> {
        broker.publish(records).await
    }

    #[expect(clippy::unused_self, reason = "with the feature it makes a span")]
    pub(crate) async fn publish_letter(
        &self,
        broker: &Broker,
        letter: NewRecord,
    ) -> Option<Result<Placed, PublishError>> {
        broker.publish(vec![letter]).await.pop()
    }
}

/// Nothing to take to another thread.
pub(crate) struct Current;

/// What is current here.
pub(crate) fn current() -> Current {
    Current
}

impl Current {
    #[expect(clippy::unused_self, reason = "with the feature it is made current")]
    pub(crate) fn attach(self) -> impl Sized {}
}
