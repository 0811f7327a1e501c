//! What `/ready` must keep: an answer within five seconds, and the state that things are in since five seconds ago.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Answer, Http};

/// Within so long `/ready` answers, and shows what has happened.
pub(crate) const CONTRACT: Duration = Duration::from_secs(5);

impl Answer {
    /// A check of `/ready`.
    pub(crate) fn check(&self, name: &str) -> &Value {
        let checks = self.data()["checks"].as_array().unwrap_or_else(|| panic!("{}", self.body));
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name}: {}", self.body))
    }

    /// Whether it is not ready, and this check is among the reasons.
    pub(crate) fn fails(&self, name: &str) -> bool {
        self.status == 503 && self.check(name)["ok"] == false
    }
}

/// Asks `/ready` until the answer is as it should be.
///
/// # Panics
/// When it is not within [`CONTRACT`], or an answer takes longer than that.
pub(crate) async fn within_contract(
    what: &str,
    service: &Http,
    is: impl Fn(&Answer) -> bool,
) -> Answer {
    let deadline = Instant::now() + CONTRACT;
    loop {
        let request = service.request("GET", "/ready").timeout(CONTRACT);
        let answer = service.try_send(request).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer within {CONTRACT:?}: {what}"));
        if is(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {CONTRACT:?}: {what}: {}", answer.body);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
