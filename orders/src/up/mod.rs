//! The processes of the system: `orders up` runs all services in one; `producer`, `consumer`, `replay` and `gateway`
//! run one each. All are put together from the same parts.
//!
//! ```text
//!  bind ports ─▶ open log ─▶ topics ─▶ ledger ─▶ read model ─▶ serve ... signal
//!  signal ─▶ /ready says draining ─┬─ consumer drains (3 s) ─▶ its port ────┬─▶ gateway ─▶ audit (0.5 s) ─▶ log closes
//!                                  └─ 1 s ─▶ ports of producer and replay ─┘
//! ```
//!
//! Everything that can be refused is refused before the first service answers. The end takes less than 5 s.

mod error;
mod process;
mod running;
mod services;
mod serving;
mod signals;
mod table;

use tidegate::service::Signals;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::log::Log;

pub use error::UpError;
pub use process::Process;
use services::Services;
use serving::Listeners;
use signals::attend;

/// Runs a process's services until Ctrl-C or SIGTERM; a second one ends at once.
///
/// # Errors
/// [`UpError`]: before anything answers, or when the consumer cannot go on.
pub async fn run(config: &Config, process: Process) -> Result<(), UpError> {
    process.check(config)?;
    let signals = Signals::listen().map_err(UpError::Signals)?;
    let stop = CancellationToken::new();
    attend(signals, Box::pin(on_ports(config, process, stop.clone())), &stop).await
}

async fn on_ports(
    config: &Config,
    process: Process,
    stop: CancellationToken,
) -> Result<(), UpError> {
    let listeners = Listeners::bind(&config.http, process)?;
    let Some(publishers) = process.publishers() else {
        return started(config, process, None, listeners, stop).await;
    };
    let log = Log::open(config, process.name(), publishers);
    let log = log.map_err(|error| UpError::log(config, error))?;
    let result = started(config, process, Some(&log), listeners, stop).await;
    log.close().await;
    result
}

async fn started(
    config: &Config,
    process: Process,
    log: Option<&Log>,
    listeners: Listeners,
    stop: CancellationToken,
) -> Result<(), UpError> {
    let build = Box::pin(Services::build(config, process, log));
    // A cluster may let a start wait; an end that is asked for meanwhile does not.
    let Some(services) = stop.run_until_cancelled(build).await else { return Ok(()) };
    running::serve(config, process, services?, listeners, stop).await
}
