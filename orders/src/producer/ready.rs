//! What `GET /ready` looks at: can orders be published now?

use std::sync::Arc;

use super::Producer;
use crate::http::Check;

/// Asks each time, all at once. Orders are taken without a read model: it is shown, and does not count.
pub(super) async fn checks(app: Arc<Producer>, draining: bool) -> Vec<Check> {
    if draining {
        return Vec::new();
    }
    let model = Check::ask("model", "read model", app.reader.health());
    let ((broker, topic), model) = tokio::join!(app.outlet.log(), model);
    let mut checks = vec![broker];
    checks.extend(topic);
    checks.extend([app.outlet.underway(), model.not_required()]);
    checks
}
