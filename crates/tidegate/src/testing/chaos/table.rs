//! Which fault hit at which moment how often, and how often the world ended well.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use super::moment::{Kind, Moment};

/// Counts over many worlds.
#[derive(Debug, Clone, Default)]
pub struct Table(BTreeMap<(Kind, Moment), Cell>);

/// One cell.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    injected: u64,
    survived: u64,
}

impl Table {
    /// What hit in one world, and whether that ended well.
    pub fn add(&mut self, hits: &[(Kind, Moment)], survived: bool) {
        for hit in hits {
            let cell = self.0.entry(*hit).or_default();
            cell.injected += 1;
            cell.survived += u64::from(survived);
        }
    }

    /// Adds up.
    pub fn merge(&mut self, other: &Self) {
        for (hit, cell) in &other.0 {
            let sum = self.0.entry(*hit).or_default();
            sum.injected += cell.injected;
            sum.survived += cell.survived;
        }
    }

    /// Cells that can exist, and were never hit.
    #[must_use]
    pub fn empty_cells(&self) -> Vec<(Kind, Moment)> {
        let all = Kind::ALL.into_iter().flat_map(|kind| Moment::ALL.map(|moment| (kind, moment)));
        let can = all.filter(|(kind, moment)| kind.can_hit(*moment));
        can.filter(|cell| self.0.get(cell).is_none_or(|cell| cell.injected == 0)).collect()
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
                match self.0.get(&(kind, moment)) {
                    _ if !kind.can_hit(moment) => text.push('-'),
                    Some(Cell { injected, survived }) => write!(text, "{injected}/{survived}")?,
                    None => text.push('0'),
                }
                write!(f, "{text:>14}")?;
            }
        }
        write!(f, "\ninjected/survived; -: cannot be")
    }
}
