//! Whoever takes the money: the gateway over HTTP, or a script in a test.

use std::fmt;

use tidegate::broker::BoxFuture;
use tidegate::event::EventId;

use crate::gateway::client::{ChargeError, GatewayClient};
use crate::order::Order;

/// Charges orders.
pub trait Payments: fmt::Debug + Send + Sync + 'static {
    /// Charges the order's price, once per event id however often it is asked (rule 27). `Ok`: it is charged.
    fn charge<'a>(
        &'a self,
        event_id: &'a EventId,
        correlation_id: &'a str,
        order: &'a Order,
        attempt: u32,
    ) -> BoxFuture<'a, Result<(), ChargeError>>;
}

impl Payments for GatewayClient {
    fn charge<'a>(
        &'a self,
        event_id: &'a EventId,
        correlation_id: &'a str,
        order: &'a Order,
        attempt: u32,
    ) -> BoxFuture<'a, Result<(), ChargeError>> {
        Box::pin(
            async move { self.charge(event_id, correlation_id, order, attempt).await.map(drop) },
        )
    }
}
