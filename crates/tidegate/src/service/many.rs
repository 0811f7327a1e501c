//! Several services in one process.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::broker::BoxFuture;
use crate::error::Error;
use crate::findings::Finding;
use crate::health::Health;
use crate::service::signals::until_signals;
use crate::service::{Chosen, Routes, Service, Settings, StartFrom, prepare, run};

/// Several services that live and end together: each a member of its own group, with its own routes, lanes and health.
///
/// They share the caller's task. When one of them fails, or an observer of it panics, the others drain, and that is the error.
///
/// ```
/// # use tidegate::prelude::*;
/// # use tidegate::service::Services;
/// # #[derive(serde::Deserialize)] struct Order { id: String }
/// # impl Event for Order {
/// #     const TYPE: &'static str = "order.created";
/// #     fn key(&self) -> Key<'_> { Key::from(&self.id) }
/// # }
/// # async fn charge(_: Payload<Order>) {}
/// # async fn index(_: Payload<Order>) {}
/// # let broker = Broker::in_memory();
/// let billing = Service::new("billing", broker.clone())
///     .start_from(StartFrom::Earliest)
///     .route(Topic::json("orders").on(charge));
/// let search = Service::new("search", broker)
///     .start_from(StartFrom::Earliest)
///     .route(Topic::json("orders").on(index));
/// let both = Services::new().with(billing).with(search);
/// // both.run().await
/// ```
#[must_use = "services do nothing until they are run"]
#[derive(Debug, Default)]
pub struct Services(Vec<Member>);

#[derive(Debug)]
struct Member {
    settings: Settings,
    routes: Routes,
    start: StartFrom,
}

impl Services {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn with(mut self, service: Service<impl Chosen>) -> Self {
        let Service { settings, router, start } = service;
        self.0.push(Member { settings, routes: Routes::of(router), start: start.start() });
        self
    }

    /// The health of each, in the order in which they were added.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        self.0.iter().map(|member| member.settings.health.clone()).collect()
    }

    /// Runs them until SIGTERM or SIGINT, as [`Service::run`] does.
    ///
    /// # Errors
    /// As [`run_until`](Self::run_until), and [`Error::Interrupted`] after a second signal.
    pub async fn run(self) -> Result<(), Error> {
        until_signals(|stop| self.run_until(stop)).await
    }

    /// Runs them until `stop` resolves; then all of them drain. When one of them fails, or panics, the others drain too. Dropping
    /// the future is like a crash.
    ///
    /// # Errors
    /// [`Error::Refused`] with the findings of all of them, before any group is joined or any topic made; otherwise the first
    /// failure, as [`Service::run_until`] has them, and [`Error::Panicked`]. Each names its group.
    pub async fn run_until<F>(self, stop: F) -> Result<(), Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (mut stop, all): (BoxFuture<'static, ()>, _) = (Box::pin(stop), self.health());
        // Rule 17: however this ends, none of them looks as if it were still to come.
        let _stopped: Vec<_> = all.iter().map(Health::stop_guard).collect();
        let found = tokio::select! {
            biased;
            () = &mut stop => return Ok(()), // nothing has begun
            found = self.findings() => found,
        };
        if let Err(error) = found.and_then(prepare::refuse) {
            all.iter().for_each(|health| health.failed(format!("{error:?}")));
            return Err(error);
        }
        together(self.0, stop).await
    }

    async fn findings(&self) -> Result<Vec<Finding>, Error> {
        let mut found = Vec::new();
        if self.0.is_empty() {
            let message = "there is no service to run".to_owned();
            found.push(Finding::new("TG0008", message, "add one with `.with(service)`"));
        }
        found.extend(self.same_groups());
        for Member { settings, routes, .. } in &self.0 {
            let of_this = prepare::findings(settings, routes).await?;
            found.extend(of_this.into_iter().map(|finding| finding.of_group(&settings.group)));
        }
        Ok(found)
    }

    /// Members of one group share its records: with routes of their own, each would get what is meant for the other.
    fn same_groups(&self) -> Vec<Finding> {
        let mut seen = HashSet::new();
        let groups = self.0.iter().map(|member| member.settings.group.as_str());
        let twice = groups.filter(|group| !seen.insert(*group));
        let finding = |group| {
            let message = format!("two services of one process are the group `{group}`");
            Finding::new(
                "TG0031",
                message,
                "give each its own group, or put their routes into one service",
            )
        };
        twice.map(finding).collect()
    }
}

/// Runs them until `stop` resolves or one of them ends; then the others drain.
async fn together(members: Vec<Member>, mut stop: BoxFuture<'static, ()>) -> Result<(), Error> {
    let over = CancellationToken::new();
    let members = members.into_iter().map(|member| member.run(over.clone()));
    let mut running: FuturesUnordered<_> = members.collect();
    let mut result = Ok(());
    loop {
        tokio::select! {
            biased;
            () = &mut stop, if !over.is_cancelled() => over.cancel(),
            ended = running.next() => match ended {
                Some(ended) => {
                    over.cancel();
                    result = result.and(ended);
                }
                None => return result,
            },
        }
    }
}

impl Member {
    async fn run(self, over: CancellationToken) -> Result<(), Error> {
        let stop = Box::pin(over.cancelled_owned());
        run(self.settings, self.routes, self.start, stop).await
    }
}
