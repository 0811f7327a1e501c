//! SIGTERM and SIGINT: the first asks for a drain, the second for an end.

use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Both signals, listened for from the moment it is made.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub(super) fn listen() -> Result<Self, Error> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(Error::Signals)?,
            interrupt: signal(SignalKind::interrupt()).map_err(Error::Signals)?,
        })
    }

    #[cfg(not(unix))]
    pub(super) fn listen() -> Result<Self, Error> {
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
            std::future::pending::<()>().await; // nobody can ask: run on
        }
    }

    /// Resolves at the first signal, and at the second. The second future also carries the first: drive both.
    pub(super) fn split(
        mut self,
    ) -> (impl Future<Output = ()> + Send + 'static, impl Future<Output = ()>) {
        let asked = CancellationToken::new();
        let first = asked.clone().cancelled_owned();
        let second = async move {
            self.next().await;
            tracing::info!("signal received: draining; a second one stops at once");
            asked.cancel();
            self.next().await;
        };
        (first, second)
    }
}
