//! Real time: a world takes next to none, so one that does not end has code that keeps the thread.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::testing::chaos::world::lock;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(100);

/// Who of a world's handlers has the thread, or had it last.
#[derive(Debug, Default)]
pub(in crate::testing::chaos) struct Pulse(Mutex<Option<(Arc<str>, Option<Instant>)>>);

impl Pulse {
    /// The handler takes a step.
    pub(in crate::testing::chaos) fn has(&self, handler: &Arc<str>) {
        *lock(&self.0) = Some((handler.clone(), Some(Instant::now())));
    }

    /// The step has ended.
    pub(in crate::testing::chaos) fn free(&self) {
        lock(&self.0).iter_mut().for_each(|(_, since)| *since = None);
    }

    fn told(&self) -> String {
        match &*lock(&self.0) {
            Some((handler, Some(since))) => format!(
                "handler `{handler}` has had the thread for {:?}: it needs an `.await`",
                since.elapsed()
            ),
            Some((handler, None)) => format!(
                "handler `{handler}` ran last: does it wait for something that is always there, as `yield_now` is?"
            ),
            None => "no handler has run: look at the routes, the events and the check".to_owned(),
        }
    }
}

#[derive(Debug)]
struct Watched {
    seed: u64,
    since: Instant,
    pulse: Arc<Pulse>,
}

#[derive(Debug, Default)]
struct Kennel {
    worlds: Vec<Watched>,
    over: bool,
}

/// Looks after worlds from a thread of its own.
#[derive(Debug)]
pub(super) struct Dog {
    kennel: Arc<(Mutex<Kennel>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

/// A world that is looked after until this is dropped.
pub(super) struct Leash<'a>(&'a Dog, Arc<Pulse>);

impl Dog {
    /// `again`: how a seed is seen again.
    pub(super) fn new(limit: Duration, again: impl Fn(u64) -> String + Send + 'static) -> Self {
        let kennel = Arc::<(Mutex<Kennel>, Condvar)>::default();
        let watched = kennel.clone();
        let thread = std::thread::spawn(move || watch(&watched, limit, &again));
        Self { kennel, thread: Some(thread) }
    }

    /// A world begins.
    pub(super) fn watch(&self, seed: u64, pulse: Arc<Pulse>) -> Leash<'_> {
        let world = Watched { seed, since: Instant::now(), pulse: pulse.clone() };
        lock(&self.kennel.0).worlds.push(world);
        Leash(self, pulse)
    }
}

impl Drop for Leash<'_> {
    fn drop(&mut self) {
        lock(&self.0.kennel.0).worlds.retain(|world| !Arc::ptr_eq(&world.pulse, &self.1));
    }
}

impl Drop for Dog {
    fn drop(&mut self) {
        lock(&self.kennel.0).over = true;
        self.kennel.1.notify_all();
        self.thread.take().map(JoinHandle::join);
    }
}

fn watch(
    (kennel, bell): &(Mutex<Kennel>, Condvar),
    limit: Duration,
    again: &dyn Fn(u64) -> String,
) {
    let mut kept = lock(kennel);
    while !kept.over {
        if let Some(world) = kept.worlds.iter().find(|world| world.since.elapsed() > limit) {
            bark(world, limit, &again(world.seed));
        }
        kept = bell.wait_timeout(kept, EVERY).map_or_else(|e| e.into_inner().0, |(kept, _)| kept);
    }
}

/// Nothing can stop a thread, and a test that hangs tells nobody why.
fn bark(world: &Watched, limit: Duration, again: &str) -> ! {
    let (seed, pulse) = (world.seed, world.pulse.told());
    // Past what a test keeps back until it has ended: this one does not.
    let _ = writeln!(
        std::io::stderr(),
        "\nseed {seed}: this world has not ended within {limit:?} of real time: {pulse}.\n\
         Nothing can stop that thread, so all tests of this process end here.\n\n{again}"
    );
    std::process::exit(101)
}
