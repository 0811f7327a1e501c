//! SIGTERM and SIGINT: the first asks for a drain, the second for an end.

use std::io;

use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::error::Error;

/// Both signals, listened for from the moment it is made: for programs that run a service beside other things, with
/// [`run_until`](crate::service::Service::run_until). [`run`](crate::service::Service::run) listens by itself.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Listens from now on. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// When the operating system takes no handler.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Listens from now on.
    ///
    /// # Errors
    /// None on this platform.
    #[cfg(not(unix))]
    pub fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next signal. Cancel safe.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The next signal.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await; // nobody can ask: run on
        }
    }
}

/// Runs what drains once its argument resolves, at the first signal; the second one ends it at once.
///
/// # Errors
/// Those of `run`; [`Error::Signals`], and [`Error::Interrupted`].
pub(super) async fn until_signals<F>(
    run: impl FnOnce(WaitForCancellationFutureOwned) -> F,
) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let mut signals = Signals::listen().map_err(Error::Signals)?;
    let asked = CancellationToken::new();
    let run = Box::pin(run(asked.clone().cancelled_owned()));
    let second = async {
        signals.next().await;
        tracing::info!("signal received: draining; a second one stops at once");
        asked.cancel();
        signals.next().await;
    };
    tokio::select! {
        biased;
        () = second => Err(Error::Interrupted),
        ended = run => ended,
    }
}
