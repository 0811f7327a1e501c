//! The table: what was posted, how it ended, and why.

use std::fmt;

use super::{Case, Ending, Outcome, Sample};

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Open => "open",
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.ended.iter().map(|(case, _)| case.name.chars().count()).max();
        let width = width.unwrap_or(0);
        for (case, outcome) in &self.ended {
            row(f, width, case, outcome)?;
        }
        self.replay_hint(f)?;
        let unexpected = self.ended.iter().filter(|(case, outcome)| case.ends != outcome.ending);
        match unexpected.count() {
            0 => write!(f, "\n{} orders, each ended as it should", self.ended.len()),
            wrong => write!(f, "\n{wrong} of {} orders ended unexpectedly", self.ended.len()),
        }
    }
}

fn row(f: &mut fmt::Formatter<'_>, width: usize, case: &Case, outcome: &Outcome) -> fmt::Result {
    write!(f, "{:width$}  {:<9}", case.name, outcome.ending)?;
    if case.ends != outcome.ending {
        write!(f, "  UNEXPECTED, should have {}", case.ends)?;
    }
    if !outcome.reason.is_empty() {
        write!(f, "  {}", outcome.reason)?;
    }
    writeln!(f)
}

impl Sample {
    /// How to send the orders that wait for it back to work.
    fn replay_hint(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.ended.iter().filter(|(case, outcome)| {
            case.replay && outcome.ending == Ending::Failed && outcome.event_id.is_some()
        });
        for (case, outcome) in waiting {
            let id = outcome.event_id.as_deref().unwrap_or_default();
            writeln!(f, "\n\"{}\" completes when it is replayed:", case.name)?;
            writeln!(
                f,
                "  curl -X POST {}/api/v1/replay -H 'content-type: application/json' \
                 -d '{{\"event_ids\": [\"{id}\"]}}'",
                self.services.replay
            )?;
        }
        Ok(())
    }
}
