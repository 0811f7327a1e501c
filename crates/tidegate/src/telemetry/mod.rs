//! Traces: from the request that published an event to its last attempt, its dead letter and its replay (feature `otel`).
//!
//! ```text
//!   (whatever published) ── send orders ──┬── process orders   attempt 1, failed ···▶ link: origin
//!                                         ├── process orders   attempt 2, failed ···▶ link: origin
//!                                         │     └── send orders_dlq               the dead letter
//!                                         │           ├── on_dead_letter orders   its handler
//!                                         │           │     └── send orders       what that emits
//!                                         │           └── send orders             the replay ···▶ link: the operator's request
//!                                         │                 └── process orders    ···▶ link: origin
//! ```
//!
//! [`layer::Trace`](crate::layer::Trace) traces routes, [`Publisher::traced`](crate::publisher::Publisher::traced) what is published
//! elsewhere, [`publish`] records that are there already. All of it is written against OpenTelemetry's API: the program chooses the
//! exporter. [`names`] has every name; [`RecordAll`] and [`KeepFailures`] export failures whatever the sampler says.
//!
//! # Guarantees
//! - `traceparent` is replaced, never appended (rule 41; test `rule_41_of_several_the_last_counts_and_exactly_one_is_written`). A
//!   malformed one is ignored (`a_malformed_traceparent_begins_a_new_trace_and_loses_nothing`).
//! - Every attempt links to the span that first published the record, over retry, dead letter and replay
//!   (`a_dead_letter_and_its_replay_are_in_the_trace_of_their_order`).
//! - Nothing waits for a trace: spans are handed to the provider's processor, and that is all.
//! - No payload, key or error text is in a span: ids, names, numbers and kinds of failure (I8).
//!
//! What is published from an outbox after a restart has the trace context of the attempt that emitted it, and no span of its own. In a
//! batch each record has its span; what the handler does in between hangs below the record whose attempt drives the call.

mod attempt;
mod failures;
pub mod names;
pub(crate) mod send;
mod tracer;
pub mod w3c;

pub(crate) use attempt::AttemptSpan;
pub use failures::{KeepFailures, RecordAll};
pub use send::publish;
pub use tracer::Tracer;
