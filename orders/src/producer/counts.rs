//! Orders, counted by what became of them at the edge.

use std::fmt;

use axum::http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::Counter;
use tidegate::broker;
use tidegate::publisher::PublishError;

use crate::metrics::{names, write};

/// Why an order was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request itself: no JSON, a header that is not taken, cut off. How many orders it held is not known: it is one.
    Malformed,
    /// The order breaks a rule.
    Invalid,
    /// The request, or the record that it would become.
    TooLarge,
    /// The broker has not taken it: it is certainly not in the log.
    Unavailable,
    /// The broker has not confirmed it: it may be in the log.
    Unconfirmed,
}

impl Refusal {
    const ALL: [Self; 5] =
        [Self::Malformed, Self::Invalid, Self::TooLarge, Self::Unavailable, Self::Unconfirmed];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Why a request was refused before there was an order in it.
    pub(super) const fn of_request(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Malformed,
        }
    }

    /// Why an order did not get into the log.
    pub(super) fn of_publishing(error: &PublishError) -> Self {
        match error {
            PublishError::Broker(broker::PublishError::TooLarge { .. }) => Self::TooLarge,
            error if error.is_unknown() => Self::Unconfirmed,
            _ => Self::Unavailable,
        }
    }
}

/// Orders since the start. Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    accepted: Counter,
    refused: [Counter; Refusal::ALL.len()],
}

impl Counts {
    pub(super) fn accepted(&self) {
        self.accepted.inc();
    }

    pub(super) fn refused(&self, why: Refusal, orders: usize) {
        self.refused[why as usize].inc_by(orders as u64);
    }
}

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        write(&mut encoder, &names::ACCEPTED, [([], self.accepted.clone())])?;
        let refused = |why: Refusal| ([why.as_str()], self.refused[why as usize].clone());
        write(&mut encoder, &names::REFUSED, Refusal::ALL.map(refused))
    }
}
