//! Orders that this process has accepted and that may not be projected yet.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    by_id: HashMap<OrderId, Arc<Order>>,
    by_age: VecDeque<OrderId>,
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
        let mut orders = self.lock();
        if orders.by_age.len() == self.capacity
            && let Some(oldest) = orders.by_age.pop_front()
        {
            orders.by_id.remove(&oldest);
        }
        orders.by_age.push_back(order.id.clone());
        orders.by_id.insert(order.id.clone(), Arc::new(order));
    }

    /// An order that was accepted here, as it was accepted.
    pub(super) fn get(&self, id: &OrderId) -> Option<Arc<Order>> {
        self.lock().by_id.get(id).cloned()
    }

    /// Both lists change together and no code in between can panic: they are whole even if a holder panicked.
    fn lock(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        for id in ["a", "b", "c"] {
            pending.insert(order(id));
        }
        let known = ["a", "b", "c"].map(|id| pending.get(&OrderId::new(id)).is_some());
        assert_eq!(known, [false, true, true]);
        assert_eq!(pending.lock().by_id.len(), 2);
    }
}
