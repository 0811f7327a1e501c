//! What a run sends: drawn from a seed, so that the same mix can be sent again.
//!
//! Each order carries its place in the run as its `quantity`. So an order that
//! shows up in the read model can be matched with the request that asked for
//! it, even when that request never got an answer.

use serde::{Deserialize, Serialize};

use super::args::LoadArgs;
use crate::order::OrderStatus;

/// What an order is made to do, steered by its `product_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Nothing special: it completes.
    Plain,
    /// Fails at the first attempt, then completes.
    FailTransient1,
    /// Fails at every attempt: its attempts are spent, and it ends `failed`.
    FailAlways,
    /// Fails for good at the first attempt.
    FailPermanent,
}

impl Kind {
    /// The kinds that `--failing` draws from, in turn.
    pub(crate) const FAILING: [Self; 3] =
        [Self::FailTransient1, Self::FailAlways, Self::FailPermanent];

    /// The product that steers an order of this kind.
    #[must_use]
    pub fn product_id(self) -> &'static str {
        match self {
            Self::Plain => "widget",
            Self::FailTransient1 => "fail-transient-1",
            Self::FailAlways => "fail-always",
            Self::FailPermanent => "fail-permanent",
        }
    }

    /// The state in which an order of this kind must end.
    #[must_use]
    pub fn expected(self) -> OrderStatus {
        match self {
            Self::Plain | Self::FailTransient1 => OrderStatus::Completed,
            Self::FailAlways | Self::FailPermanent => OrderStatus::Failed,
        }
    }
}

/// What the header `X-Simulate` asks of the producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Simulate {
    /// The same record twice.
    Duplicate,
    /// The record, held back a moment.
    Late,
}

impl Simulate {
    /// The header's value.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Late => "late",
        }
    }
}

/// One order to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its place in the run, from 1; sent as the order's `quantity`.
    pub seq: u32,
    /// A customer of this run only.
    pub customer_id: String,
    /// What it is made to do.
    pub kind: Kind,
    /// What its record is made to suffer.
    pub simulate: Option<Simulate>,
}

/// The orders of a run, one after another.
#[derive(Debug)]
pub(crate) struct Plan {
    rng: fastrand::Rng,
    run: String,
    args: LoadArgs,
    sent: u32,
    failing: usize,
}

impl Plan {
    pub(crate) fn new(run: &str, args: &LoadArgs, seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            run: run.to_owned(),
            args: args.clone(),
            sent: 0,
            failing: 0,
        }
    }

    fn draw_kind(&mut self) -> Kind {
        if self.rng.f64() >= self.args.failing.fraction() {
            return Kind::Plain;
        }
        self.failing += 1;
        Kind::FAILING[self.failing % Kind::FAILING.len()]
    }

    fn draw_simulate(&mut self) -> Option<Simulate> {
        let draw = self.rng.f64();
        let duplicates = self.args.duplicates.fraction();
        if draw < duplicates {
            Some(Simulate::Duplicate)
        } else if draw < duplicates + self.args.late.fraction() {
            Some(Simulate::Late)
        } else {
            None
        }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        if self.sent == self.args.count {
            return None;
        }
        self.sent += 1;
        Some(Planned {
            seq: self.sent,
            customer_id: customer(&self.run, self.sent % self.args.keys),
            kind: self.draw_kind(),
            simulate: self.draw_simulate(),
        })
    }
}

/// The customers of a run: nobody else's orders carry these names.
pub(crate) fn customers(run: &str, keys: u32) -> impl Iterator<Item = String> {
    (0..keys).map(move |key| customer(run, key))
}

fn customer(run: &str, key: u32) -> String {
    format!("load-{run}-{key}")
}

/// The arguments of a command line.
#[cfg(test)]
pub(super) fn args(line: &str) -> LoadArgs {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        load: LoadArgs,
    }
    let words = std::iter::once("load").chain(line.split_whitespace());
    <Cli as clap::Parser>::parse_from(words).load
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(line: &str, seed: u64) -> Vec<Planned> {
        Plan::new("r1", &args(line), seed).collect()
    }

    #[test]
    fn the_same_seed_sends_the_same_orders() {
        let line = "--count 500 --failing 10% --duplicates 10% --late 10%";
        assert_eq!(plan(line, 7), plan(line, 7));
        assert_ne!(plan(line, 7), plan(line, 8));
    }

    #[test]
    fn failing_orders_are_of_each_kind_in_turn() {
        let orders = plan("--count 3000 --failing 50%", 1);
        let count = |kind| orders.iter().filter(|o| o.kind == kind).count();
        let counts = Kind::FAILING.map(count);
        let total: usize = counts.iter().sum();
        assert!((1_300..1_700).contains(&total), "{total} of 3000 at 50%");
        assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1);
    }

    #[test]
    fn every_order_has_its_own_place_and_a_customer_of_the_run() {
        let orders = plan("--count 40 --keys 3", 1);
        let customers: Vec<_> = customers("r1", 3).collect();
        for (place, order) in orders.iter().enumerate() {
            assert_eq!(order.seq as usize, place + 1);
            assert!(customers.contains(&order.customer_id));
        }
        assert_eq!(orders.len(), 40);
    }
}
