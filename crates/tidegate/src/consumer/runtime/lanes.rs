//! All lanes of a service: who gets what, and who has not answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::{JoinError, JoinSet};

use crate::consumer::runtime::beat::{Beat, Pulse};
use crate::consumer::runtime::lane::{Lane, Starts, Task};
use crate::consumer::runtime::report::{Counter, Report};
use crate::consumer::runtime::shop::Shop;
use crate::consumer::runtime::tenure::Tenure;
use crate::events::RuntimeEvent;
use crate::text;

/// So many tasks wait for a lane at most; more wait here, in order.
const QUEUE: usize = 64;

/// At most so many chains go to a lane in one task: the others may take the rest.
const CHAINS: usize = 32;

/// How often the lanes' pulse is felt.
const FEEL_EVERY: Duration = Duration::from_secs(1);

/// So often in a row unchanged: a handler keeps the thread. It is told within 5 s: the first look finds it, the others find it
/// again.
const STUCK_AFTER: u32 = 3;

/// The lanes, from the driver's side.
pub(super) struct Lanes {
    lanes: Vec<Handle>,
    reports: mpsc::UnboundedReceiver<(usize, Vec<Report>)>,
    workers: JoinSet<()>,
    /// Chains and steps that were handed over and not answered.
    outstanding: usize,
    /// When the pulse is felt next.
    feel_at: Duration,
    /// Lanes that go on, and nobody was told yet.
    freed: Vec<RuntimeEvent>,
}

struct Handle {
    tasks: mpsc::Sender<Task>,
    waiting: VecDeque<Task>,
    /// Chains and steps with it.
    load: usize,
    beat: Arc<Beat>,
    last: Option<Pulse>,
    unchanged: u32,
}

impl Lanes {
    /// Starts so many.
    pub(super) fn start(shop: &Arc<Shop>, count: usize) -> Self {
        let (sender, reports) = mpsc::unbounded_channel();
        let mut workers = JoinSet::new();
        let lanes = (0..count.max(1)).map(|place| {
            let (tasks, receiver) = mpsc::channel(QUEUE);
            let beat = Arc::new(Beat::default());
            let lane = Lane {
                // One of its own, for the same reason as `Tenure::handle`.
                shop: Arc::new(Shop::clone(shop)),
                tasks: receiver,
                counter: Arc::new(Counter { reports: sender.clone(), place }),
                beat: beat.clone(),
                meter: shop.meters.as_ref().and_then(|meters| meters.lane(place)),
            };
            workers.spawn(shop.clock.gated(lane.run()));
            let waiting = VecDeque::new();
            Handle { tasks, waiting, load: 0, beat, last: None, unchanged: 0 }
        });
        let lanes = lanes.collect();
        Self { lanes, reports, workers, outstanding: 0, feel_at: Duration::ZERO, freed: Vec::new() }
    }

    /// Whether everything that was handed over is answered.
    pub(super) fn idle(&self) -> bool {
        self.outstanding == 0
    }

    /// Hands chains over, spread over the lanes, at this time.
    pub(super) fn run(&mut self, tenure: &Arc<Tenure>, starts: Starts, handed: Duration) {
        let chains = starts.iter().filter(|(start, _)| !start.follows).count();
        let share = chains.div_ceil(self.lanes.len()).clamp(1, CHAINS);
        let (mut part, mut count) = (Vec::new(), 0);
        for (start, item) in starts {
            if !start.follows && count == share {
                let starts = std::mem::take(&mut part);
                self.hand_over(Task::Run { tenure: tenure.handle(), starts, handed }, count);
                count = 0;
            }
            count += usize::from(!start.follows);
            part.push((start, item));
        }
        self.hand_over(Task::Run { tenure: tenure.handle(), starts: part, handed }, count);
    }

    /// Hands a step of settling over.
    pub(super) fn step(&mut self, task: Task) {
        self.hand_over(task, 1);
    }

    /// To the lane that has least to do.
    fn hand_over(&mut self, task: Task, weight: usize) {
        let least = self.lanes.iter_mut().min_by_key(|lane| lane.load).expect("there is a lane");
        least.load += weight;
        self.outstanding += weight;
        least.waiting.push_back(task);
        least.push();
    }

    /// The next reports, from one lane. Cancel safe. A lane that has ended took its records with it (rule 15).
    pub(super) async fn reports(&mut self) -> Result<Vec<Report>, String> {
        tokio::select! {
            biased;
            Some((place, reports)) = self.reports.recv() => Ok(self.answered(place, reports)),
            Some(ended) = self.workers.join_next() => Err(why(ended)),
            else => std::future::pending().await,
        }
    }

    /// More of them, if they are there.
    pub(super) fn more_reports(&mut self) -> Option<Vec<Report>> {
        let (place, reports) = self.reports.try_recv().ok()?;
        Some(self.answered(place, reports))
    }

    fn answered(&mut self, place: usize, reports: Vec<Report>) -> Vec<Report> {
        let weight: usize = reports.iter().map(Report::weight).sum();
        let lane = &mut self.lanes[place];
        lane.load -= weight;
        self.outstanding -= weight;
        lane.push();
        // It answers, so it has its thread back.
        let last = lane.last.take();
        self.freed.extend(lane.goes_on(last));
        reports
    }

    /// What is to be told of lanes that go on.
    pub(super) fn freed(&mut self) -> Vec<RuntimeEvent> {
        std::mem::take(&mut self.freed)
    }

    /// When the pulse is felt next, as long as anything is handed over.
    pub(super) fn feel_at(&self) -> Option<Duration> {
        (!self.idle()).then_some(self.feel_at)
    }

    /// Feels the pulse of each lane, if it is time.
    pub(super) fn feel(&mut self, now: Duration) -> Vec<RuntimeEvent> {
        if now < self.feel_at {
            return Vec::new();
        }
        self.feel_at = now.saturating_add(FEEL_EVERY);
        self.lanes.iter_mut().filter_map(Handle::feel).collect()
    }

    /// Ends all lanes: what they run is dropped.
    pub(super) async fn shutdown(&mut self) {
        self.workers.shutdown().await;
    }
}

fn why(ended: Result<(), JoinError>) -> String {
    ended.map_or_else(text::of_task, |()| "a lane has ended".to_owned())
}

impl Handle {
    /// Passes on what waits, as far as the lane takes it.
    fn push(&mut self) {
        while let Some(task) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(task) | TrySendError::Closed(task)) =
                self.tasks.try_send(task)
            {
                return self.waiting.push_front(task);
            }
        }
    }

    /// A pulse that has not changed for long is told once, and once more when it goes on.
    fn feel(&mut self) -> Option<RuntimeEvent> {
        let pulse = self.beat.pulse();
        let before = std::mem::replace(&mut self.last, pulse);
        if self.last.is_some() && self.last == before {
            self.unchanged += 1;
            let pulse = self.last.clone().filter(|_| self.unchanged == STUCK_AFTER)?;
            let (Pulse { partition, offset, .. }, lasted) = (pulse, FEEL_EVERY * STUCK_AFTER);
            return Some(RuntimeEvent::LaneStuck { partition, offset, lasted });
        }
        self.goes_on(before)
    }

    /// What is told when a lane goes on that was told to be stuck with this.
    fn goes_on(&mut self, with: Option<Pulse>) -> Option<RuntimeEvent> {
        let stuck = std::mem::take(&mut self.unchanged) >= STUCK_AFTER;
        let Pulse { partition, offset, .. } = with.filter(|_| stuck)?;
        Some(RuntimeEvent::LaneFree { partition, offset })
    }
}
