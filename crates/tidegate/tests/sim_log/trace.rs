//! One seed, twice: every call, every answer, every event at the same times.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use tidegate::testing::chaos::Rng;
use tidegate::testing::sim::{Faults, Injection, Outage, Process, Refusal, Shift, SimLog, Site};
use tokio::time::Instant;

use crate::rig::{GROUP, Member, Rig, at};

const PARTITIONS: u32 = 4;
const MEMBERS: u64 = 3;

/// Draws what goes wrong, and writes everything down.
#[derive(Debug)]
struct Drawn {
    rng: Mutex<Rng>,
    story: Mutex<String>,
    began: Instant,
}

impl Drawn {
    fn note(&self, what: &str) {
        writeln!(self.story.lock().unwrap(), "{:?} {what}", self.began.elapsed()).unwrap();
    }
}

impl Faults for Drawn {
    fn on(&self, site: &Site<'_>) -> Injection {
        let mut rng = self.rng.lock().unwrap();
        let injection = match rng.below(20) {
            0 => Injection::Late(rng.millis(0, 500)),
            1 => Injection::ActsLate(rng.millis(0, 500)),
            2 => Injection::LoseReply(rng.millis(0, 500)),
            3 => Injection::LoseRequest(rng.millis(0, 500)),
            4 => Injection::Refuse,
            5 => Injection::RefuseCommit(Refusal::RebalanceInProgress),
            _ => Injection::Nothing,
        };
        self.note(&format!("{site:?} {injection:?}"));
        injection
    }
}

fn number(rng: &mut Rng, below: u64) -> u32 {
    u32::try_from(rng.below(below)).unwrap()
}

/// Something happens to the log.
fn disturb(log: &SimLog, rng: &mut Rng) {
    let lasts = rng.millis(1, 3_000);
    let process = Process(1 + number(rng, MEMBERS));
    let partition = at(number(rng, u64::from(PARTITIONS)));
    match rng.below(9) {
        0 => log.rebalance(GROUP, rng.pick(&[Shift::Nothing, Shift::Least, Shift::Everything])),
        1 => log.put_out(process),
        2 => log.move_coordinator(lasts, Refusal::CoordinatorLoading),
        3 => {
            let (calls_wait, on_the_way_arrives) = (rng.percent(50), rng.percent(50));
            log.restart_broker(Outage { lasts, calls_wait, on_the_way_arrives });
        }
        4 => log.move_leader(&partition, lasts),
        5 => log.silence(process),
        6 => log.resume(process),
        7 => log.set_eager(GROUP, rng.percent(50)),
        _ => log.skip_offsets(&partition, 3),
    }
}

/// One process does something; what it heard.
async fn act(rig: &Rig, members: &mut [Option<Member>], rng: &mut Rng) -> String {
    let process = 1 + number(rng, MEMBERS);
    let partition = number(rng, u64::from(PARTITIONS));
    let place = &mut members[process as usize - 1];
    let Some(member) = place else {
        *place = rig.try_join(process).await;
        return format!("joined: {}", place.is_some());
    };
    match rng.below(12) {
        0 | 1 => disturb(&rig.log, rng),
        2 => *place = None,
        3..=5 => return format!("{:?}", rig.publish(process, partition, "x").await),
        6 => return format!("{:?}", member.commit(partition, 0).await),
        _ => {
            member.turn(rng.millis(1, 2_000)).await;
            return format!("{:?} {:?} {}", member.owned, member.seen.last(), member.values.len());
        }
    }
    String::new()
}

/// Everything that happens under one seed.
fn story(seed: u64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (rig, mut rng) = (Rig::new(PARTITIONS).await, Rng::new(seed));
        let drawn = Arc::new(Drawn {
            rng: Mutex::new(Rng::new(!seed)),
            story: Mutex::default(),
            began: Instant::now(),
        });
        rig.log.set_faults(drawn.clone());
        let mut members = [None, None, None];
        for _ in 0..400 {
            let heard = act(&rig, &mut members, &mut rng).await;
            drawn.note(&heard);
        }
        for partition in 0..PARTITIONS {
            drawn.note(&format!("{:?}", rig.log.records(&at(partition))));
        }
        std::mem::take(&mut *drawn.story.lock().unwrap())
    })
}

#[test]
fn the_same_seed_makes_the_same_calls() {
    let mut stories = BTreeSet::new();
    for seed in 0..50 {
        let [first, second] = [story(seed), story(seed)];
        let differ = first.lines().zip(second.lines()).find(|(a, b)| a != b);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
        stories.insert(first);
    }
    assert_eq!(stories.len(), 50, "another seed is another story");
}
