//! Starts the real program, asks it, and ends it.

mod http;
mod ports;
mod program;
mod questions;
mod ready;
mod setup;
mod waiting;

pub(crate) use http::{Answer, Http, raw};
pub(crate) use program::{Ended, Program};
pub(crate) use questions::Placed;
pub(crate) use ready::{CONTRACT, within, within_contract};
pub(crate) use setup::Setup;
pub(crate) use waiting::INTERVAL;

use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine; a wait that ends here is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(25);

/// Asks until there is an answer.
///
/// # Panics
/// When there is none for [`PATIENCE`].
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        tokio::time::sleep(POLL).await;
    }
}
