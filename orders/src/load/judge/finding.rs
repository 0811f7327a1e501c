//! What the judgement can find, and how it names the order.

use std::fmt;

use super::super::plan::Kind;
use crate::order::OrderStatus;

/// What is wrong with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Accepted, and nowhere to be found.
    Lost,
    /// No final state when the settle time was over.
    Unfinished(OrderStatus),
    /// Ended in another state than its kind calls for.
    WrongState(OrderStatus),
    /// Completed, but never charged.
    NotCharged,
    /// Charged this many times.
    Repeated(u32),
    /// One request, or a refused one, and yet another order.
    Twin,
    /// In the read model, but nobody asked for it.
    NotRequested,
    /// A valid order that the service refused, and what it said.
    Refused(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => write!(f, "lost: accepted, but not in the read model"),
            Self::Unfinished(state) => write!(f, "lost: still {state}, no final state"),
            Self::WrongState(state) => write!(f, "wrong final state: {state}"),
            Self::NotCharged => write!(f, "lost effect: completed, but never charged"),
            Self::Repeated(times) => write!(f, "repeated: charged {times} times"),
            Self::Twin => write!(f, "repeated: an order more than was accepted"),
            Self::NotRequested => write!(f, "in the read model, but never requested"),
            Self::Refused(said) => write!(f, "a valid order was refused: {said}"),
        }
    }
}

impl Fault {
    /// Whether an accepted order or its effect is missing.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Lost | Self::Unfinished(_) | Self::NotCharged)
    }

    /// Whether something happened more than once.
    #[must_use]
    pub fn is_repeat(&self) -> bool {
        matches!(self, Self::Repeated(_) | Self::Twin)
    }
}

/// One fault of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The request's place in the run.
    pub seq: u32,
    /// The order's id, when it is known.
    pub order_id: Option<String>,
    /// What it was made to do, when it was requested.
    pub kind: Option<Kind>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order_id = self.order_id.as_deref().unwrap_or("without id");
        write!(f, "order {order_id} (request {}", self.seq)?;
        if let Some(kind) = self.kind {
            write!(f, ", {}", kind.product_id())?;
        }
        write!(f, "): {}", self.fault)
    }
}
