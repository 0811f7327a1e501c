//! The values of one service.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::names;
use super::sample::Sample;
use super::sheet::Sheet;
use crate::broker::{Broker, ClientStatistics};
use crate::consumer::core::Counts;
use crate::events::RuntimeEvent;
use crate::health::{Health, Phase, Snapshot};
use crate::message::{TopicName, TopicPartition};
use crate::meter::{Counted, ENDS, Meters, Plan, RESULTS};

/// Why delivery may stand.
const REASONS: [&str; 6] = ["retry", "outage", "budget", "drain", "lease", "parked"];

/// A service, as metrics see it.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) group: String,
    pub(crate) broker: Broker,
    pub(crate) health: Health,
    pub(crate) meters: Arc<Meters>,
    pub(super) sample: Sample,
}

impl Member {
    pub(crate) fn new(group: String, broker: Broker, health: Health) -> Self {
        Self { group, broker, health, meters: Arc::default(), sample: Sample::default() }
    }

    /// What is read, once that is known.
    pub(super) fn topics(&self) -> Vec<TopicName> {
        let plan = self.meters.plan();
        plan.map(|plan| plan.ages.iter().map(|(topic, _)| topic.clone()).collect())
            .unwrap_or_default()
    }

    pub(super) fn fill(&self, sheet: &mut Sheet) {
        let now = self.health.snapshot();
        self.life(&now, sheet);
        self.membership(sheet);
        self.records(&now, sheet);
        self.progress(&now, sheet);
        if let Some(plan) = self.meters.plan() {
            self.attempts(plan, sheet);
        }
    }

    fn life(&self, now: &Snapshot, sheet: &mut Sheet) {
        let group = self.group.as_str();
        for (phase, name) in [
            (Phase::Starting, "starting"),
            (Phase::Running, "running"),
            (Phase::Draining, "draining"),
            (Phase::Stopped, "stopped"),
        ] {
            sheet.flag(&names::PHASE, &[group, name], now.phase == phase);
        }
        sheet.flag(&names::READY, &[group], now.readiness.is_ready());
        for check in now.readiness.checks() {
            let labels = [group, check.name.as_str()];
            sheet.number(&names::CHECK_FAILING, &labels, check.reasons.len() as u64);
        }
        self.stores(sheet);
        let events = self.meters.events();
        for kind in RuntimeEvent::KINDS.iter().filter(|kind| **kind != "settled") {
            let count = events.get(kind).copied().unwrap_or_default();
            sheet.count(&names::EVENTS, &[group, kind], count);
        }
        if let Some(plan) = self.meters.plan() {
            let service = plan.identity.service.as_ref();
            let (service, version) = service.rsplit_once(' ').unwrap_or((service, ""));
            sheet.gauge(&names::SERVICE_INFO, &[group, service, version], 1.0);
        }
    }

    /// By their kinds: a name may hold a path or an address.
    fn stores(&self, sheet: &mut Sheet) {
        let (answers, mut kinds) = (self.sample.read().stores, BTreeMap::new());
        for named in self.meters.plan().iter().flat_map(|plan| &plan.stores) {
            let kind = named.name.split(':').next().unwrap_or_default();
            let number = kinds.entry(kind).and_modify(|count| *count += 1).or_insert(1);
            let label = if *number == 1 { kind.to_owned() } else { format!("{kind}-{number}") };
            if let Some(up) = answers.get(named.name) {
                sheet.flag(&names::STORE_UP, &[&self.group, &label], *up);
            }
        }
    }

    fn membership(&self, sheet: &mut Sheet) {
        sheet.count(&names::REBALANCES, &[&self.group], self.meters.rebalances());
        for (how, count) in ENDS.iter().zip(self.meters.ended()) {
            sheet.count(&names::PARTITIONS_ENDED, &[&self.group, how], count);
        }
    }

    /// From the ledger, over all ownerships of this process.
    fn records(&self, now: &Snapshot, sheet: &mut Sheet) {
        let mut topics: BTreeMap<&TopicName, Vec<&Counts>> = BTreeMap::new();
        for (partition, counts) in &now.ledger {
            topics.entry(&partition.topic).or_default().push(counts);
        }
        for (topic, counts) in topics {
            let labels = [self.group.as_str(), topic.as_str()];
            let sum = |of: fn(&Counts) -> u64| counts.iter().map(|counts| of(counts)).sum();
            sheet.count(&names::DELIVERED, &labels, sum(|c| c.delivered));
            sheet.count(&names::CUT_OFF, &labels, sum(|c| c.cut_off));
            sheet.number(&names::IN_FLIGHT, &labels, sum(|c| c.pending));
            sheet.number(&names::LEDGER_HOLES, &labels, sum(Counts::holes));
            for (outcome, count) in [
                ("done", sum(|c| c.done)),
                ("duplicate", sum(|c| c.duplicate)),
                ("skipped", sum(|c| c.skipped)),
                ("dead", sum(|c| c.dead)),
            ] {
                sheet.count(&names::SETTLED, &[labels[0], labels[1], outcome], count);
            }
        }
    }

    /// Of the partitions that are owned now.
    fn progress(&self, now: &Snapshot, sheet: &mut Sheet) {
        let (group, sampled) = (self.group.as_str(), self.sample.read());
        for topic in self.topics() {
            let owned = now.assigned.iter().filter(|partition| partition.topic == topic).count();
            sheet.number(&names::PARTITIONS_ASSIGNED, &[group, topic.as_str()], owned as u64);
        }
        if let Some(at) = sampled.at {
            sheet.gauge(&names::SAMPLE_AGE, &[group], at.elapsed().as_secs_f64());
        }
        for reason in REASONS {
            sheet.number(&names::PARTITIONS_PAUSED, &[group, reason], 0);
        }
        for partition in &now.assigned {
            if let Some(lag) = sampled.lag.get(partition) {
                let number = partition.partition.to_string();
                sheet.number(&names::LAG, &[group, partition.topic.as_str(), &number], *lag);
            }
        }
        if let Some(plan) = self.meters.plan() {
            self.board(plan, &now.assigned, sheet);
        }
    }

    fn board(&self, plan: &Plan, owned: &[TopicPartition], sheet: &mut Sheet) {
        let facts = self.meters.board.read();
        for (partition, fact) in
            facts.into_iter().filter(|(partition, _)| owned.contains(partition))
        {
            let number = partition.partition.to_string();
            let labels = [self.group.as_str(), partition.topic.as_str(), &number];
            let oldest = fact.oldest.map(|oldest| oldest.until(plan.clock.wall()));
            sheet.gauge(&names::LAG_SECONDS, &labels, oldest.unwrap_or_default().as_secs_f64());
            if let Some(committed) = fact.committed {
                let age = plan.clock.elapsed().saturating_sub(committed);
                sheet.gauge(&names::COMMIT_AGE, &labels, age.as_secs_f64());
            }
            sheet.number(&names::SCHEDULED, &labels, fact.scheduled as u64);
            sheet.number(&names::HELD_KEYS, &labels, fact.held as u64);
            if let Some(due) = fact.next_due {
                let left = due.saturating_sub(plan.clock.elapsed());
                sheet.gauge(&names::SCHEDULE_DUE, &labels, left.as_secs_f64());
            }
            for reason in fact.paused {
                sheet.number(&names::PARTITIONS_PAUSED, &[labels[0], reason], 1);
            }
        }
    }

    fn attempts(&self, plan: &Plan, sheet: &mut Sheet) {
        let group = self.group.as_str();
        let mut waited = Counted::default();
        for lane in &plan.lanes {
            waited.merge(&lane.wait.read());
            for (handler, route) in plan.handlers.iter().zip(&lane.routes) {
                for (result, count) in RESULTS.iter().zip(route.results()) {
                    sheet.count(&names::ATTEMPTS, &[group, handler, result], count);
                }
                sheet.times(&names::ATTEMPT_DURATION, &[group, handler], route.took.read());
            }
        }
        sheet.times(&names::LANE_WAIT, &[group], waited);
        for (topic, ages) in &plan.ages {
            sheet.times(&names::AGE, &[group, topic.as_str()], ages.read());
        }
    }
}

/// What the clients of all brokers count.
pub(super) fn clients(clients: &[ClientStatistics], sheet: &mut Sheet) {
    let mut ways: BTreeMap<(&str, i32), (bool, Duration)> = BTreeMap::new();
    for of in clients {
        let client = [of.client.as_str()];
        sheet.number(&names::CLIENT_QUEUED, &client, of.queued_records);
        sheet.number(&names::CLIENT_QUEUED_BYTES, &client, of.queued_bytes);
        sheet.count(&names::CLIENT_SENT, &client, of.sent_bytes);
        sheet.count(&names::CLIENT_RECEIVED, &client, of.received_bytes);
        for broker in &of.brokers {
            let way = ways.entry((client[0], broker.id)).or_insert((true, Duration::ZERO));
            // Of several clusters, or clients, the worst counts.
            *way = (way.0 && broker.up, way.1.max(broker.round_trip));
        }
    }
    for ((client, id), (up, round_trip)) in ways {
        let labels = [client, &id.to_string()];
        sheet.flag(&names::CLIENT_BROKER_UP, &labels, up);
        sheet.gauge(&names::CLIENT_BROKER_RTT, &labels, round_trip.as_secs_f64());
    }
}
