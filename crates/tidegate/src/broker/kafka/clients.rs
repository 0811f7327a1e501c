//! The configurations of the clients: what the guarantees need, then what the user set.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::options::{GroupProtocol, KafkaOptions};
use super::statistics;
use crate::broker::Subscription;

/// The producer's own limit: the topic's is checked before, and the broker has the last word.
const MAX_MESSAGE_BYTES: usize = 1_000_000_000;
/// What a member's client reads ahead in all partitions of its topics together: each has an equal share of it.
const PREFETCH_KBYTES: usize = 16 << 10;
/// The least of that for a partition, however many there are.
const LEAST_KBYTES: usize = 256;
/// What a member's client reads ahead in records, in all partitions together: it counts values alone as bytes, and small
/// ones, or none at all, take room too.
const PREFETCH_RECORDS: usize = 100_000;
/// The least of that for a partition.
const LEAST_RECORDS: usize = 1_000;
/// The session's part between two heartbeats: a member hears of a rebalance with the next one.
const HEARTBEATS_IN_A_SESSION: u32 = 15;
/// What a producer has that the user may set otherwise, by the names that the client knows it by.
const PRODUCING: &[(&[&str], &str)] = &[
    // Nothing waits for company: what comes while requests are on their way makes the next batch.
    (&["linger.ms", "queue.buffering.max.ms"], "0"),
    // A cluster that knows nothing of the producer yet takes any record of it for the first: of two requests the second may be written
    // after the first was refused for the moment (a partition without a leader), and then the client takes both for written, and
    // loses the first (librdkafka#2501, confluent-kafka-go#921). A broker handles a connection's requests one by one anyway.
    (&["max.in.flight.requests.per.connection", "max.in.flight"], "1"),
    // The topic was seen before a record is sent to it: one that is missing for so long was deleted.
    (&["topic.metadata.propagation.max.ms"], "10000"),
];

impl KafkaOptions {
    /// What every client has.
    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Warning);
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", &self.client_id)
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000")
            // A producer's default is to create what it does not find.
            .set("allow.auto.create.topics", "false")
            .set("log.connection.close", "false");
        if self.tokens.is_some() {
            config.set("sasl.mechanisms", "OAUTHBEARER");
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }

    /// A client that asks questions and belongs to no group.
    pub(super) fn asking(&self) -> ClientConfig {
        self.base()
    }

    /// A client that administers. Nobody polls it: log lines would pile up in its queue.
    pub(super) fn administering(&self) -> ClientConfig {
        let mut config = self.base();
        config.set_log_level(RDKafkaLogLevel::Emerg);
        config
    }

    /// A client that reads partitions by itself; `group.id` is needed to assign them, and never used. It asks the
    /// leaders alone: what a follower calls the end may lie before what was acknowledged.
    pub(super) fn reading(&self) -> ClientConfig {
        let mut config = self.consuming();
        config
            .set("group.id", "tidegate-reader")
            .set("enable.partition.eof", "true")
            .set("client.rack", "")
            .set("queued.max.messages.kbytes", (4 << 10).to_string())
            .set("fetch.wait.max.ms", "100");
        config
    }

    /// A client that reads several partitions: their queue is one. At the ends it mostly hears of what the same process has
    /// written: the broker answers when there is something to say, or after a while.
    pub(super) fn following(&self) -> ClientConfig {
        let mut config = self.reading();
        config
            .set("queued.max.messages.kbytes", PREFETCH_KBYTES.to_string())
            .set("fetch.min.bytes", (32 << 10).to_string())
            .set("fetch.wait.max.ms", "50");
        config
    }

    /// A client that reads a group's commits without being a member.
    pub(super) fn watching(&self, group: &str) -> ClientConfig {
        let mut config = self.consuming();
        config.set("group.id", group);
        config
    }

    /// Counts of itself are told by clients that are polled all the time: in the queue of another they would pile up.
    fn counting(&self, config: &mut ClientConfig) {
        if cfg!(feature = "metrics") && !self.properties.contains_key("statistics.interval.ms") {
            config.set("statistics.interval.ms", statistics::EVERY_MS);
        }
    }

    fn consuming(&self) -> ClientConfig {
        let mut config = self.asking();
        config
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("check.crcs", "true")
            .set("fetch.queue.backoff.ms", "20")
            .set("fetch.error.backoff.ms", "100");
        config
    }

    /// A member of a group, whose topics have so many partitions: each has a queue of its own in the client
    /// (`member/queues.rs`), and the client's limit is for each queue.
    pub(super) fn member(&self, how: &Subscription, partitions: usize) -> ClientConfig {
        let mut config = self.consuming();
        let share = |all: usize| all / partitions.max(1);
        let prefetch = share(PREFETCH_KBYTES.max(how.max_poll_bytes >> 9)).max(LEAST_KBYTES);
        config
            .set("group.id", &how.group)
            .set("max.poll.interval.ms", millis(how.max_poll_interval.max(how.session_timeout)))
            .set("queued.max.messages.kbytes", prefetch.to_string())
            .set("queued.min.messages", share(PREFETCH_RECORDS).max(LEAST_RECORDS).to_string())
            // A queue that one answer fills is left out of the next question, which waits for all others.
            .set("fetch.message.max.bytes", (prefetch << 8).to_string())
            .set("fetch.wait.max.ms", "100");
        self.counting(&mut config);
        if let Some(id) = &self.instance_id {
            config.set("group.instance.id", id);
        }
        match self.protocol {
            GroupProtocol::Consumer => config.set("group.protocol", "consumer"),
            GroupProtocol::Classic => {
                let heartbeat = how.session_timeout / HEARTBEATS_IN_A_SESSION;
                config
                    .set("partition.assignment.strategy", self.assignor.name())
                    .set("session.timeout.ms", millis(how.session_timeout));
                if !self.properties.contains_key("heartbeat.interval.ms") {
                    config.set("heartbeat.interval.ms", millis(heartbeat));
                }
                &mut config
            }
        };
        config
    }

    /// A producer. `batch` bounds a batch in bytes: a topic with a small limit refuses larger ones whole.
    pub(super) fn producing(&self, batch: usize) -> ClientConfig {
        let mut config = self.base();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .set("message.timeout.ms", self.delivery_timeout.map_or_else(|| "0".into(), millis))
            .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
            // Our own budget bounds what is queued, before the client sees it.
            .set("queue.buffering.max.kbytes", i32::MAX.to_string())
            .set("queue.buffering.max.messages", "0")
            .set("batch.size", batch.to_string());
        self.counting(&mut config);
        for (names, value) in PRODUCING {
            if names.iter().all(|name| !self.properties.contains_key(*name)) {
                config.set(names[0], *value);
            }
        }
        config
    }
}

/// As the client wants it: at least 1, at most a day.
fn millis(time: Duration) -> String {
    time.as_millis().clamp(1, 86_400_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how() -> Subscription {
        Subscription::new("g", Vec::new())
    }

    /// rules 6, 7 and 14, and the traps of the client: what a property of the user's cannot change.
    #[test]
    fn members_commit_by_hand_and_never_jump() {
        let options = KafkaOptions::new("x:1").property("fetch.min.bytes", "2").unwrap();
        let config = options.member(&how(), 8);
        for (name, value) in [
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("auto.offset.reset", "error"),
            ("check.crcs", "true"),
            ("isolation.level", "read_committed"),
            ("allow.auto.create.topics", "false"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("session.timeout.ms", "45000"),
            ("heartbeat.interval.ms", "3000"),
            ("fetch.min.bytes", "2"),
            ("queued.max.messages.kbytes", "2048"),
            ("queued.min.messages", "12500"),
            ("fetch.message.max.bytes", "524288"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
        config.create_native_config().unwrap();
    }

    #[test]
    fn the_newer_group_protocol_leaves_times_and_assignor_to_the_broker() {
        let config =
            KafkaOptions::new("x:1").group_protocol(GroupProtocol::Consumer).member(&how(), 8);
        assert_eq!(config.get("group.protocol"), Some("consumer"));
        for name in ["session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"]
        {
            assert_eq!(config.get(name), None, "{name}: an error beside group.protocol=consumer");
        }
        config.create_native_config().unwrap();
    }

    /// rule 5: settlement writes wait for the cluster as long as it takes.
    #[test]
    fn producers_are_idempotent_and_give_up_only_when_told() {
        let config = KafkaOptions::new("x:1").producing(1_000_000);
        for (name, value) in [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("partitioner", "murmur2_random"),
            ("message.timeout.ms", "0"),
        ] {
            assert_eq!(config.get(name), Some(value), "{name}");
        }
        config.create_native_config().unwrap();
        let edge = KafkaOptions::new("x:1").delivery_timeout(Duration::from_secs(20));
        assert_eq!(edge.producing(1_000).get("message.timeout.ms"), Some("20000"));
    }

    #[test]
    fn what_a_user_sets_by_any_of_its_names_stands() {
        let of = |options: KafkaOptions, name| options.producing(1).get(name).map(str::to_owned);
        let plain = || KafkaOptions::new("x:1");
        assert_eq!(of(plain(), "linger.ms").as_deref(), Some("0"));
        let alias = plain().property("queue.buffering.max.ms", "7").unwrap();
        assert_eq!(of(alias, "linger.ms"), None, "set twice, one of them would win by chance");
        let alias = plain().property("max.in.flight", "5").unwrap();
        assert_eq!(of(alias, "max.in.flight.requests.per.connection"), None);
    }

    /// A member may read from a follower near by; what asks for ends may not.
    #[test]
    fn the_rack_reaches_members_and_no_reader() {
        let options = KafkaOptions::new("x:1").rack("eu-1");
        let member = options.member(&how(), 1);
        assert_eq!(member.get("client.rack"), Some("eu-1"));
        assert_eq!(options.reading().get("client.rack"), Some(""));
        member.create_native_config().unwrap();
    }

    #[test]
    fn secrets_do_not_show() {
        let options = KafkaOptions::new("x:1").property("sasl.password", "hunter2").unwrap();
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
