//! What `/ready` must keep: an answer within five seconds, and the state that things are in since five seconds ago.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use super::{Answer, Http, POLL};

/// Within so long `/ready` answers, and shows what has happened.
pub(crate) const CONTRACT: Duration = Duration::from_secs(5);

impl Answer {
    /// A check of `/ready`.
    pub(crate) fn check(&self, name: &str) -> &Value {
        let checks = self.data()["checks"].as_array().unwrap_or_else(|| panic!("{}", self.body));
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("no check {name}: {}", self.body))
    }

    /// Whether the service is ready.
    pub(crate) fn is_ready(&self) -> bool {
        self.status == 200
    }

    /// Whether it is not ready, and this check is among the reasons.
    pub(crate) fn fails(&self, name: &str) -> bool {
        self.status == 503 && self.check(name)["ok"] == false
    }
}

/// Asks `/ready` of each of these, all side by side, until its answer is as it should be.
///
/// # Panics
/// When one is not within the limit, or an answer takes longer than [`CONTRACT`]: with what each service said last.
pub(crate) async fn within<const N: usize>(
    limit: Duration,
    what: &str,
    services: [&Http; N],
    is: impl Fn(&Answer) -> bool,
) -> [Answer; N] {
    let deadline = Instant::now() + limit;
    let asked = services.map(|service| until(deadline, service, &is));
    let told = join_all(asked).await;
    let line = |(service, told): (&Http, &Result<Answer, String>)| match told {
        Ok(answer) => format!("{service}: as it should be: {}", answer.body),
        Err(last) => format!("{service}: not as it should be: {last}"),
    };
    if told.iter().any(Result::is_err) {
        let lines: Vec<_> = services.into_iter().zip(&told).map(line).collect();
        panic!("not within {limit:?}: {what}\n{}", lines.join("\n"));
    }
    let mut answers = told.into_iter().flatten();
    std::array::from_fn(|_| answers.next().expect("one of each"))
}

/// The answer that is as it should be, else what was said last.
async fn until(
    deadline: Instant,
    service: &Http,
    is: impl Fn(&Answer) -> bool,
) -> Result<Answer, String> {
    let mut last = "nothing".to_owned();
    loop {
        let request = service.request("GET", "/ready").timeout(CONTRACT);
        let Some(answer) = service.try_send(request).await else {
            return Err(format!("no answer, or none within {CONTRACT:?}; before that: {last}"));
        };
        if is(&answer) {
            return Ok(answer);
        }
        last = answer.body.to_string();
        if Instant::now() >= deadline {
            return Err(last);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// As [`within`] of one service, and [`CONTRACT`].
pub(crate) async fn within_contract(
    what: &str,
    service: &Http,
    is: impl Fn(&Answer) -> bool,
) -> Answer {
    let [answer] = within(CONTRACT, what, [service], is).await;
    answer
}
