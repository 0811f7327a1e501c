//! The handle that users hold.

use std::ops::Deref;
use std::sync::Arc;

use crate::broker::BrokerDriver;

/// A broker, whichever it is. Cheap to clone; all clones are the same broker.
///
/// Derefs to the contract, [`BrokerDriver`].
#[derive(Debug, Clone)]
pub struct Broker {
    driver: Arc<dyn BrokerDriver>,
    /// Which metrics count its publishing; 0: none.
    #[cfg(feature = "metrics")]
    counted_by: u64,
}

impl Broker {
    /// Wraps an implementation of the contract.
    pub fn new(driver: impl BrokerDriver) -> Self {
        Self {
            driver: Arc::new(driver),
            #[cfg(feature = "metrics")]
            counted_by: 0,
        }
    }

    /// Notes whose metrics count what is published.
    #[cfg(feature = "metrics")]
    pub(crate) fn counted_by(self, counter: u64) -> Self {
        Self { counted_by: counter, ..self }
    }

    #[cfg(feature = "metrics")]
    pub(crate) fn is_counted_by(&self, counter: u64) -> bool {
        self.counted_by == counter
    }

    /// As long as somebody else has it.
    #[cfg(feature = "metrics")]
    pub(crate) fn weak(&self) -> std::sync::Weak<dyn BrokerDriver> {
        Arc::downgrade(&self.driver)
    }
}

impl Deref for Broker {
    type Target = dyn BrokerDriver;
    fn deref(&self) -> &Self::Target {
        self.driver.as_ref()
    }
}
