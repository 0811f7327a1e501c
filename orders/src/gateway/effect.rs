//! One performed charge, and one line of the ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::order::Money;

/// A charge that was performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The receipt (UUIDv7).
    pub effect_id: Uuid,
    /// Which order was charged.
    pub order_id: String,
    /// The event behind it, if the client said so.
    pub event_id: Option<String>,
    /// Which attempt asked for it, from 1.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// The idempotency key that it is known by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
}

/// A line of the ledger's file: an effect, and how many charges had been asked for by then.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) requested: u64,
    pub(super) effect: Effect,
}
