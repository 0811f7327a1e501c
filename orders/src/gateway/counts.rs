//! Charges since the start. The ledger's own numbers go on over restarts, and may then stand a little lower than they
//! did: a counter must not.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::Counter;

use crate::metrics::{names, write};

/// Clones share the numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    pub(super) requested: Counter,
    pub(super) performed: Counter,
}

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let kinds = [("requested", &self.requested), ("performed", &self.performed)];
        write(&mut encoder, &names::CHARGES, kinds.map(|(kind, count)| ([kind], count.clone())))
    }
}
