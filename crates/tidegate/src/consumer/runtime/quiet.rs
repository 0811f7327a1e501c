//! When virtual time may move: nothing runs, settles or commits, and nothing more can be delivered.

use std::time::Duration;

use crate::consumer::runtime::driver::Driver;
#[cfg(feature = "testing")]
use crate::consumer::runtime::followers::AGAIN;

impl Driver {
    /// Resolves with the next deadline when nothing but time can change anything; never on the machine's clock.
    #[cfg(feature = "testing")]
    pub(super) fn quiet(
        &self,
        deadline: Option<Duration>,
    ) -> impl Future<Output = Duration> + use<> {
        use crate::clock::Clock;
        let asks = self.commit.is_some() || self.positioning.is_some();
        let reads = !self.companions.idle() || self.held.restores();
        let idle = self.tasks.is_empty() && self.lanes.idle() && !asks && !reads;
        // Who could not read or strike tries again then.
        let again = self.held.is_unread().then(|| self.shop.clock.elapsed() + AGAIN);
        let deadline = deadline.into_iter().chain(again).min();
        let next = match (&self.shop.clock, deadline) {
            (Clock::Virtual(clock), Some(at)) if idle => Some((clock.clone(), at)),
            _ => None,
        };
        let open = next.as_ref().map(|_| self.held.open_positions());
        let broker = self.shop.broker.clone();
        async move {
            let Some((clock, at)) = next else { return std::future::pending().await };
            clock.flowing().await;
            for (partition, next) in open.into_iter().flatten() {
                // Something is on its way: it comes as an event, and this is asked anew.
                match broker.watermarks(partition).await {
                    Ok(bounds) if bounds.end <= next => {}
                    _ => return std::future::pending().await,
                }
            }
            at
        }
    }

    /// Without `TestService` there is no virtual time.
    #[cfg(not(feature = "testing"))]
    pub(super) fn quiet(&self, _: Option<Duration>) -> std::future::Pending<Duration> {
        std::future::pending()
    }
}
