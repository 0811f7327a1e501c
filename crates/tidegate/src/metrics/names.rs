//! Every metric of the framework: its name, kind, labels and meaning, in one place. `docs/metrics.md` is made from it.
//!
//! Names and units follow Prometheus' conventions: base units, a counter ends in `_total`. Labels take values of a bounded set only:
//! groups, topics, partitions, handlers and stores of this process, and words that stand in this module. Never an id, a key or a text.

/// What kind of metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Only grows, and begins anew with the process.
    Counter,
    /// A value at this moment.
    Gauge,
    /// Seconds, counted by [`BOUNDS`](super::BOUNDS).
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Described {
    /// As Prometheus knows it, with its suffix.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

impl Described {
    /// A metric of a program's own, in the same form.
    #[must_use]
    pub const fn new(
        name: &'static str,
        kind: Kind,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind, labels, help }
    }
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $constant: Described =
                Described { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )*
        /// All of them, in the order of the documentation.
        pub const ALL: &[Described] = &[$($constant),*];
    };
}

metrics! {
    // --- a service
    SERVICE_INFO = Gauge "tidegate_service_info" ["group", "service", "version"] "1; which service is the member of which group.";
    PHASE = Gauge "tidegate_phase" ["group", "phase"] "1 for where the service is in its life (starting, running, draining, stopped), 0 for the rest.";
    READY = Gauge "tidegate_ready" ["group"] "1 while the service does its work, as its readiness says.";
    CHECK_FAILING = Gauge "tidegate_check_failing" ["group", "check"] "How many things of this kind keep the service from being ready.";
    STORE_UP = Gauge "tidegate_store_up" ["group", "store"] "1 while the store of effects can be used; the label is its kind (sqlite, postgres, and postgres-2 for a second one).";
    EVENTS = Counter "tidegate_events_total" ["group", "event"] "What happened in the runtime, by kind: lease_expired, partition_stuck, loop_late, redelivered and all others but settled.";

    // --- membership
    PARTITIONS_ASSIGNED = Gauge "tidegate_partitions_assigned" ["group", "topic"] "Partitions that this member owns.";
    REBALANCES = Counter "tidegate_rebalances_total" ["group"] "Times that the group changed what this member owns.";
    PARTITIONS_ENDED = Counter "tidegate_partitions_ended_total" ["group", "how"] "Partitions that are not this member's any more: given_back after a drain, lost without one, or fenced.";
    PARTITIONS_PAUSED = Gauge "tidegate_partitions_paused" ["group", "reason"] "Owned partitions whose delivery stands: retry, outage, budget (memory is full), drain, lease (ownership is not trusted), parked (what is to come waits for records in the schedule).";

    // --- records
    DELIVERED = Counter "tidegate_records_delivered_total" ["group", "topic"] "Records that arrived, and are the service's to finish; one that comes again under a later ownership counts again.";
    SETTLED = Counter "tidegate_records_settled_total" ["group", "topic", "outcome"] "Records that are finished: done, duplicate (handled before), skipped, dead (in the dead-letter topic).";
    CUT_OFF = Counter "tidegate_records_cut_off_total" ["group", "topic"] "Records that were unfinished when the ownership ended: the next owner gets them.";
    IN_FLIGHT = Gauge "tidegate_records_in_flight" ["group", "topic"] "Records that are queued, running, settling, or waiting for a retry.";
    LEDGER_HOLES = Gauge "tidegate_ledger_holes" ["group", "topic"] "Delivered records that are nowhere. Anything but 0 is a defect of the framework (I5).";
    AGE = Histogram "tidegate_record_age_seconds" ["group", "topic"] "From a record's timestamp to its end: from end to end.";

    // --- attempts
    ATTEMPTS = Counter "tidegate_attempts_total" ["group", "handler", "result"] "Calls of handlers by how they ended: done, skipped, duplicate (handled before: not called), or the class of the failure (transient, permanent, undecodable, outage, fatal), panic, timeout.";
    ATTEMPT_DURATION = Histogram "tidegate_attempt_duration_seconds" ["group", "handler"] "How long calls of handlers took, with claim and encoding.";
    LANE_WAIT = Histogram "tidegate_lane_wait_seconds" ["group"] "From being handed to a lane to the begin of the attempt.";

    // --- progress
    LAG = Gauge "tidegate_lag_records" ["group", "topic", "partition"] "Records of an owned partition behind the last commit.";
    LAG_SECONDS = Gauge "tidegate_lag_seconds" ["group", "topic", "partition"] "Age of the oldest unfinished record that the service holds of this partition; 0 when it holds none.";
    COMMIT_AGE = Gauge "tidegate_commit_age_seconds" ["group", "topic", "partition"] "Since the group last accepted a commit of this partition. Commits go on in idle partitions too.";
    SCHEDULED = Gauge "tidegate_scheduled_records" ["group", "topic", "partition"] "Records of an owned partition that wait in its retry schedule: for their time, or behind one of their key.";
    SCHEDULE_DUE = Gauge "tidegate_schedule_next_due_seconds" ["group", "topic", "partition"] "Until the next of them is due; 0 when it is. Absent when none waits for its time.";
    HELD_KEYS = Gauge "tidegate_held_keys" ["group", "topic", "partition"] "Keys of an owned partition that wait for an operator, because a record of theirs was dead-lettered.";
    SAMPLE_AGE = Gauge "tidegate_sample_age_seconds" ["group"] "How old tidegate_lag_records is: it is asked for beside the scrape, which never waits for long.";

    // --- publishing
    PUBLISHED = Counter "tidegate_published_total" ["topic", "result"] "Records that were published: acked, refused (certainly not in the log), unknown, abandoned (nobody waited for the answer).";
    PUBLISH_DURATION = Histogram "tidegate_publish_duration_seconds" ["topic"] "From handing a batch over to its last answer.";

    // --- dead letters
    DEAD_LETTERS = Gauge "tidegate_dead_letters" ["topic"] "Records in a dead-letter topic.";
    DEAD_LETTERS_OLDEST = Gauge "tidegate_dead_letters_oldest_age_seconds" ["topic"] "Age of the oldest dead letter; 0 when there is none.";
    DEAD_LETTERS_BY_CLASS = Gauge "tidegate_dead_letters_by_class" ["topic", "class"] "Dead letters among the newest that were looked at, by the class of their last failure.";

    // --- the client
    CLIENT_QUEUED = Gauge "tidegate_client_queued_records" ["client"] "Records that wait in the client's queue to be sent.";
    CLIENT_QUEUED_BYTES = Gauge "tidegate_client_queued_bytes" ["client"] "Their bytes.";
    CLIENT_SENT = Counter "tidegate_client_sent_bytes_total" ["client"] "Bytes that the client sent to brokers.";
    CLIENT_RECEIVED = Counter "tidegate_client_received_bytes_total" ["client"] "Bytes that the client received from brokers.";
    CLIENT_BROKER_UP = Gauge "tidegate_client_broker_up" ["client", "broker"] "1 while the client is connected to this broker.";
    CLIENT_BROKER_RTT = Gauge "tidegate_client_broker_rtt_seconds" ["client", "broker"] "99th percentile of the time from a request to its answer, of the last interval.";
}
