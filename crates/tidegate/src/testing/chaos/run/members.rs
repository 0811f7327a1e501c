//! Processes: begun, ended, and followed by others.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;

use super::{EPOCH, GROUP, Running};
use crate::clock::Clock;
use crate::clock::simulated::SimClock;
use crate::error::Error;
use crate::router::endpoint::Endpoint;
use crate::service::{self, CreateTopics, Routes, Settings, StartFrom, TopicTemplate};
use crate::testing::chaos::watched::{Listener, Watched};
use crate::testing::chaos::world::{Life, SESSION};
use crate::testing::sim::Process;

impl Running<'_> {
    /// A process begins.
    pub(super) fn bear(&mut self) -> Process {
        let process = Process(self.next);
        self.next += 1;
        let clock = SimClock::new(EPOCH, self.world.plan.seed.wrapping_add(u64::from(process.0)));
        let life = self.world.life(process, clock.clone());
        self.world.note(|| format!("{process:?}: begins"));
        let settings = self.settings(&life);
        let routes = self.routes(&life);
        let stop = life.stop().clone();
        let stop = Box::pin(async move { stop.cancelled().await });
        let run = service::run(settings, routes, StartFrom::Earliest, stop);
        let (gate, body) = (clock.gate(), life.clone());
        self.lives.insert(process, life);
        self.members.spawn(async move {
            let result = tokio::select! {
                biased;
                () = body.died() => Ok(()),
                ended = gate.pass(Box::pin(run)) => ended,
            };
            (body, result)
        });
        process
    }

    /// A process that was cut off is heard of again. What was published before, others have done by now.
    pub(super) fn reconnect(&mut self, process: Process, more: u32) {
        self.world.note(|| format!("{process:?}: is heard of again"));
        self.lives.get(&process).inspect(|life| life.reconnect());
        self.left += more;
    }

    fn settings(&self, life: &Life) -> Settings {
        let plan = &self.world.plan;
        let mut settings = Settings::new(GROUP.to_owned(), self.world.log.broker(life.process()));
        settings.clock = Clock::Simulated(life.clock().clone());
        settings.create = CreateTopics::Never;
        settings.create_emitted = Some(plan.partitions);
        settings.retries = plan.schedule.then(|| TopicTemplate::new("{topic}.{group}.retry"));
        settings.concurrency = plan.concurrency;
        settings.lanes = 2;
        settings.drain = Duration::from_secs(5);
        settings.session_timeout = SESSION;
        settings.max_poll_interval = Duration::from_secs(60);
        settings.max_poll_records = plan.poll;
        settings.buffer_records = plan.budget;
        settings.buffer_bytes = plan.budget_bytes;
        settings.observers.push(Arc::new(Listener(life.clone())));
        settings
    }

    fn routes(&self, life: &Life) -> Routes {
        let store = self.database.store(life.clone());
        let router = (self.furniture.routes)(&self.world, store.clone());
        Routes::of(router).wrap(|routes| {
            let policies = routes.policies();
            Arc::new(Watched { routes, policies, life: life.clone(), store }) as Arc<dyn Endpoint>
        })
    }

    /// A process has ended: killed, stopped, or by itself because a call failed at its start. Another one takes its place.
    pub(super) fn ended(&mut self, ended: Result<(Life, Result<(), Error>), JoinError>) {
        let (life, result) = ended.expect("a member is neither aborted nor panics");
        self.world.note(|| format!("{:?}: ended: {result:?}", life.process()));
        if !life.is_dead() {
            self.look_for_losses(life.process(), &result);
        }
        self.lives.remove(&life.process());
        let guest = self.leaves.iter().any(|(_, process)| *process == life.process());
        self.leaves.retain(|(_, process)| *process != life.process());
        let enough = self.lives.len() + self.births.len() >= self.world.plan.members as usize;
        if !guest && !enough {
            let delay = self.rng.millis(0, 2_000);
            self.births.push(Instant::now() + delay);
        }
    }
}
