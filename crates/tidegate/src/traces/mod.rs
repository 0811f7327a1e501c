//! The seam between the runtime and [`telemetry`](crate::telemetry): with the feature `otel` it traces what a layer has begun to trace;
//! without it, and without that layer, it is nothing, and costs nothing (test `what_is_not_traced_is_passed_on_untouched`).

#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod on;

#[cfg(not(feature = "otel"))]
pub(crate) use off::{TraceSlot, current};
#[cfg(feature = "otel")]
pub(crate) use on::{TraceSlot, current};
