//! What a seed draws: the size of the world, and what goes wrong when.

use std::time::Duration;

use super::moment::{Kind, Moment};
use super::rng::Rng;
use crate::policy::AfterDeadLetter;

/// One fault: it hits when its moment has come so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// What goes wrong.
    pub kind: Kind,
    /// When.
    pub moment: Moment,
    /// At which occurrence of that moment, from 1.
    pub nth: u32,
    /// How long it lasts, where it lasts.
    pub lasts: Duration,
}

/// A world before it begins.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// Processes of the group.
    pub members: u32,
    /// Partitions of each topic.
    pub partitions: u32,
    /// Records.
    pub records: u32,
    /// Keys; some records have none.
    pub keys: u32,
    /// Whether the group rebalances as Kafka's eager protocol does.
    pub eager: bool,
    /// Whether some offsets hold no record.
    pub gaps: bool,
    /// Places for records side by side.
    pub concurrency: usize,
    /// Records in one delivery.
    pub poll: usize,
    /// Records that a process may hold.
    pub budget: usize,
    /// Bytes that a process may hold.
    pub budget_bytes: usize,
    /// So many calls and handlers in a hundred take a little longer than they need.
    pub restless: u64,
    /// So many publishes in a hundred go wrong for the producer.
    pub producer_trouble: u64,
    /// Whether retries wait in a schedule; else in memory.
    pub schedule: bool,
    /// Whether keys are held when a record of theirs is dead-lettered; with a schedule alone.
    pub hold: bool,
    /// So many retries of a record wait in memory at first.
    pub in_place: u32,
    /// What goes wrong.
    pub faults: Vec<Planned>,
}

/// A topic gets at most so many partitions at once.
const GROWTH: u32 = 2;

/// So many kinds of fault hit each world at least.
const KINDS: usize = 3;

impl Plan {
    /// Draws a world.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut plan = Self::drawn(seed, &mut rng);
        plan.faults.extend(faults_of_the_log(&mut Rng::new(seed ^ 0x22)));
        plan.faults.extend(cut_off(&mut Rng::new(seed ^ 0x7c)));
        let mut rng = Rng::new(seed ^ 0x5c);
        (plan.schedule, plan.in_place) = (rng.percent(50), rng.pick(&[0, 0, 1]));
        let late = plan.schedule && rng.percent(30);
        plan.faults.extend(late.then(|| late_entry(&mut rng)));
        plan.hold = Rng::new(seed ^ 0x401d).percent(40);
        plan
    }

    /// Draws a world for somebody's own routes.
    pub(super) fn for_strangers(seed: u64) -> Self {
        let mut plan = Self::draw(seed);
        plan.faults.retain(|fault| fault.kind.is_for_strangers());
        plan
    }

    fn drawn(seed: u64, rng: &mut Rng) -> Self {
        Self {
            seed,
            members: 3 + u32::try_from(rng.below(2)).expect("small"),
            partitions: 4 + u32::try_from(rng.below(3)).expect("small"),
            records: 200 + u32::try_from(rng.below(60)).expect("small"),
            keys: 8 + u32::try_from(rng.below(60)).expect("small"),
            eager: rng.percent(30),
            gaps: rng.percent(50),
            concurrency: rng.pick(&[2, 4, 8, 64]),
            poll: rng.pick(&[5, 20, 100]),
            budget: rng.pick(&[20, 60, 150]),
            budget_bytes: rng.pick(&[60_000, 200_000, 10 << 20]),
            restless: rng.pick(&[0, 0, 5, 25]),
            producer_trouble: rng.pick(&[0, 0, 3]),
            schedule: false,
            hold: false,
            in_place: 1,
            faults: faults(rng),
        }
    }
}

impl Plan {
    /// What becomes of a key of which a record is dead-lettered.
    pub(super) fn after_dead_letter(&self) -> AfterDeadLetter {
        if self.schedule && self.hold {
            AfterDeadLetter::HoldKey
        } else {
            AfterDeadLetter::Continue
        }
    }

    /// Partitions of each topic, when all faults have hit.
    pub(super) fn most_partitions(&self) -> u32 {
        let grows = self.faults.iter().filter(|fault| fault.kind == Kind::Grow);
        self.partitions + grows.map(Planned::growth).sum::<u32>()
    }
}

impl Planned {
    /// So many partitions a topic gets.
    pub(super) fn growth(&self) -> u32 {
        1 + self.nth % GROWTH
    }
}

/// In some worlds something happens to the topics themselves. Drawn apart, so that the rest of a world is the same without it.
fn faults_of_the_log(rng: &mut Rng) -> Vec<Planned> {
    let mut faults = Vec::new();
    for kind in Kind::OF_THE_LOG {
        if rng.percent(25) {
            faults.extend((0..=rng.below(2)).map(|_| planned(kind, rng)));
        }
    }
    faults
}

/// In some worlds a process is cut off, most often while a commit is on its way: its answer comes when others have had the
/// partition. Drawn apart as well.
fn cut_off(rng: &mut Rng) -> Option<Planned> {
    let fault = rng.percent(25).then(|| planned(Kind::CutOff, rng))?;
    let moment = if rng.percent(50) { Moment::Marked } else { fault.moment };
    Some(Planned { moment, ..fault })
}

/// A process is cut off while it publishes, most often an entry of the schedule: it acts when others have had the partition.
fn late_entry(rng: &mut Rng) -> Planned {
    let nth = 2 * (1 + u32::try_from(rng.below(8)).expect("small"));
    let lasts = rng.millis(11_000, 25_000);
    Planned { kind: Kind::CutOff, moment: Moment::Enqueued, nth, lasts }
}

fn faults(rng: &mut Rng) -> Vec<Planned> {
    let apart = |kind: &Kind| Kind::OF_THE_LOG.contains(kind) || *kind == Kind::CutOff;
    let mut kinds: Vec<_> = Kind::ALL.into_iter().filter(|kind| !apart(kind)).collect();
    let count = KINDS + usize::try_from(rng.below(3)).expect("small");
    let mut faults = Vec::new();
    for _ in 0..count {
        let kind = kinds.remove(usize::try_from(rng.below(kinds.len() as u64)).expect("small"));
        for _ in 0..=rng.below(2) {
            faults.push(planned(kind, rng));
        }
    }
    faults
}

fn planned(kind: Kind, rng: &mut Rng) -> Planned {
    let moments: Vec<_> = Moment::ALL.into_iter().filter(|at| kind.can_hit(*at)).collect();
    let moment = rng.pick(&moments);
    // Moments that come often may be hit late; those that are rare must be hit at once.
    let often = match moment {
        Moment::Fetched | Moment::Claimed | Moment::Effect => 120,
        Moment::Marked => 40,
        Moment::Enqueued | Moment::Owed | Moment::Waiting => 12,
        Moment::DeadLetter | Moment::DeadMark => 3,
        Moment::Revoke | Moment::TakeOver => 2,
        Moment::Shutdown => 1,
    };
    let nth = 1 + u32::try_from(rng.below(often)).expect("small");
    let lasts = match kind {
        Kind::Zombie => rng.millis(500, 40_000),
        Kind::BrokerAway | Kind::CoordinatorMoves | Kind::StoreAway => rng.millis(200, 15_000),
        Kind::Slow => rng.millis(1, 3_000),
        Kind::CutOff => rng.millis(5_000, 25_000),
        Kind::Rebalance => rng.millis(100, 5_000),
        Kind::Grow => rng.millis(0, 5_000),
        _ => rng.millis(0, 1_000),
    };
    Planned { kind, moment, nth, lasts }
}
