//! One row of the table.

use serde::{Deserialize, Serialize};

/// What was measured, and what it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    #[serde(skip)]
    pub(crate) id: String,
    /// The ratio; in an absolute row, the value.
    pub(crate) ratio: f64,
    pub(crate) floor: Option<f64>,
    pub(crate) goal: Option<f64>,
    pub(crate) lower_is_better: bool,
    pub(crate) unit: &'static str,
    /// Whether the other side is good enough to say anything.
    pub(crate) resolved: bool,
    /// What was compared, and how.
    pub(crate) settings: String,
}

impl Row {
    fn reaches(&self, bound: f64) -> bool {
        if self.lower_is_better { self.ratio <= bound } else { self.ratio >= bound }
    }

    /// `goal`, `floor`, `below the floor`, or nothing when nothing is asked; `not resolved` whatever the value.
    pub(crate) fn verdict(&self) -> &'static str {
        if !self.resolved {
            return "not resolved";
        }
        match (self.floor, self.goal) {
            (_, Some(goal)) if self.reaches(goal) => "goal",
            (Some(floor), _) if self.reaches(floor) => "floor",
            (Some(_), _) => "BELOW THE FLOOR",
            (None, Some(_)) => "below the goal",
            (None, None) => "",
        }
    }
}
