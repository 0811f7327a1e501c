//! The handle that users hold.

use std::ops::Deref;
use std::sync::Arc;

use crate::broker::BrokerDriver;

/// A broker, whichever it is. Cheap to clone; all clones are the same broker.
///
/// Derefs to the contract, [`BrokerDriver`].
#[derive(Debug, Clone)]
pub struct Broker(Arc<dyn BrokerDriver>);

impl Broker {
    /// Wraps an implementation of the contract.
    pub fn new(driver: impl BrokerDriver) -> Self {
        Self(Arc::new(driver))
    }
}

impl Deref for Broker {
    type Target = dyn BrokerDriver;
    fn deref(&self) -> &Self::Target {
        self.0.as_ref()
    }
}
