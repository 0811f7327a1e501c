//! Processes: who is alive, and which memberships are whose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Inner;
use super::faults::Process;
use crate::broker::coordinator::MemberId;
use crate::broker::sync::lock;

/// One life of a process. Clones are the same life.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) process: Process,
    pub(super) dead: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }
}

/// A membership, as the log knows it.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) process: Process,
    pub(super) group: String,
    pub(super) id: MemberId,
    pub(super) session_timeout: Duration,
}

impl Inner {
    /// The process's life: the present one, or a new one after its death.
    pub(super) fn life(&self, process: Process) -> Life {
        let mut lives = lock(&self.lives);
        lives.retain(|life| !life.is_dead());
        if let Some(life) = lives.iter().find(|life| life.process == process) {
            return life.clone();
        }
        let life = Life { process, dead: Arc::default() };
        lives.push(life.clone());
        life
    }

    /// No heartbeat comes from the process any more.
    pub(super) fn silence(&self, process: Process) {
        self.arrive();
        for member in self.memberships(process) {
            self.silence_member(&member);
        }
    }

    /// The last heartbeat was now; a coordinator that is away counts from when it is back.
    pub(super) fn silence_member(&self, member: &Membership) {
        let now = Instant::now();
        let heard = lock(&self.outages).groups_back(now).unwrap_or(now);
        let until = heard + member.session_timeout;
        self.coordinator.silence(&member.group, member.id, until);
    }

    /// The memberships of a process.
    pub(super) fn memberships(&self, process: Process) -> Vec<Membership> {
        let members = lock(&self.members);
        members.iter().filter(|member| member.process == process).cloned().collect()
    }

    /// The membership has ended, in whatever way.
    pub(super) fn forget(&self, member: &Membership) {
        lock(&self.members).retain(|known| (known.id, &known.group) != (member.id, &member.group));
    }
}
