//! Testing a service: the runtime's clock is virtual, so that back-off costs no real time.
//!
//! ```sh
//! cargo run --release -p tidegate --features testing --example 06-testing
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use tidegate::prelude::*;
use tidegate::testing::Saw::{Dead, Done, Retried};
use tidegate::testing::TestService;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Job {
    id: String,
    failures: u32,
}
impl Event for Job {
    const TYPE: &'static str = "job";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Finished {
    id: String,
}
impl Event for Finished {
    const TYPE: &'static str = "job.finished";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the machine is busy")]
struct Busy;
impl Classify for Busy {
    fn class(&self) -> Class {
        Class::Transient
    }
}

async fn work(
    Payload(job): Payload<Job>,
    Attempt(attempt): Attempt,
) -> Result<Emit<Finished>, Busy> {
    if attempt <= job.failures {
        Err(Busy)
    } else {
        Ok(Emit::to("finished", Finished { id: job.id }))
    }
}

fn routes() -> Router {
    Topic::json("jobs")
        .on(work)
        .retry(Retry::exponential(hours(1), hours(8)).attempts(3))
        .into_router()
}

#[tokio::main]
async fn main() {
    let t = TestService::new(routes()).await;
    t.publish("jobs", &Job { id: "a".into(), failures: 2 }).await;
    t.publish("jobs", &Job { id: "b".into(), failures: 9 }).await;
    t.settled().await; // a condition, never a sleep: hours of back-off pass at once

    assert_eq!(t.outcomes("a"), [Retried, Retried, Done]);
    assert_eq!(t.outcomes("b"), [Retried, Retried, Dead]);
    assert_eq!(t.emitted::<Finished>("finished"), [Finished { id: "a".into() }]);
    t.assert_conserved(); // every record ended exactly once
    println!("a was done at its third attempt, b was given up");
}
