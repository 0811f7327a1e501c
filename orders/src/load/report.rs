//! What a run prints at its end.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::judge::{Answer, Evidence, Finding};
use super::send::Sent;
use crate::order::OrderStatus;

const NAMED: usize = 20;

/// The numbers of a run, and what is wrong with it. Its text is what `orders load` prints.
#[derive(Debug)]
pub struct Report {
    pub(crate) run: String,
    pub(crate) seed: u64,
    pub(crate) journal: String,
    pub(crate) evidence: Evidence,
    pub(crate) sent: Sent,
    pub(crate) settled_after: Duration,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// What is wrong, order by order.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn answers(&self, which: fn(&Answer) -> bool) -> usize {
        self.evidence.requests.iter().filter(|request| which(&request.answer)).count()
    }

    fn ended(&self, status: OrderStatus) -> usize {
        self.evidence.orders.iter().filter(|order| order.status == status).count()
    }

    fn charges(&self) -> u32 {
        let orders = self.evidence.orders.iter();
        orders.filter_map(|order| self.evidence.charges.get(&order.order_id)).sum()
    }

    fn numbers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requested = self.evidence.requests.len();
        let accepted = self.answers(|answer| matches!(answer, Answer::Accepted(_)));
        let lost = self.findings.iter().filter(|finding| finding.fault.is_loss()).count();
        let repeated = self.findings.iter().filter(|finding| finding.fault.is_repeat()).count();
        writeln!(f, "requested   {requested} in {}", rate(requested, self.sent.took))?;
        writeln!(f, "accepted    {accepted}")?;
        writeln!(f, "unknown     {}", self.answers(|answer| *answer == Answer::Unknown))?;
        let refused = self.answers(|answer| matches!(answer, Answer::Refused(_)));
        writeln!(f, "refused     {refused}")?;
        let finished = self.sent.took + self.settled_after;
        let completed = self.ended(OrderStatus::Completed);
        writeln!(f, "completed   {completed} in {}", rate(completed, finished))?;
        writeln!(f, "failed      {}", self.ended(OrderStatus::Failed))?;
        writeln!(f, "charges     {}", self.charges())?;
        writeln!(f, "lost        {lost}")?;
        writeln!(f, "repeated    {repeated}")?;
        writeln!(f, "latency     {}", latency(&self.sent.latency))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "run         {} (seed {}), journal {}", self.run, self.seed, self.journal)?;
        self.numbers(f)?;
        if self.findings.is_empty() {
            return write!(f, "every order is accounted for");
        }
        let faults = self.findings.len();
        write!(f, "{faults} {}:", if faults == 1 { "fault" } else { "faults" })?;
        for finding in self.findings.iter().take(NAMED) {
            write!(f, "\n  {finding}")?;
        }
        match self.findings.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

fn rate(count: usize, took: Duration) -> String {
    let seconds = took.as_secs_f64().max(0.001);
    format!("{seconds:.1} s ({:.0}/s)", count as f64 / seconds)
}

fn latency(histogram: &Histogram<u64>) -> String {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    format!("p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms", at(0.50), at(0.95), at(0.99))
}
