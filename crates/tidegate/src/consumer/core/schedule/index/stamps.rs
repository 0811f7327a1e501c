//! Stamps by number: few of them differ, so that a slot has four bytes for one.

use std::collections::BTreeMap;

use crate::consumer::core::schedule::Stamp;

/// All that were noted since nobody waited last.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    all: Vec<Stamp>,
    numbers: BTreeMap<Stamp, u32>,
}

impl Stamps {
    pub(super) fn number(&mut self, stamp: Stamp) -> u32 {
        *self.numbers.entry(stamp).or_insert_with(|| {
            self.all.push(stamp);
            self.all.len() as u32 - 1 // as many as places, which are numbered so, at most
        })
    }

    pub(super) fn stamp(&self, number: u32) -> Stamp {
        self.all[number as usize]
    }
}
