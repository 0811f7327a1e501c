//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use std::pin::Pin;

use tidegate::service::Signals;
use tokio_util::sync::CancellationToken;

use super::UpError;

/// Runs to the end; asks for it at the first signal, drops everything at the second.
pub(super) async fn attend(
    mut signals: Signals,
    mut running: Pin<Box<impl Future<Output = Result<(), UpError>>>>,
    stop: &CancellationToken,
) -> Result<(), UpError> {
    tokio::select! {
        biased;
        () = signals.next() => {}
        ended = &mut running => return ended,
    }
    tracing::info!("ending: a second signal ends at once");
    stop.cancel();
    tokio::select! {
        biased;
        () = signals.next() => Err(UpError::Interrupted),
        ended = &mut running => ended,
    }
}
