//! Calls the service's own code so that nothing it does can hurt the driver: limited in time, panics caught.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt;

use crate::class::{Cause, Class, Failure};
use crate::clock::Clock;
use crate::outcome::Outcome;
use crate::text;

/// Runs the call to its end, its panic, or its time limit. What was cut off has an unknown effect (rule 18).
pub(super) async fn guarded<F>(clock: &Clock, limit: Duration, call: impl FnOnce() -> F) -> Outcome
where
    F: Future<Output = Outcome> + Unpin,
{
    let mut call = match unpanicked("the handler", call) {
        Ok(call) => call,
        Err(panic) => return Outcome::Failed(panic),
    };
    let caught = AssertUnwindSafe(&mut call).catch_unwind();
    let outcome = tokio::select! {
        biased;
        outcome = caught => outcome
            .unwrap_or_else(|panic| Outcome::Failed(panicked("the handler", panic.as_ref()))),
        () = clock.sleep(limit) => Outcome::Failed(timed_out(limit)),
    };
    // What it held is dropped here, and may panic too: the attempt's end is known by now.
    let _ = unpanicked("the handler", move || drop(call));
    outcome
}

/// Runs code of the service's own types that does not wait: its panic is a failed attempt, and no more (rule 18).
pub(super) fn unpanicked<T>(who: &str, run: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panicked(who, panic.as_ref()))
}

fn timed_out(limit: Duration) -> Failure {
    let message = format!("no answer within {limit:?}: cut off, its effect is unknown");
    Failure { class: Class::Transient, message, cause: Cause::Timeout }
}

fn panicked(who: &str, panic: &(dyn Any + Send)) -> Failure {
    let message = format!("{who} panicked: {}", text::of_panic(panic));
    Failure { class: Class::Transient, message, cause: Cause::Panic }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::Emits;

    const LIMIT: Duration = Duration::from_secs(30);

    async fn failure_of<F: Future<Output = Outcome>>(call: impl FnOnce() -> F) -> Failure {
        match guarded(&Clock::system(), LIMIT, || Box::pin(call())).await {
            Outcome::Failed(failure) => failure,
            other => panic!("expected a failure, got {other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_comes_through() {
        let call = || Box::pin(async { Outcome::Done(Emits::none()) });
        assert!(matches!(guarded(&Clock::system(), LIMIT, call).await, Outcome::Done(_)));
    }

    #[tokio::test]
    async fn rule_18_a_panic_is_transient_and_told_without_data() {
        let failure = failure_of(|| async { panic!("no price for {}", "4111".repeat(4)) }).await;
        assert_eq!((failure.class, failure.cause), (Class::Transient, Cause::Panic));
        assert!(failure.message.starts_with("the handler panicked: "), "{}", failure.message);
        assert!(!failure.message.contains("4111"), "{}", failure.message);
    }

    #[tokio::test]
    async fn a_panic_before_the_first_await_is_caught_too() {
        let failure = failure_of(|| -> std::future::Ready<Outcome> { panic!("early") }).await;
        assert_eq!(failure.cause, Cause::Panic);
    }

    #[tokio::test]
    async fn rule_18_a_call_over_its_time_is_cut_off() {
        let call = std::future::pending::<Outcome>;
        let outcome = guarded(&Clock::system(), Duration::ZERO, call).await;
        let Outcome::Failed(failure) = outcome else { panic!("expected a failure") };
        assert_eq!((failure.class, failure.cause), (Class::Transient, Cause::Timeout));
    }
}
