//! The seam between the runtime and [`telemetry`](crate::telemetry): with the feature `otel` it traces what a layer has begun to trace;
//! without it, or without that layer, headers stay as they are (test `an_untraced_letter_is_replayed_as_it_was`).

mod ids;
#[cfg(not(feature = "otel"))]
mod off;
#[cfg(feature = "otel")]
mod on;

pub(crate) use ids::carried;
#[cfg(feature = "otel")]
pub(crate) use ids::parts;
#[cfg(not(feature = "otel"))]
pub(crate) use off::{TraceSlot, current};
#[cfg(feature = "otel")]
pub(crate) use on::{TraceSlot, current};
