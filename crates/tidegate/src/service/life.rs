//! A service's life, from the checks to the end: whatever ends it is an error that names its group.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use crate::broker::BoxFuture;
use crate::consumer::runtime::Driver;
use crate::error::Error;
use crate::service::{Routes, Settings, StartFrom, prepare};
use crate::text;

/// Lives until it is told to stop. A panic of what the service itself has given, an observer, is like a crash for it, and an error
/// for who runs it.
pub(crate) async fn run(
    settings: Settings,
    routes: Routes,
    start: StartFrom,
    stop: BoxFuture<'static, ()>,
) -> Result<(), Error> {
    let (health, group) = (settings.health.clone(), settings.group.clone());
    health.begun(&settings.clock);
    let _stopped = health.stop_guard(); // rule 17
    let life = AssertUnwindSafe(Box::pin(live(settings, routes, start, stop))).catch_unwind();
    let panicked = |panic: Box<dyn Any + Send>| {
        Err(Error::Panicked { group: group.clone(), reason: text::of_panic(panic.as_ref()) })
    };
    let result = life.await.unwrap_or_else(panicked).map_err(|error| error.of_group(&group));
    if let Err(error) = &result {
        health.failed(format!("{error:?}"));
    }
    result
}

async fn live(
    settings: Settings,
    routes: Routes,
    start: StartFrom,
    mut stop: BoxFuture<'static, ()>,
) -> Result<(), Error> {
    let seat = tokio::select! {
        biased;
        () = &mut stop => return Ok(()), // nothing has begun
        seat = prepare::seat(settings, routes, start) => seat?,
    };
    Driver::new(seat).run(stop).await
}
