//! What most services need: `use tidegate::prelude::*;`.

pub use std::time::Duration;

pub use crate::broker::Broker;
pub use crate::class::{Class, Classify, Permanent};
pub use crate::dead_letter::DeadLetter;
pub use crate::emit::{Emit, Emits};
pub use crate::event::{Event, EventId, Key, Stamp};
pub use crate::extract::{Attempt, CorrelationId, FromRef, Meta, Raw, Replay, State};
pub use crate::handler::{Batch, Payload, blocking};
pub use crate::headers::Headers;
pub use crate::inbox::Inbox;
#[cfg(feature = "postgres")]
pub use crate::inbox::postgres::PostgresInbox;
#[cfg(feature = "sqlite")]
pub use crate::inbox::sqlite::SqliteInbox;
pub use crate::outcome::{IntoOutcome, Outcome};
pub use crate::policy::{AfterDeadLetter, Order, Retry};
pub use crate::publisher::{NewEvent, PreparedEvent, Published, Publisher};
pub use crate::router::{IntoRouter, Router, Topic, Unknown};
pub use crate::service::{Service, Services, StartFrom};
pub use crate::time::{hours, millis, mins, secs};
#[cfg(feature = "postgres")]
pub use sqlx::Postgres;
#[cfg(feature = "sqlite")]
pub use sqlx::Sqlite;
