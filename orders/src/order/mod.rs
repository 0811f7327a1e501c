//! The domain: an order, its price, its states, and the events that tell what happened to it.

mod event;
mod id;
mod kind;
mod money;
mod status;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use event::{
    OrderCancelled, OrderCompleted, OrderCreated, OrderData, OrderEvent, OrderFailed, OrderUpdated,
};
pub use id::OrderId;
pub use kind::{Cancelled, Completed, Created, Failed, Kind, Updated};
pub use money::{Money, MoneyError};
pub use status::{OrderStatus, UnknownStatus};

/// An order as events carry it. Fields that this version does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its identity.
    pub id: OrderId,
    /// Who ordered: 1 to 128 characters, trimmed, NFC.
    pub customer_id: String,
    /// What was ordered: 1 to 128 characters, trimmed, NFC. May steer the simulation.
    pub product_id: String,
    /// How many: 1 to 1,000,000.
    pub quantity: u32,
    /// The price.
    pub price: Money,
    /// Its state when the event was made.
    pub status: OrderStatus,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

impl Order {
    /// The longest `customer_id` and `product_id`, in characters; ids of orders are not longer either.
    pub const MAX_TEXT: usize = 128;
    /// The largest `quantity`.
    pub const MAX_QUANTITY: u32 = 1_000_000;

    /// The same order in another state, changed at that time.
    #[must_use]
    pub fn into_status(self, status: OrderStatus, at: Timestamp) -> Self {
        Self { status, updated_at: at, ..self }
    }
}
