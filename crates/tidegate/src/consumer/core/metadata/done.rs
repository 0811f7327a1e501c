//! What is finished above the committed offset, as ranges; and as text that fits into a commit (rule 8).
//!
//! ```text
//!  base                                            runs     r3.2.1.5     3 unfinished, 2 finished, 1 unfinished, 5 finished
//!   ▼                                              bits     b0uA         six offsets in each character, lowest first:
//!   □ □ □ ■ ■ □ ■ ■ ■ ■ ■ □ □ ...                           A-Z a-z 0-9 - _ stand for 0 to 63
//! ```
//!
//! The shorter form is written. An offset without a record counts as finished: nobody will ask for it.

use std::fmt::Write;

use crate::message::Offset;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Finished offsets, as ranges from the first to the one behind the last; in order, none touching another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoneAbove(Vec<(u64, u64)>);

impl DoneAbove {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the offset is finished.
    #[must_use]
    pub fn contains(&self, offset: Offset) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= offset.0);
        after.checked_sub(1).is_some_and(|at| offset.0 < self.0[at].1)
    }

    /// Adds the offsets from `from` to the one before `to`; they must lie above all that is here.
    pub fn push(&mut self, from: Offset, to: Offset) {
        if from >= to {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.1 >= from.0 => last.1 = last.1.max(to.0),
            _ => self.0.push((from.0, to.0)),
        }
    }

    /// The ranges, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (Offset, Offset)> + '_ {
        self.0.iter().map(|(from, to)| (Offset(*from), Offset(*to)))
    }

    /// Drops what lies below an offset.
    pub(crate) fn forget_below(&mut self, offset: Offset) {
        let gone = self.0.partition_point(|(_, to)| *to <= offset.0);
        if gone > 0 {
            self.0.drain(..gone);
        }
    }

    /// The text, relative to `base`, in at most `limit` bytes; and whether all of it is in there.
    pub(crate) fn encode(&self, base: Offset, limit: usize) -> (String, bool) {
        let runs = self.runs(base);
        if runs.len() <= limit {
            return (runs, true);
        }
        let (bits, all) = self.bits(base, limit);
        if all { (bits, true) } else { (longer(&runs, limit, bits), false) }
    }

    fn runs(&self, base: Offset) -> String {
        let (mut text, mut at) = (String::new(), base.0);
        for (from, to) in self.0.iter().filter(|(_, to)| *to > base.0) {
            let from = (*from).max(base.0);
            let dot = if text.is_empty() { 'r' } else { '.' };
            write!(text, "{dot}{}.{}", from - at, to - from).expect("writing to a string");
            at = *to;
        }
        text
    }

    fn bits(&self, base: Offset, limit: usize) -> (String, bool) {
        let Some((_, end)) = self.0.last().filter(|(_, end)| *end > base.0) else {
            return (String::new(), true);
        };
        let needed = (end - base.0).div_ceil(6);
        let fits = needed.min(limit.saturating_sub(1) as u64);
        let mut text = String::from("b");
        for digit in 0..fits {
            let from = base.0 + digit * 6;
            let set = (0..6).filter(|bit| self.contains(Offset(from + bit)));
            let value = set.fold(0_usize, |value, bit| value | 1 << bit);
            text.push(char::from(DIGITS[value]));
        }
        (text, fits == needed)
    }

    /// Reads the text.
    pub(crate) fn decode(text: &str, base: Offset) -> Option<Self> {
        match text.split_at_checked(1) {
            None => Some(Self::default()),
            Some(("r", runs)) => Self::from_runs(runs, base),
            Some(("b", bits)) => Self::from_bits(bits, base),
            Some(_) => None,
        }
    }

    fn from_runs(text: &str, base: Offset) -> Option<Self> {
        let numbers: Option<Vec<u64>> = text.split('.').map(|n| n.parse().ok()).collect();
        let (mut done, mut at) = (Self::default(), base.0);
        for run in numbers?.chunks(2) {
            let &[open, finished] = run else { return None };
            let from = at.checked_add(open)?;
            at = from.checked_add(finished)?;
            done.push(Offset(from), Offset(at));
        }
        Some(done)
    }

    fn from_bits(text: &str, base: Offset) -> Option<Self> {
        let mut done = Self::default();
        for (digit, byte) in (0_u64..).zip(text.bytes()) {
            let value = DIGITS.iter().position(|known| *known == byte)?;
            let first = base.0.checked_add(digit.checked_mul(6)?)?;
            for bit in (0..6).filter(|bit| value >> bit & 1 == 1) {
                let at = first.checked_add(bit)?;
                done.push(Offset(at), Offset(at.checked_add(1)?));
            }
        }
        Some(done)
    }
}

/// Neither form fits: the one that reaches further, cut off behind a whole run.
fn longer(runs: &str, limit: usize, bits: String) -> String {
    let cut = runs.match_indices('.').map(|(at, _)| at).filter(|at| *at <= limit);
    // Every second dot stands behind a finished run.
    let whole = cut.enumerate().filter(|(n, _)| n % 2 == 1).last().map_or(0, |(_, at)| at);
    let reach: u64 = runs[..whole]
        .trim_start_matches('r')
        .split('.')
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    if reach > bits.len() as u64 * 6 { runs[..whole].to_owned() } else { bits }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn done(base: u64, flags: &[bool]) -> DoneAbove {
        let mut done = DoneAbove::default();
        for (offset, _) in (base..).zip(flags).filter(|(_, flag)| **flag) {
            done.push(Offset(offset), Offset(offset + 1));
        }
        done
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(base in 0_u64..1_000_000, flags in prop::collection::vec(any::<bool>(), 0..2_000)) {
            let done = done(base, &flags);
            let (text, all) = done.encode(Offset(base), 4_000);
            prop_assert!(all && text.len() <= 4_000);
            prop_assert_eq!(DoneAbove::decode(&text, Offset(base)), Some(done));
        }

        // rule 8: never more than there is, and never an offset that is not finished
        #[test]
        fn what_does_not_fit_is_left_out_at_the_end(flags in prop::collection::vec(any::<bool>(), 0..2_000), limit in 0_usize..400) {
            let all = done(0, &flags);
            let (text, complete) = all.encode(Offset(0), limit);
            prop_assert!(text.len() <= limit.max(1), "{} of {limit}: {text}", text.len());
            let read = DoneAbove::decode(&text, Offset(0)).unwrap();
            for (from, to) in read.ranges() {
                prop_assert!((from.0..to.0).all(|at| all.contains(Offset(at))));
            }
            prop_assert_eq!(complete, read == all);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}", base: u64) {
            let _ = DoneAbove::decode(&text, Offset(base));
        }
    }

    #[test]
    fn a_million_finished_behind_one_that_waits_are_a_few_characters() {
        let mut done = DoneAbove::default();
        done.push(Offset(11), Offset(1_000_011));
        assert_eq!(done.encode(Offset(10), 100), ("r1.1000000".to_owned(), true));
    }
}
