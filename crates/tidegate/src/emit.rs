//! Events that a handler emits: published as part of settling its record.

use crate::event::Stamp;
use crate::message::NewRecord;

/// Events to be published when the handler's record settles, in order.
#[derive(Debug, Default)]
pub struct Emits(Vec<Box<dyn Emittable>>);

/// One event that can be encoded once its identity is known.
pub(crate) trait Emittable: Send + std::fmt::Debug {
    fn encode(self: Box<Self>, stamp: &Stamp) -> Result<NewRecord, String>;
}

impl Emits {
    /// Nothing.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is emitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
