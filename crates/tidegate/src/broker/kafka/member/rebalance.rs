//! Rebalances: the client's poll thread asks here, and goes on when it is answered.
//!
//! ```text
//!  assign ─▶ held at once, so that nothing is read ─▶ asker: commits, bounds ─▶ Assigned
//!  revoke ─▶ Revoking ─▶ wait: drained and committed, or deadline, or lost ─▶ commit in flight ends ─▶ unassign
//!  lost   ─▶ Lost ─▶ unassign
//! ```
//!
//! Draining inside the callback means that a late answer cannot give away a later grant (regression: deferred unassign
//! superseded).

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaResult;
use rdkafka::types::RDKafkaRespErr;

use super::asker::Ask;
use super::{Client, Shared};
use crate::broker::kafka::cluster::Cluster;
use crate::broker::kafka::context::{Told, tells};
use crate::broker::kafka::error::About;
use crate::broker::kafka::{ffi, record};
use crate::message::TopicPartition;

/// How long an assignment may wait to learn where its partitions end. Without an answer they begin at 0, which is
/// never delivered either.
const ENDS: Duration = Duration::from_secs(1);

/// What the client of a member tells.
pub(super) struct MemberContext {
    pub(super) told: Told,
    pub(super) cluster: Arc<Cluster>,
    pub(super) shared: Arc<Shared>,
    pub(super) asks: Sender<Ask>,
    pub(super) drain: Duration,
    pub(super) group: String,
    /// All of them: the client's errors do not name one.
    pub(super) topics: String,
}

tells!(MemberContext);

impl ConsumerContext for MemberContext {
    fn rebalance(
        &self,
        client: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions = partitions(list);
        let done = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(client, partitions, list)
        } else {
            self.revoke(client, &partitions);
            unassign(client, list)
        };
        if let Err(error) = done {
            // The client logs it too; it will be told to rebalance again.
            tracing::warn!(%error, "a rebalance was not taken over");
        }
    }
}

impl MemberContext {
    pub(super) fn about(&self) -> About<'_> {
        About { topic: Some(&self.topics), group: Some(&self.group) }
    }

    /// Nothing may be read before the member has chosen where: the client is sent to the end, and held there. To the
    /// end as a number: a logical end would be looked up by the client, whose late answer undoes a seek.
    fn assign(
        &self,
        client: &Client,
        partitions: Vec<TopicPartition>,
        list: &mut TopicPartitionList,
    ) -> KafkaResult<()> {
        let deadline = Instant::now() + ENDS;
        for partition in &partitions {
            let left = deadline.saturating_duration_since(Instant::now());
            let end = self.cluster.end_within(partition, left).unwrap_or_default();
            let (topic, number) = (partition.topic.as_str(), record::number(partition));
            list.set_partition_offset(topic, number, record::raw(end))?;
        }
        let grants = self.shared.state().granted(partitions.clone());
        match client.rebalance_protocol() {
            RebalanceProtocol::Cooperative => client.incremental_assign(list)?,
            RebalanceProtocol::Eager | RebalanceProtocol::None => client.assign(list)?,
        }
        if !partitions.is_empty() {
            client.pause(list)?;
            self.shared.state().held(&partitions);
            // The asker lives as long as this context.
            let _ = self.asks.send(Ask::Describe(grants));
        }
        Ok(())
    }

    fn revoke(&self, client: &Client, partitions: &[TopicPartition]) {
        let began = Instant::now();
        let deadline = began + self.drain;
        let lost = || client.assignment_lost();
        let ticket = match lost() {
            true => None,
            false => self.shared.tell(|state| state.revoking(partitions, self.drain)),
        };
        let given_back =
            ticket.is_some_and(|ticket| self.shared.wait_for_answer(ticket, deadline, lost));
        if given_back || (ticket.is_none() && !lost()) {
            self.shared.state().given_back(partitions);
        } else {
            tracing::debug!(?partitions, after = ?began.elapsed(), "partitions were lost");
            self.shared.tell(|state| state.lost(partitions));
        }
    }
}

fn unassign(client: &Client, list: &TopicPartitionList) -> KafkaResult<()> {
    match client.rebalance_protocol() {
        RebalanceProtocol::Cooperative => client.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => client.unassign(),
    }
}

/// The partitions of a list, in order. Names that Kafka would refuse do not come from Kafka.
fn partitions(list: &TopicPartitionList) -> Vec<TopicPartition> {
    let place = |entry: ffi::RawOffset| {
        let topic = entry.topic.as_str().try_into().ok()?;
        Some(TopicPartition::new(topic, record::partition(entry.partition)))
    };
    let mut partitions: Vec<_> = ffi::offsets(list).into_iter().filter_map(place).collect();
    partitions.sort();
    partitions
}
