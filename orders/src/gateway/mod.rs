//! The simulated payment provider, and the ledger of effects.
//!
//! ```text
//!  POST charges ─▶ mood (down, busy) ─▶ ledger thread ─▶ known key? ─ yes ─▶ the same receipt
//!                                                              └─ no ──▶ append, fsync ─▶ a new receipt
//! ```
//!
//! The ledger is append-only and has no unique constraint: a charge that is performed twice is in it twice, so that
//! `orders load` can find out. One thread owns it: charges with the same key are served one after the other, and a
//! client that goes away takes nothing with it.

mod charges;
pub mod client;
mod counts;
mod effect;
mod effects;
mod journal;
mod ledger;
mod mood;
mod ready;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use crate::audit::Audit;
use crate::http;
use crate::metrics::Exposition;
pub use effect::Effect;
pub use journal::JournalError;
use ledger::Ledger;
use mood::Moods;

/// The payment provider.
#[derive(Debug)]
pub struct Gateway {
    ledger: Ledger,
    moods: Arc<Moods>,
    audit: Audit,
}

impl Gateway {
    /// Opens the ledger in `folder`, which is made if need be; all keys of earlier runs are known again.
    /// `forgetful`: idempotency keys are ignored.
    ///
    /// # Errors
    /// When the ledger cannot be used: another process has it, it is damaged, the folder cannot be written.
    pub fn open(folder: &Path, forgetful: bool) -> Result<Self, JournalError> {
        let moods = Arc::new(Moods::new(forgetful));
        Ok(Self { ledger: Ledger::open(folder)?, moods, audit: Audit::of("gateway", None) })
    }

    /// Changes of its behaviour are written down there; without it in the log alone.
    #[must_use]
    pub fn audited(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// What it shows at `/metrics`.
    #[must_use]
    pub fn exposition(&self) -> Exposition {
        Exposition::of("gateway").with(self.ledger.counts())
    }

    /// The routes, without what all services share ([`http::service`]).
    pub fn routes(self) -> Router {
        let gateway = Arc::new(self);
        let asked = gateway.clone();
        Router::new()
            .route("/api/v1/charges", post(charges::create))
            .route("/api/v1/gateway", put(mood::set))
            .route("/api/v1/effects", get(effects::list))
            .route("/api/v1/effects/stats", get(effects::stats))
            .with_state(gateway)
            .merge(http::readiness(move |draining| ready::checks(asked.clone(), draining)))
    }
}

#[cfg(test)]
mod tests;
