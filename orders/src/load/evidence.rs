//! Reads what became of a run: the read model's orders, the gateway's ledger.
//!
//! Page by page, because one request per order would cost more than the orders
//! did. The ledger is read after the orders: a charge is in it before its order
//! is final.

use serde::Deserialize;

use super::client::{Client, ClientError, Services};
use super::judge::{Charges, Projected};
use super::plan::customers;
use super::settle::{Watched, Work};
use crate::order::OrderStatus;

/// The most that the list gives at once.
const PAGE: u32 = 200;

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

/// Reads the evidence of one run.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) services: &'a Services,
    pub(crate) run: &'a str,
    pub(crate) keys: u32,
}

impl Watched for Reader<'_> {
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
}

impl Reader<'_> {
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
