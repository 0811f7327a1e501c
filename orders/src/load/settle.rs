//! Waits for the end of the work: how long is a question of what moves, not of how much there is.
//!
//! ```text
//!  lag 900  600  300  300  300  300 ...   0    orders: all final
//!      |----|----|----|                   |--> returned
//!      patience begins anew   `- counts here, and ends the wait when it is spent
//! ```

use std::time::Duration;

use tokio::time::Instant;

use super::client::ClientError;
use super::judge::{Projected, is_final};
use super::progress::Progress;

const POLL: Duration = Duration::from_millis(500);

/// Lag and records in flight; `None`: nothing.
pub(super) type Work = Option<(u64, u64)>;

/// What is asked again and again.
pub(super) trait Watched {
    /// What the consumer has still to do: lag and records in flight; `None` when it has handled all that is in the log.
    /// A second copy of a record counts too: it must have had its chance to charge again.
    async fn work(&self) -> Result<Work, ClientError>;

    /// The run's orders in the read model.
    async fn orders(&self) -> Result<Vec<Projected>, ClientError>;
}

/// Waits until the consumer has nothing left to do, `accepted` orders are there, and all orders of the run are final;
/// gives up when nothing has moved for `patience`. Returns the orders as they stood last.
///
/// The lag is asked for, and only then the orders: reading 20,000 of them again and again would slow the work down.
pub(super) async fn settled(
    watched: &impl Watched,
    accepted: usize,
    patience: Duration,
    progress: &mut Progress,
) -> Result<Vec<Projected>, ClientError> {
    let (mut deadline, mut last) = (Instant::now() + patience, None);
    loop {
        let work = watched.work().await?;
        if last != Some(work) {
            (deadline, last) = (Instant::now() + patience, Some(work));
        }
        let expired = Instant::now() > deadline;
        if work.is_none() || expired {
            let orders = watched.orders().await?;
            let done = orders.iter().filter(|order| is_final(order.status)).count();
            progress.at(done as u64);
            if expired || done == orders.len() && done >= accepted {
                return Ok(orders);
            }
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::order::OrderStatus;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// A consumer with a lag that goes down by one every three seconds, as far as `stuck_at`.
    struct Slow {
        begun: Instant,
        lag: u64,
        stuck_at: u64,
        read: Cell<u32>,
    }

    impl Slow {
        fn new(lag: u64, stuck_at: u64) -> Self {
            Self { begun: Instant::now(), lag, stuck_at, read: Cell::new(0) }
        }

        fn left(&self) -> u64 {
            self.lag.saturating_sub(self.begun.elapsed().as_secs() / 3).max(self.stuck_at)
        }
    }

    impl Watched for Slow {
        async fn work(&self) -> Result<Work, ClientError> {
            Ok(Some((self.left(), 0)).filter(|work| *work != (0, 0)))
        }

        async fn orders(&self) -> Result<Vec<Projected>, ClientError> {
            self.read.set(self.read.get() + 1);
            let order = |seq| Projected {
                order_id: format!("o-{seq}"),
                customer_id: "c".into(),
                seq,
                status: OrderStatus::Completed,
            };
            Ok((0..(self.lag - self.left()) as u32).map(order).collect())
        }
    }

    async fn settle(slow: &Slow) -> (usize, Duration) {
        let mut progress = Progress::new("final", slow.lag);
        let orders = settled(slow, slow.lag as usize, PATIENCE, &mut progress).await.unwrap();
        (orders.len(), slow.begun.elapsed())
    }

    /// Ten times the patience, counted from the end of sending.
    #[tokio::test(start_paused = true)]
    async fn patience_does_not_count_while_the_lag_goes_down() {
        let slow = Slow::new(34, 0);
        let (orders, took) = settle(&slow).await;
        assert_eq!(orders, 34);
        assert!(took >= Duration::from_secs(100), "{took:?}");
        assert_eq!(slow.read.get(), 1, "the orders are read when there is nothing left to do");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_when_nothing_moves_any_more() {
        let slow = Slow::new(34, 30);
        let (orders, took) = settle(&slow).await;
        assert_eq!(orders, 4, "as they stood last");
        let moved = Duration::from_secs(12);
        assert!(took > moved + PATIENCE && took <= moved + PATIENCE + 2 * POLL, "{took:?}");
    }

    /// Accepted, but never projected: the log is empty, and the orders do not come.
    #[tokio::test(start_paused = true)]
    async fn patience_ends_when_there_is_no_work_and_orders_are_missing() {
        let slow = Slow::new(0, 0);
        let mut progress = Progress::new("final", 1);
        let orders = settled(&slow, 1, PATIENCE, &mut progress).await.unwrap();
        assert!(orders.is_empty());
        assert!(slow.begun.elapsed() > PATIENCE);
    }
}
