//! What `GET /ready` looks at: would a charge be performed now?

use std::sync::Arc;

use super::Gateway;
use crate::http::Check;

/// Not ready while it plays dead, or its ledger cannot be written. A disk that was full is tried again: nobody may send
/// charges to a gateway that is not ready, so that none of them would find out.
pub(super) async fn checks(gateway: Arc<Gateway>, draining: bool) -> Vec<Check> {
    if draining {
        return Vec::new();
    }
    let plays_dead = gateway.moods.now().down.then(|| "is down".to_owned());
    let mood = Check::new("gateway", "gateway", plays_dead.into_iter().collect());
    vec![mood, Check::ask("ledger", "ledger", gateway.ledger.check()).await]
}
