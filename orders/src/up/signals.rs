//! Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use super::UpError;

/// Both signals, listened for from the moment it is made.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can ask: run on.
            std::future::pending::<()>().await;
        }
    }

    /// Runs to the end; asks for it at the first signal, drops everything at the second.
    pub(super) async fn attend(
        mut self,
        mut running: Pin<Box<impl Future<Output = Result<(), UpError>>>>,
        stop: &CancellationToken,
    ) -> Result<(), UpError> {
        tokio::select! {
            biased;
            () = self.next() => {}
            ended = &mut running => return ended,
        }
        tracing::info!("ending: a second signal ends at once");
        stop.cancel();
        tokio::select! {
            biased;
            () = self.next() => Err(UpError::Interrupted),
            ended = &mut running => ended,
        }
    }
}
