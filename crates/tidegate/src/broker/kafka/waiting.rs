//! Waits, for threads that may block.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a question to the cluster may take.
pub(super) const QUESTION: Duration = Duration::from_secs(10);

/// Between two tries of a question that the cluster cannot answer yet.
const PAUSE: Duration = Duration::from_millis(50);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future without a runtime: the client's administrative calls need none.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Asks until the answer is not "not yet", or the time for a question is over; then the last answer.
pub(super) fn until<T, E>(
    not_yet: impl Fn(&E) -> bool,
    mut ask: impl FnMut(Duration) -> Result<T, E>,
) -> Result<T, E> {
    let deadline = Instant::now() + QUESTION;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match ask(left) {
            Err(error) if not_yet(&error) && left > PAUSE => thread::sleep(PAUSE),
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_future_that_is_woken_from_another_thread_is_waited_for() {
        let (answer, future) = tokio::sync::oneshot::channel();
        let other = thread::spawn(move || answer.send(7).unwrap());
        assert_eq!(wait(future), Ok(7));
        other.join().unwrap();
    }

    #[test]
    fn only_not_yet_is_asked_again() {
        let mut answers = [Err("not yet"), Err("not yet"), Ok(1), Err("no")].into_iter();
        let mut ask = |_| answers.next().unwrap();
        assert_eq!(until(|e| *e == "not yet", &mut ask), Ok(1));
        assert_eq!(until(|e| *e == "not yet", &mut ask), Err("no"));
    }
}
