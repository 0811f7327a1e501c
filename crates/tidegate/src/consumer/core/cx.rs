//! What one `step` works with: the time, the configuration, and where commands go.

use std::time::Duration;

use crate::consumer::core::{Command, CoreConfig, Now};
use crate::events::RuntimeEvent;
use crate::policy::{PolicyId, RoutePolicy, derive};

pub(super) struct Cx<'a> {
    pub(super) config: &'a CoreConfig,
    pub(super) now: Now,
    out: &'a mut Vec<Command>,
    draws: u64,
    /// Set when going on would do harm.
    pub(super) fatal: Option<String>,
}

impl<'a> Cx<'a> {
    pub(super) fn new(config: &'a CoreConfig, now: Now, out: &'a mut Vec<Command>) -> Self {
        Self { config, now, out, draws: 0, fatal: None }
    }

    pub(super) fn push(&mut self, command: Command) {
        self.out.push(command);
    }

    pub(super) fn tell(&mut self, event: RuntimeEvent) {
        self.push(Command::Tell(event));
    }

    /// The first reason counts.
    pub(super) fn fail(&mut self, reason: String) {
        self.fatal.get_or_insert(reason);
    }

    /// A random number that no other draw of this step gets.
    pub(super) fn draw(&mut self) -> u64 {
        self.draws += 1;
        derive(self.now.entropy, self.draws)
    }

    pub(super) fn after(&self, delay: Duration) -> Duration {
        self.now.elapsed.saturating_add(delay)
    }

    /// # Panics
    /// When the driver names a policy that it has not configured.
    pub(super) fn route(&self, policy: PolicyId) -> &'a RoutePolicy {
        &self.config.policies[policy.0]
    }
}
