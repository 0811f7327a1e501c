//! Something is down: the partition pauses and probes with the record that found out. Nothing is counted, and nothing is
//! dead-lettered, however long it takes (rules 18, 23).

use std::time::Duration;

use crate::consumer::core::cx::Cx;
use crate::consumer::core::partition::Partition;
use crate::consumer::core::pauses::Reason;
use crate::consumer::core::work::{State, Unit};
use crate::events::RuntimeEvent;
use crate::message::Offset;

/// What is down, for one partition. A second dependency that fails meanwhile belongs to the same outage.
#[derive(Debug)]
pub(super) struct Outage {
    dependency: &'static str,
    since: Duration,
    failures: u32,
    probe: Offset,
    /// `None` once it has come.
    probe_at: Option<Duration>,
    /// The probe's time has come, and it has not been sent yet.
    probe_due: bool,
    /// `None` once told.
    alarm_at: Option<Duration>,
}

impl Outage {
    pub(super) fn lasted(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    pub(super) fn deadline(&self, draining: bool) -> Option<Duration> {
        let probe = self.probe_at.filter(|_| !draining);
        [probe, self.alarm_at].into_iter().flatten().min()
    }
}

impl Partition {
    /// A record found something down. It waits; the first one is the probe.
    pub(super) fn outage_at(
        &mut self,
        offset: Offset,
        dependency: &'static str,
        message: String,
        cx: &mut Cx<'_>,
    ) {
        self.tracker.set(offset, State::Parked);
        let now = cx.now.elapsed;
        let alarm_at = cx.after(cx.config.alarm_after);
        let outage = self.outage.get_or_insert(Outage {
            dependency,
            since: now,
            failures: 0,
            probe: offset,
            probe_at: None,
            probe_due: false,
            alarm_at: Some(alarm_at),
        });
        if outage.probe != offset {
            return;
        }
        outage.dependency = dependency;
        outage.failures = outage.failures.saturating_add(1);
        let delay = cx.config.outage_backoff.delay(outage.failures, cx.draw());
        outage.probe_at = Some(cx.after(delay));
        self.pauses.set(Reason::Outage, true);
        let partition = self.id.clone();
        self.tell(RuntimeEvent::OutagePaused { partition, offset, dependency, message, delay }, cx);
    }

    /// The record got through. When it was the probe, the outage is over, and all that waited for it goes on.
    pub(super) fn outage_over(&mut self, offset: Offset, cx: &mut Cx<'_>) {
        let Some(outage) = self.outage.take_if(|outage| outage.probe == offset) else { return };
        self.paused += outage.lasted(cx.now.elapsed);
        self.pauses.set(Reason::Outage, false);
        for parked in self.tracker.parked() {
            self.tracker.requeue(parked);
        }
        self.tell(RuntimeEvent::OutageOver { partition: self.id.clone() }, cx);
    }

    /// Notes that it is time for the probe; raises the alarm.
    pub(super) fn tend_outage(&mut self, cx: &mut Cx<'_>) {
        let now = cx.now.elapsed;
        let (running, draining) = (self.running(), self.draining);
        let Some(outage) = self.outage.as_mut().filter(|_| running) else { return };
        if outage.alarm_at.take_if(|at| *at <= now).is_some() {
            let (partition, paused) = (self.id.clone(), outage.lasted(now));
            let dependency = outage.dependency;
            self.tell(RuntimeEvent::OutageAlarm { partition, dependency, paused }, cx);
        }
        let Some(outage) = self.outage.as_mut() else { return };
        if !draining && outage.probe_at.take_if(|at| *at <= now).is_some() {
            outage.probe_due = true;
        }
    }

    /// A lane gives back a record that it has not begun. The probe is due again, and waits in no line for it: the end of the outage
    /// would run it from there once more.
    pub(super) fn give_back(&mut self, offset: Offset) {
        match self.outage.as_mut().filter(|outage| outage.probe == offset) {
            Some(outage) => {
                outage.probe_due = true;
                self.tracker.set(offset, State::Parked);
            }
            None => self.tracker.give_back(offset),
        }
    }

    /// Sends the probe, if it is time. `place`: whether one more record may run side by side.
    pub(super) fn start_probe(&mut self, place: bool, cx: &Cx<'_>) -> bool {
        let Some(outage) = self.outage.as_mut().filter(|outage| outage.probe_due) else {
            return false;
        };
        let probe = outage.probe;
        let limited = self.tracker.get(probe).is_some_and(|work| work.unit != Unit::Partition);
        if limited && !place {
            return false;
        }
        outage.probe_due = false;
        self.run(probe, cx);
        true
    }
}
