//! TEMPORARY, to be replaced by `member/mod.rs`.

use std::sync::Arc;

use super::Inner;
use crate::broker::{
    BoxFuture, BrokerError, CommitEntry, CommitError, Consumer, GroupEvent, RevokeTicket,
    Subscription,
};
use crate::message::{Offset, TopicPartition};

pub(super) struct Member(#[expect(dead_code)] Arc<Inner>);

impl Member {
    pub(super) fn join(_: Arc<Inner>, _: Subscription) -> Result<Self, BrokerError> {
        Err(BrokerError::Config("no members here".into()))
    }
}

impl Consumer for Member {
    fn poll(&mut self) -> BoxFuture<'_, GroupEvent> {
        Box::pin(std::future::pending())
    }
    fn start(&mut self, _: &TopicPartition, _: Offset) {}
    fn pause(&mut self, _: &[TopicPartition]) {}
    fn resume(&mut self, _: &[TopicPartition]) {}
    fn commit(&mut self, _: Vec<CommitEntry>) -> BoxFuture<'static, Vec<Result<(), CommitError>>> {
        Box::pin(async { Vec::new() })
    }
    fn revoked(&mut self, _: RevokeTicket) {}
    fn close(&mut self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
