//! Reads what became of a run: the read model's orders, the gateway's ledger.
//!
//! Page by page, because one request per order would cost more than the orders
//! did. The ledger is read after the orders: a charge is in it before its order
//! is final.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

use super::client::{Client, ClientError, Services};
use super::judge::{Charges, Projected, is_final};
use super::plan::customers;
use super::progress::Progress;
use crate::order::OrderStatus;

/// The most that the list gives at once.
const PAGE: u32 = 200;
const POLL: Duration = Duration::from_millis(500);

#[derive(Deserialize)]
struct OrdersPage {
    orders: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    order: Fields,
}

#[derive(Deserialize)]
struct Fields {
    id: String,
    status: OrderStatus,
    customer_id: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct EffectsPage {
    effects: Vec<Effect>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Effect {
    order_id: String,
}

#[derive(Deserialize)]
struct Metrics {
    total_lag: u64,
    in_flight: u64,
}

impl From<Item> for Projected {
    fn from(Item { order }: Item) -> Self {
        Self {
            order_id: order.id,
            customer_id: order.customer_id,
            seq: order.quantity,
            status: order.status,
        }
    }
}

/// Lag and records in flight; `None`: nothing.
type Work = Option<(u64, u64)>;

/// Reads the evidence of one run.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) services: &'a Services,
    pub(crate) run: &'a str,
    pub(crate) keys: u32,
}

impl Reader<'_> {
    /// Waits until the consumer has nothing left to do, `accepted` orders are there, and all orders of the run are final;
    /// gives up when nothing has moved for `patience`. Returns the orders as they stood last.
    ///
    /// The lag is asked for, and only then the orders: reading 20,000 of them again and again would slow the work down.
    pub(crate) async fn settled(
        &self,
        accepted: usize,
        patience: Duration,
        progress: &mut Progress,
    ) -> Result<Vec<Projected>, ClientError> {
        let (mut deadline, mut last) = (Instant::now() + patience, None);
        loop {
            let work = self.work().await?;
            if last != Some(work) {
                (deadline, last) = (Instant::now() + patience, Some(work));
            }
            let expired = Instant::now() > deadline;
            if work.is_none() || expired {
                let orders = self.orders().await?;
                let done = orders.iter().filter(|order| is_final(order.status)).count();
                progress.at(done as u64);
                if expired || done == orders.len() && done >= accepted {
                    return Ok(orders);
                }
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What the consumer has still to do: lag and records in flight; `None` when it has handled all that is in the log.
    /// A second copy of a record counts too: it must have had its chance to charge again.
    async fn work(&self) -> Result<Work, ClientError> {
        let url = format!("{}/api/v1/metrics", self.services.consumer);
        let metrics: Metrics = self.client.get(&url).await?;
        let work = (metrics.total_lag, metrics.in_flight);
        Ok(Some(work).filter(|work| *work != (0, 0)))
    }

    async fn orders(&self) -> Result<Vec<Projected>, ClientError> {
        let mut orders = Vec::new();
        for customer in customers(self.run, self.keys) {
            let base = format!(
                "{}/api/v1/orders?customer_id={customer}&limit={PAGE}",
                self.services.producer
            );
            let mut cursor = None;
            loop {
                let page: OrdersPage = self.client.get(&page_url(&base, '&', cursor)).await?;
                orders.extend(page.orders.into_iter().map(Projected::from));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(orders)
    }

    /// The whole ledger of the gateway, counted per order.
    pub(crate) async fn charges(&self) -> Result<Charges, ClientError> {
        let base = format!("{}/api/v1/effects", self.services.gateway);
        let mut charges = Charges::new();
        let mut cursor = None;
        loop {
            let page: EffectsPage = self.client.get(&page_url(&base, '?', cursor)).await?;
            for effect in page.effects {
                *charges.entry(effect.order_id).or_default() += 1;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return Ok(charges);
            }
        }
    }
}

fn page_url(base: &str, separator: char, cursor: Option<String>) -> String {
    match cursor {
        Some(cursor) => format!("{base}{separator}cursor={cursor}"),
        None => base.to_owned(),
    }
}
