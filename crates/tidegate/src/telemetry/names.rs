//! Every name that stands in a trace: the one place to change when the conventions do.
//!
//! Source: OpenTelemetry's semantic conventions for messaging and Kafka, which are still "Development", and for errors, which are
//! stable. What they have no name for begins with `tidegate.`.

/// Instrumentation scope.
pub const SCOPE: &str = "tidegate";

/// Operation of a span that publishes one record; the span's name is `send <topic>`.
pub const SEND: &str = "send";
/// Operation of a span for one attempt at one record; the span's name is `process <topic>`.
pub const PROCESS: &str = "process";
/// Operation of a span for a dead-letter handler's attempt; the span's name is `on_dead_letter <topic>`.
pub const ON_DEAD_LETTER: &str = "on_dead_letter";

/// `kafka`; also on the embedded log, which has Kafka's model.
pub const SYSTEM: &str = "messaging.system";
/// The value of [`SYSTEM`].
pub const KAFKA: &str = "kafka";
/// [`SEND`], [`PROCESS`] or [`ON_DEAD_LETTER`].
pub const OPERATION: &str = "messaging.operation.name";
/// `send` or `process`: the kind of operation, of a fixed list.
pub const OPERATION_TYPE: &str = "messaging.operation.type";
/// The topic.
pub const DESTINATION: &str = "messaging.destination.name";
/// The partition, as text.
pub const PARTITION: &str = "messaging.destination.partition.id";
/// The offset.
pub const OFFSET: &str = "messaging.kafka.offset";
/// The consumer group.
pub const GROUP: &str = "messaging.consumer.group.name";
/// The event's id.
pub const MESSAGE_ID: &str = "messaging.message.id";
/// The correlation id.
pub const CONVERSATION_ID: &str = "messaging.message.conversation_id";
/// What kind of failure: a class, `panic`, `cut_off`, or how the broker refused.
pub const ERROR_TYPE: &str = "error.type";

/// The handler's name.
pub const HANDLER: &str = "tidegate.handler";
/// The event's type.
pub const EVENT_TYPE: &str = "tidegate.event_type";
/// The id of the event that caused this one.
pub const CAUSATION_ID: &str = "tidegate.causation_id";
/// Which attempt, from 1.
pub const ATTEMPT: &str = "tidegate.attempt";
/// `done`, `skipped`, `failed` or `unknown`.
pub const OUTCOME: &str = "tidegate.outcome";
/// Why the span is exported whatever the sampler says: `retry`, `dead_letter` or `replay`.
pub const KEPT_FOR: &str = "tidegate.kept_for";
/// On a link: what it leads to.
pub const LINK: &str = "tidegate.link";

/// Value of [`KEPT_FOR`]: an attempt after the first.
pub const RETRY: &str = "retry";
/// Value of [`KEPT_FOR`]: the dead letter, and its handler's attempts.
pub const DEAD_LETTER: &str = "dead_letter";
/// Value of [`KEPT_FOR`]: a record that was sent back, and its attempts.
pub const REPLAY: &str = "replay";
/// Value of [`LINK`]: the span that published the record in the first place.
pub const ORIGIN: &str = "origin";
/// Value of [`LINK`]: the span in which it was published, of another trace.
pub const CAUSE: &str = "cause";
