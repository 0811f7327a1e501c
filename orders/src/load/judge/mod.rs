//! The judgement: journal x ledger x read model -> verdict. No I/O.
//!
//! ```text
//!  journal     (asked, answered) --+
//!  read model  (order, state)    --+--> judge --> findings, each names its order
//!  ledger      (order, charges)  --+
//! ```
//!
//! The promise: a 202 has exactly one final state, the one its kind calls for,
//! and exactly one performed charge if completed, at most one if failed. A
//! request without an answer has 0 or 1 order. A refused one has none. Nothing
//! is in the read model that was not asked for.
//! (tests: `any_single_fault_is_found`, `a_faultless_run_raises_no_alarm`)

mod finding;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use finding::{Fault, Finding};

use super::args::SelfTest;
use super::plan::Kind;
use crate::order::OrderStatus;

/// A request of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its place in the run; the `quantity` of its order.
    pub seq: u32,
    /// The customer it was sent for.
    pub customer_id: String,
    /// What it was made to do.
    pub kind: Kind,
    /// What came back.
    pub answer: Answer,
}

/// What came back, as far as it matters for the judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 202 with this order id.
    Accepted(String),
    /// Nothing certain.
    Unknown,
    /// A refusal, and what it said.
    Refused(String),
}

/// An order of the read model that carries a customer of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// Its id.
    pub order_id: String,
    /// Its customer.
    pub customer_id: String,
    /// Its `quantity`: the place of the request that asked for it.
    pub seq: u32,
    /// Where it stands.
    pub status: OrderStatus,
}

/// Performed charges per order id.
pub type Charges = HashMap<String, u32>;

/// All that is known about a run.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The journal, in the order of `seq`.
    pub requests: Vec<Request>,
    /// The read model's orders of the run's customers.
    pub orders: Vec<Projected>,
    /// The gateway's ledger. May hold orders of other runs.
    pub charges: Charges,
}

/// Whether nothing more happens to an order by itself.
pub(crate) fn is_final(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Completed | OrderStatus::Failed | OrderStatus::Cancelled)
}

/// Compares what was asked with what became of it.
#[must_use]
pub fn judge(evidence: &Evidence) -> Vec<Finding> {
    let mut orders = by_request(&evidence.orders);
    let mut findings = Vec::new();
    for request in &evidence.requests {
        let key = (request.customer_id.as_str(), request.seq);
        let found = orders.remove(&key).unwrap_or_default();
        for (order_id, fault) in judge_request(request, &found, &evidence.charges) {
            findings.push(Finding {
                seq: request.seq,
                order_id: order_id.map(str::to_owned),
                kind: Some(request.kind),
                fault,
            });
        }
    }
    findings.extend(not_requested(orders));
    findings
}

type ByRequest<'a> = HashMap<(&'a str, u32), Vec<&'a Projected>>;

fn by_request(orders: &[Projected]) -> ByRequest<'_> {
    let mut map = ByRequest::new();
    for order in orders {
        map.entry((&order.customer_id, order.seq)).or_default().push(order);
    }
    map
}

fn not_requested(orders: ByRequest<'_>) -> impl Iterator<Item = Finding> {
    let mut stray: Vec<_> = orders.into_values().flatten().collect();
    stray.sort_by(|a, b| (a.seq, &a.order_id).cmp(&(b.seq, &b.order_id)));
    stray.into_iter().map(|order| Finding {
        seq: order.seq,
        order_id: Some(order.order_id.clone()),
        kind: None,
        fault: Fault::NotRequested,
    })
}

type Faults<'a> = Vec<(Option<&'a str>, Fault)>;

fn judge_request<'a>(
    request: &'a Request,
    found: &[&'a Projected],
    charges: &Charges,
) -> Faults<'a> {
    let (own, mut faults) = match &request.answer {
        Answer::Accepted(id) => {
            let own = found.iter().find(|order| order.order_id == *id);
            let lost = own.is_none().then_some((Some(id.as_str()), Fault::Lost));
            let mut faults: Faults<'_> = lost.into_iter().collect();
            faults.extend(repeated(id, charges));
            (own, faults)
        }
        Answer::Unknown => (found.first(), unanswered(found.first(), charges)),
        Answer::Refused(said) => (None, vec![(None, Fault::Refused(said.clone()))]),
    };
    let others = found.iter().filter(|order| own.is_none_or(|own| own.order_id != order.order_id));
    faults.extend(others.map(|order| (Some(order.order_id.as_str()), Fault::Twin)));
    faults.extend(own.and_then(|order| wrong_end(request.kind, order)));
    faults.extend(own.and_then(|order| not_charged(order, charges)));
    faults
}

fn unanswered<'a>(order: Option<&&'a Projected>, charges: &Charges) -> Faults<'a> {
    order.and_then(|order| repeated(&order.order_id, charges)).into_iter().collect()
}

fn repeated<'a>(order_id: &'a str, charges: &Charges) -> Option<(Option<&'a str>, Fault)> {
    let times = charges.get(order_id).copied().unwrap_or(0);
    (times > 1).then_some((Some(order_id), Fault::Repeated(times)))
}

fn wrong_end(kind: Kind, order: &Projected) -> Option<(Option<&str>, Fault)> {
    let fault = match order.status {
        state if state == kind.expected() => return None,
        state if is_final(state) => Fault::WrongState(state),
        state => Fault::Unfinished(state),
    };
    Some((Some(&order.order_id), fault))
}

fn not_charged<'a>(order: &'a Projected, charges: &Charges) -> Option<(Option<&'a str>, Fault)> {
    let missing = order.status == OrderStatus::Completed && !charges.contains_key(&order.order_id);
    missing.then_some((Some(&order.order_id), Fault::NotCharged))
}

/// Falsifies the evidence, so that a judge that misses the fault is caught.
/// Returns whether there was an effect to falsify.
pub(crate) fn falsify(evidence: &mut Evidence, fault: SelfTest) -> bool {
    let completed = |order: &&Projected| order.status == OrderStatus::Completed;
    let Some(order) = evidence.orders.iter().find(completed) else {
        return false;
    };
    match fault {
        SelfTest::Lost => evidence.charges.remove(&order.order_id).is_some(),
        SelfTest::Repeated => match evidence.charges.get_mut(&order.order_id) {
            Some(times) => {
                *times += 1;
                true
            }
            None => false,
        },
    }
}
