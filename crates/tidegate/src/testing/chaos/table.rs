//! Which fault hit at which moment how often, and how often the world ended well.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::moment::{Kind, Moment};
use super::own::Outcome;

/// Counts over many worlds.
#[derive(Debug, Clone, Default)]
pub struct Table {
    cells: BTreeMap<(Kind, Moment), Cell>,
    parked: u64,
}

/// One cell.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    injected: u64,
    survived: u64,
}

impl Table {
    /// What hit in one world, and whether that ended well.
    pub fn add(&mut self, outcome: &Outcome) {
        let survived = outcome.violation.is_none();
        self.parked += outcome.parked;
        for hit in &outcome.hits {
            let cell = self.cells.entry(*hit).or_default();
            cell.injected += 1;
            cell.survived += u64::from(survived);
        }
    }

    /// Adds up.
    pub fn merge(&mut self, other: &Self) {
        self.parked += other.parked;
        for (hit, cell) in &other.cells {
            let sum = self.cells.entry(*hit).or_default();
            sum.injected += cell.injected;
            sum.survived += cell.survived;
        }
    }

    /// How many keys waited in the schedule, a failed record and others behind it, when a process died or the group rebalanced.
    #[must_use]
    pub fn parked(&self) -> u64 {
        self.parked
    }

    /// Cells that can exist, and were never hit.
    #[must_use]
    pub fn empty_cells(&self) -> Vec<(Kind, Moment)> {
        let all = Kind::ALL.into_iter().flat_map(|kind| Moment::ALL.map(|moment| (kind, moment)));
        let can = all.filter(|(kind, moment)| kind.can_hit(*moment));
        can.filter(|cell| self.cells.get(cell).is_none_or(|cell| cell.injected == 0)).collect()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<15}", "fault / moment")?;
        for moment in Moment::ALL {
            write!(f, "{moment:>14}")?;
        }
        for kind in Kind::ALL {
            write!(f, "\n{kind:<15}")?;
            for moment in Moment::ALL {
                let mut text = String::new();
                match self.cells.get(&(kind, moment)) {
                    _ if !kind.can_hit(moment) => text.push('-'),
                    Some(Cell { injected, survived }) => write!(text, "{injected}/{survived}")?,
                    None => text.push('0'),
                }
                write!(f, "{text:>14}")?;
            }
        }
        write!(
            f,
            "\ninjected/survived; -: cannot be\n{} keys were parked when a process died or the group rebalanced",
            self.parked
        )
    }
}
