//! Orders that this process has accepted and that may not be projected yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::order::{Order, OrderId};

/// How many are remembered; the oldest are forgotten first. About 40 MB at most.
const CAPACITY: usize = 100_000;

/// The last accepted orders, by id. After a restart it is empty: the log has the orders, and the consumer projects them.
#[derive(Debug)]
pub(super) struct Pending {
    orders: Mutex<Orders>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Orders {
    by_id: HashMap<Uuid, Arc<Order>>,
    by_age: VecDeque<Uuid>,
}

impl Default for Pending {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Pending {
    fn with_capacity(capacity: usize) -> Self {
        Self { orders: Mutex::default(), capacity }
    }

    /// Remembers an accepted order.
    pub(super) fn insert(&self, order: Order) {
        let Some(id) = uuid(&order.id) else { return };
        let order = Arc::new(order);
        let mut orders = self.lock();
        let oldest = match orders.by_age.len() == self.capacity {
            true => orders.by_age.pop_front(),
            false => None,
        };
        let forgotten = oldest.and_then(|oldest| orders.by_id.remove(&oldest));
        orders.by_age.push_back(id);
        orders.by_id.insert(id, order);
        drop(orders);
        // It is freed when others can go on already.
        drop(forgotten);
    }

    /// An order that was accepted here, as it was accepted.
    pub(super) fn get(&self, id: &OrderId) -> Option<Arc<Order>> {
        let order = self.lock().by_id.get(&uuid(id)?).cloned();
        // A UUID can be spelled in more than one way, an id cannot.
        order.filter(|order| order.id == *id)
    }

    /// Both lists change together and no code in between can panic: they are whole even if a holder panicked.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every id that is made here is a UUID: as such it takes no memory of its own.
fn uuid(id: &OrderId) -> Option<Uuid> {
    Uuid::parse_str(id.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::OrderStatus;
    use jiff::Timestamp;

    fn order(id: &str) -> Order {
        Order {
            id: OrderId::new(id),
            customer_id: "c".into(),
            product_id: "p".into(),
            quantity: 1,
            price: "1".parse().unwrap(),
            status: OrderStatus::Pending,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn it_stays_bounded_and_forgets_the_oldest() {
        let pending = Pending::with_capacity(2);
        let ids = [1, 2, 3].map(|number| Uuid::from_u128(number).to_string());
        for id in &ids {
            pending.insert(order(id));
        }
        let known = ids.map(|id| pending.get(&OrderId::new(id)).is_some());
        assert_eq!(known, [false, true, true]);
        assert_eq!(pending.lock().by_id.len(), 2);
    }
    #[test]
    fn another_spelling_is_another_id() {
        let pending = Pending::with_capacity(2);
        let id = Uuid::from_u128(0xabc).to_string();
        pending.insert(order(&id));
        assert!(pending.get(&OrderId::new(&id)).is_some());
        assert!(pending.get(&OrderId::new(id.to_uppercase())).is_none());
        assert!(pending.get(&OrderId::new("abc")).is_none());
    }
}
