//! What becomes of one call: when it acts, and what its caller hears.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::Inner;
use super::faults::{Injection, Refusal, Site};
use super::life::Life;
use crate::broker::sync::lock;

#[derive(Debug)]
pub(super) struct Fate {
    /// When it acts, if it does.
    pub(super) acts: Option<Instant>,
    /// When the caller hears.
    pub(super) told: Instant,
    pub(super) answer: Answer,
    /// How often the broker had gone when the call was made.
    outages: u64,
}

/// What the caller hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// What has really become of it.
    Result,
    /// Nothing certain.
    Doubt,
    Refused(Refusal),
    /// Nothing, ever: it is dead.
    Never,
}

impl Fate {
    fn of(injection: Injection, now: Instant, outages: u64) -> Self {
        let (acts, told, answer) = match injection {
            Injection::Nothing => (Some(now), now, Answer::Result),
            Injection::Late(by) => (Some(now), now + by, Answer::Result),
            Injection::ActsLate(by) => (Some(now + by), now + by, Answer::Result),
            Injection::Refuse => (None, now, Answer::Refused(Refusal::Unavailable)),
            Injection::RefuseCommit(why) => (None, now, Answer::Refused(why)),
            Injection::LoseRequest(by) => (None, now + by, Answer::Doubt),
            Injection::LoseReply(by) => (Some(now), now + by, Answer::Doubt),
            Injection::Crash => (None, now, Answer::Never),
            Injection::CrashAfter => (Some(now), now, Answer::Never),
        };
        Self { acts, told, answer, outages }
    }

    /// It cannot act before; a dead process does not wait for that.
    pub(super) fn wait_until(&mut self, back: Instant) {
        if self.answer == Answer::Never {
            self.acts = None;
        }
        self.acts = self.acts.map(|at| at.max(back));
        self.told = self.told.max(back);
    }

    pub(super) fn refuse(&mut self, why: Refusal) {
        self.acts = None;
        if self.answer != Answer::Never {
            self.answer = Answer::Refused(why);
        }
    }

    /// It acts no earlier than something else does.
    pub(super) fn follow(&mut self, earlier: Instant) {
        self.acts = self.acts.map(|at| at.max(earlier));
        self.told = self.told.max(earlier);
    }

    /// Waits until the call acts; false when it never does.
    pub(super) async fn acted(&self, inner: &Inner) -> bool {
        if let Some(at) = self.acts {
            sleep_until(at).await;
            inner.arrive(); // what was sent before comes before
        }
        self.acts.is_some()
    }

    /// Waits until the caller hears, and for ever when it is dead.
    pub(super) async fn told(&self, inner: &Inner) -> Answer {
        sleep_until(self.told).await;
        match self.answer {
            Answer::Never => std::future::pending().await,
            Answer::Result if lock(&inner.outages).count > self.outages => Answer::Doubt,
            answer => answer,
        }
    }
}

async fn sleep_until(at: Instant) {
    if at > Instant::now() {
        tokio::time::sleep_until(at).await;
    }
}

impl Inner {
    /// What becomes of a call that is made now.
    pub(super) fn fate(&self, life: &Life, site: &Site<'_>) -> Fate {
        self.arrive();
        let now = Instant::now();
        let injection = if life.is_dead() { Injection::Crash } else { self.injection(site) };
        if matches!(injection, Injection::Crash | Injection::CrashAfter) {
            self.die(life);
        }
        let outages = lock(&self.outages);
        let mut fate = Fate::of(injection, now, outages.count);
        outages.befall(&mut fate, site, now);
        fate
    }

    fn injection(&self, site: &Site<'_>) -> Injection {
        let faults = lock(&self.faults).clone();
        faults.map_or(Injection::Nothing, |faults| faults.on(site))
    }

    /// The process is no more; the group learns it when its sessions have run out.
    pub(super) fn die(&self, life: &Life) {
        if !life.dead.swap(true, Ordering::AcqRel) {
            self.silence(life.process);
        }
    }
}
