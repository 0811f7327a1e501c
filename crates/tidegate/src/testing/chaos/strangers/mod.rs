//! Somebody's own routes in the same worlds.

mod aftermath;
mod live;
mod watchdog;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

pub use aftermath::{Aftermath, Ended, Fate};
pub(super) use watchdog::Pulse;

use super::rng::Rng;
use crate::codec::{Encode, Json};
use crate::event::Event;
use crate::router::{IntoRouter, Router};

/// So long may a world take of real time.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs your routes through one world for each seed: a group of three or more processes over a simulated log, with crashes,
/// stops, rebalances, lost answers and clocks that jump; and judges all the time what the runtime promises of them.
///
/// `event` draws an event; it is published to the topic on which the routes handle its type. `routes` are made anew for each
/// process: what they share (a double of a gateway) lives as long as you keep it.
///
/// A handler with an [`Inbox`](crate::inbox::Inbox) gets a modelled store with the contract of the real ones, which crashes and
/// loses answers too. Write such a handler for any database, and give it [`Model`](super::Model) here:
///
/// ```
/// use tidegate::prelude::*;
/// use tidegate::inbox::InboxDatabase;
/// use tidegate::testing::chaos::{Model, Rows};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Order { id: String }
/// impl Event for Order {
///     const TYPE: &'static str = "order.created";
///     fn key(&self) -> Key<'_> { Key::from(&self.id) }
/// }
///
/// /// What the service does in its database; in production also for `Sqlite`.
/// trait Orders: InboxDatabase { fn accept(tx: &mut Self::Tx, id: &str); }
/// impl Orders for Model {
///     fn accept(tx: &mut Rows, id: &str) { tx.put(id, "accepted"); }
/// }
///
/// async fn accept<D: Orders>(Payload(order): Payload<Order>, mut tx: Inbox<D>) {
///     D::accept(&mut tx, &order.id);
/// }
///
/// fn routes<D: Orders>() -> Router {
///     Topic::json("orders").on(accept::<D>).into_router()
/// }
///
/// tidegate::testing::chaos(0..20, routes::<Model>, |rng| Order { id: rng.id() });
/// ```
///
/// # What a handler may do here
/// Anything that ends by itself in the world's own time: tokio's timers, channels and locks within the process, its `Inbox`. Other
/// I/O is refused by name, because a world can neither kill nor repeat it: a handler that another thread wakes, that opens a
/// socket through tokio, or that does not end within its timeout though nobody held it up; and routes that emit without end to what
/// they read themselves. A handler that keeps its thread (a loop without an
/// `.await`) ends the test when [that takes too long](Worlds::limit). Not noticed: `std::net`, `std::fs`, and the machine's clock,
/// which does not go with the world's. A [`blocking`](crate::handler::blocking) handler is woken by its thread, and refused.
/// Tasks of its own outlive a simulated crash: do without.
///
/// Topics keep their partitions and records: the order of a key does not span an increase, and what is deleted before it is
/// read ends the service, whatever your routes do.
///
/// # What it finds
/// What the runtime promises of your routes: nothing lost, order, effects of an [`Inbox`](crate::inbox::Inbox) once, an end in time. Not
/// whether your handlers do the right thing: a handler that refuses everything is dead-lettered, and that is as it should be.
/// That is what [`worlds`] takes a check for.
///
/// # Panics
/// When the routes do not pass the start-up checks, and when a world fails: with its seed, what did not hold and where, the
/// smallest world in which that is so, its last steps, and the command that tells them step by step.
pub fn chaos<T, R>(
    seeds: Range<u64>,
    routes: impl Fn() -> R + Sync,
    event: impl Fn(&mut Rng) -> T + Sync,
) where
    T: Event,
    Json: Encode<T>,
    R: IntoRouter,
{
    worlds(seeds, routes, event).run();
}

/// The same worlds as [`chaos`](fn@chaos) runs, to be told more before they are [run](Worlds::run): what you check at the end of
/// each.
pub fn worlds<'a, T, R>(
    seeds: Range<u64>,
    routes: impl Fn() -> R + Sync + 'a,
    event: impl Fn(&mut Rng) -> T + Sync + 'a,
) -> Worlds<'a, T>
where
    T: Event,
    Json: Encode<T>,
    R: IntoRouter,
{
    worlds_over(seeds, || (), move |()| routes(), event)
}

/// The same, with something that each world has for itself: all processes of a world share it, and it outlives them, as what is
/// outside of a service does.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use tidegate::prelude::*;
/// use tidegate::testing::chaos::worlds_over;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Mail { to: String }
/// impl Event for Mail {
///     const TYPE: &'static str = "mail";
///     fn key(&self) -> Key<'_> { Key::from(&self.to) }
/// }
///
/// /// A double of the mail server.
/// type Sent = Arc<Mutex<Vec<String>>>;
///
/// async fn send(Payload(mail): Payload<Mail>, State(sent): State<Sent>) {
///     sent.lock().unwrap().push(mail.to);
/// }
///
/// worlds_over(
///     0..20,
///     Sent::default,
///     |sent| Topic::json("mails").on(send).with_state(sent.clone()),
///     |rng| Mail { to: rng.id() },
/// )
/// .check(|world| {
///     let sent = world.model().lock().unwrap();
///     let missing = world.done().find(|mail| !sent.contains(&mail.to));
///     missing.map_or(Ok(()), |mail| Err(format!("nothing was sent to {}", mail.to)))
/// })
/// .run();
/// ```
pub fn worlds_over<'a, T, M, R>(
    seeds: Range<u64>,
    model: impl Fn() -> M + Sync + 'a,
    routes: impl Fn(&M) -> R + Sync + 'a,
    event: impl Fn(&mut Rng) -> T + Sync + 'a,
) -> Worlds<'a, T, M>
where
    T: Event,
    Json: Encode<T>,
    R: IntoRouter,
{
    Worlds {
        seeds,
        model: Box::new(model),
        routes: Box::new(move |model| routes(model).into_router()),
        event: Box::new(event),
        check: Box::new(|_| Ok(())),
        limit: LIMIT,
    }
}

type Check<'a, T, M> = dyn Fn(&Aftermath<'_, T, M>) -> Result<(), String> + Sync + 'a;

/// Worlds for somebody's own routes.
#[must_use = "nothing is run before `run`"]
pub struct Worlds<'a, T, M = ()> {
    seeds: Range<u64>,
    model: Box<dyn Fn() -> M + Sync + 'a>,
    routes: Box<dyn Fn(&M) -> Router + Sync + 'a>,
    event: Box<dyn Fn(&mut Rng) -> T + Sync + 'a>,
    check: Box<Check<'a, T, M>>,
    limit: Duration,
}

impl<T, M> fmt::Debug for Worlds<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worlds").field("seeds", &self.seeds).finish_non_exhaustive()
    }
}

impl<'a, T, M> Worlds<'a, T, M> {
    /// What must hold at the end of each world, when every event is done, skipped or dead-lettered. `Err` says what does not:
    /// the world has failed then, is made as small as it can be, and told.
    ///
    /// ```
    /// use tidegate::prelude::*;
    /// use tidegate::testing::chaos::{Model, worlds};
    ///
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Paid { account: String, cents: u64 }
    /// impl Event for Paid {
    ///     const TYPE: &'static str = "paid";
    ///     fn key(&self) -> Key<'_> { Key::from(&self.account) }
    /// }
    ///
    /// async fn book(Payload(paid): Payload<Paid>, mut tx: Inbox<Model>) {
    ///     let before = tx.get(&paid.account).and_then(|cents| cents.parse().ok()).unwrap_or(0);
    ///     tx.put(&paid.account, (before + paid.cents).to_string());
    /// }
    ///
    /// worlds(0..20, || Topic::json("payments").on(book), |rng| Paid {
    ///     account: format!("a{}", rng.below(5)),
    ///     cents: rng.below(100),
    /// })
    /// .check(|world| {
    ///     let booked: u64 = world.rows().values().filter_map(|cents| cents.parse::<u64>().ok()).sum();
    ///     let paid: u64 = world.done().map(|paid| paid.cents).sum();
    ///     if booked == paid { Ok(()) } else { Err(format!("{paid} was paid, and {booked} is booked")) }
    /// })
    /// .run();
    /// ```
    ///
    /// What the check itself panics with is a failure of the check, told in the same way.
    pub fn check(
        mut self,
        check: impl Fn(&Aftermath<'_, T, M>) -> Result<(), String> + Sync + 'a,
    ) -> Self {
        self.check = Box::new(check);
        self
    }

    /// So long may each world take of real time: 2 minutes, unless this says otherwise. A world waits for nothing, so one that
    /// takes longer has a handler that keeps the thread. Nothing can stop a thread: the process ends then, with 101, and says on
    /// its standard error which seed and which handler it was.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}
