//! What the driver does with each thing that woke it.

use std::time::Instant;

use futures_util::FutureExt;
use tokio::task::JoinError;

use crate::consumer::core::{Event, StepKind, Stopped, WorkId};
use crate::consumer::runtime::driver::{Answer, Driver, Woken};
use crate::consumer::runtime::report::{Ran, Report, Stepped};
use crate::consumer::runtime::tenure::Tenure;
use crate::error::Error;
use crate::text;

/// So many answers are taken in before the member is polled again.
const REPORTS_PER_TURN: usize = 256;

impl Driver {
    pub(super) fn take(&mut self, woken: Woken) -> Result<Option<Stopped>, Error> {
        match woken {
            Woken::Stop => {
                self.stopping = Some(Instant::now());
                self.tell_core(Event::Shutdown { within: self.drain })
            }
            Woken::Timer => {
                self.feel_lanes();
                self.tell_core(Event::Timer)
            }
            Woken::Committed(results) => self.tell_core(Event::Committed(results)),
            Woken::Positioned(found) => {
                let found = found.map_err(|source| self.membership(source))?;
                self.tell_core(Event::Assigned(found))
            }
            Woken::Owned(answer) => self.owned(answer),
            Woken::Reports(reports) => {
                self.reports(reports.map_err(|reason| Error::Internal { reason })?)
            }
            Woken::Companion(news) => self.companion(news),
            Woken::Group(event) => self.group(event),
            Woken::Quiet(at) => {
                self.shop.clock.jump_to(at);
                Ok(None)
            }
        }
    }

    fn feel_lanes(&mut self) {
        for event in self.lanes.feel(self.shop.clock.elapsed()) {
            self.tell(&event);
        }
    }

    /// Takes in these reports and all that are ready, then looks at the group once: a stream of answers never keeps
    /// the member from polling (rule 14).
    fn reports(&mut self, first: Vec<Report>) -> Result<Option<Stopped>, Error> {
        let mut next = Some(first);
        for _ in 0..REPORTS_PER_TURN {
            let Some(reports) = next.take().or_else(|| self.lanes.more_reports()) else { break };
            for report in reports {
                if let Some(stopped) = self.report(report)? {
                    return Ok(Some(stopped));
                }
            }
        }
        for event in self.lanes.freed() {
            self.tell(&event);
        }
        if self.positioning.is_some() {
            return Ok(None);
        }
        match self.consumer.poll().now_or_never() {
            Some(event) => self.group(event),
            None => Ok(None),
        }
    }

    fn report(&mut self, report: Report) -> Result<Option<Stopped>, Error> {
        match report {
            Report::Ran(Ran { tenure, answers, carries, .. }) => {
                for (offset, carry) in carries {
                    self.held.put_back(&tenure, offset, carry);
                }
                if answers.is_empty() {
                    return Ok(None); // all of it was told before
                }
                let (partition, epoch) = (tenure.partition.clone(), self.held.epoch_of(&tenure));
                self.tell_core(Event::Ran { partition, epoch, answers })
            }
            Report::Stepped(stepped) => self.stepped(stepped),
            Report::Wrote { tenure, steps } => self.wrote(&tenure, steps),
            Report::Cut => Ok(None), // its ownership has ended
        }
    }

    /// What follows from each answer is in the next call.
    fn wrote(&mut self, tenure: &Tenure, steps: Vec<Stepped>) -> Result<Option<Stopped>, Error> {
        for stepped in steps {
            if let Some(stopped) = self.stepped(stepped)? {
                return Ok(Some(stopped));
            }
        }
        self.held.written(tenure);
        self.begin_writes();
        Ok(None)
    }

    fn stepped(&mut self, stepped: Stepped) -> Result<Option<Stopped>, Error> {
        let Stepped { tenure, offset, kind, result, carry, told } = stepped;
        if let Some(event) = told {
            self.tell(&event);
        }
        let entry = carry.entry;
        self.held.put_back(&tenure, offset, carry);
        let work = WorkId { partition: tenure.partition.clone(), epoch: tenure.epoch, offset };
        if let (StepKind::Schedule, Ok(_), Some(at)) = (kind, &result, entry) {
            return self.tell_core(Event::Scheduled { work, at });
        }
        self.tell_core(Event::Stepped { work, step: kind, result })
    }

    fn owned(&mut self, answer: Result<Answer, JoinError>) -> Result<Option<Stopped>, Error> {
        // rule 15
        let internal = |ended: JoinError| Error::Internal { reason: text::of_task(ended) };
        let Answer { partition, epoch, owners } = answer.map_err(internal)?;
        let result = owners.map(|owners| self.held.own(partition.clone(), epoch, owners));
        self.tell_core(Event::Owned { partition, epoch, result })
    }
}
