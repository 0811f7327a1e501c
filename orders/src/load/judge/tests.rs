//! Every single fault is found, and a faultless run raises no alarm.

use proptest::prelude::*;

use super::*;

const CUSTOMER: &str = "load-r-0";

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Plain),
        1 => Just(Kind::FailTransient1),
        1 => Just(Kind::FailAlways),
        1 => Just(Kind::FailPermanent),
    ]
}

/// How a request went: answered with 202, or not answered and had an effect or none.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Went {
    Accepted,
    UnknownWithEffect,
    UnknownWithout,
}

fn went() -> impl Strategy<Value = Went> {
    prop_oneof![
        8 => Just(Went::Accepted),
        1 => Just(Went::UnknownWithEffect),
        1 => Just(Went::UnknownWithout),
    ]
}

fn id(seq: u32) -> String {
    format!("order-{seq}")
}

/// A run that kept every promise. `charged`: whether a failed order was charged.
fn faultless(draws: &[(Kind, Went, bool)]) -> Evidence {
    let mut evidence = Evidence::default();
    for (seq, &(kind, went, charged)) in (1..).zip(draws) {
        evidence.requests.push(Request {
            seq,
            customer_id: CUSTOMER.to_owned(),
            kind,
            answer: match went {
                Went::Accepted => Answer::Accepted(id(seq)),
                _ => Answer::Unknown,
            },
        });
        if went == Went::UnknownWithout {
            continue;
        }
        evidence.orders.push(projected(seq, kind.expected()));
        if charged || kind.expected() == OrderStatus::Completed {
            evidence.charges.insert(id(seq), 1);
        }
    }
    evidence.charges.insert("an order of another run".to_owned(), 2);
    evidence
}

fn projected(seq: u32, status: OrderStatus) -> Projected {
    Projected { order_id: id(seq), customer_id: CUSTOMER.to_owned(), seq, status }
}

fn runs() -> impl Strategy<Value = Vec<(Kind, Went, bool)>> {
    prop::collection::vec((kind(), went(), any::<bool>()), 1..40)
}

/// One fault done to the order at `place`, and the finding that it must cause.
fn break_one(evidence: &mut Evidence, place: usize, how: u8) -> Option<(u32, Fault)> {
    let place = place % evidence.orders.len().max(1);
    let order = evidence.orders.get_mut(place)?;
    let (seq, id, state) = (order.seq, order.order_id.clone(), order.status);
    let accepted = evidence.requests[seq as usize - 1].answer != Answer::Unknown;
    let fault = match how {
        0 if accepted => {
            evidence.orders.remove(place);
            Fault::Lost
        }
        1 => {
            order.status = OrderStatus::Pending;
            Fault::Unfinished(OrderStatus::Pending)
        }
        2 => {
            order.status = OrderStatus::Cancelled;
            Fault::WrongState(OrderStatus::Cancelled)
        }
        3 if state == OrderStatus::Completed => {
            evidence.charges.remove(&id);
            Fault::NotCharged
        }
        4 => {
            evidence.charges.insert(id, 2);
            Fault::Repeated(2)
        }
        5 => {
            let mut twin = order.clone();
            twin.order_id.push_str("-twin");
            evidence.orders.push(twin);
            Fault::Twin
        }
        6 => {
            let mut stray = order.clone();
            stray.seq = 1_000;
            evidence.orders.push(stray);
            return Some((1_000, Fault::NotRequested));
        }
        7 => {
            evidence.requests[seq as usize - 1].answer = Answer::Refused("415 no".to_owned());
            Fault::Refused("415 no".to_owned())
        }
        _ => return None,
    };
    Some((seq, fault))
}

proptest! {
    #[test]
    fn a_faultless_run_raises_no_alarm(draws in runs()) {
        prop_assert_eq!(judge(&faultless(&draws)), []);
    }

    #[test]
    fn any_single_fault_is_found(draws in runs(), place in any::<usize>(), how in 0u8..8) {
        let mut evidence = faultless(&draws);
        if let Some((seq, fault)) = break_one(&mut evidence, place, how) {
            let findings = judge(&evidence);
            prop_assert!(
                findings.iter().any(|f| f.seq == seq && f.fault == fault),
                "{fault:?} of {seq} is not in {findings:?}"
            );
            prop_assert!(
                findings.iter().all(|f| f.seq == seq),
                "an innocent order is named: {findings:?}"
            );
        }
    }

    #[test]
    fn a_falsified_effect_is_always_found(draws in runs(), repeated in any::<bool>()) {
        let mut evidence = faultless(&draws);
        let fault = if repeated { SelfTest::Repeated } else { SelfTest::Lost };
        let falsified = falsify(&mut evidence, fault);
        prop_assert_eq!(falsified, !judge(&evidence).is_empty());
    }
}

#[test]
fn an_accepted_order_that_is_nowhere_but_was_charged_twice_is_both() {
    let mut evidence = faultless(&[(Kind::Plain, Went::Accepted, true)]);
    evidence.orders.clear();
    evidence.charges.insert(id(1), 2);
    let faults: Vec<_> = judge(&evidence).into_iter().map(|f| f.fault).collect();
    assert_eq!(faults, [Fault::Lost, Fault::Repeated(2)]);
}

#[test]
fn two_requests_answered_with_one_order_lose_one() {
    let ok = (Kind::Plain, Went::Accepted, true);
    let mut evidence = faultless(&[ok, ok]);
    evidence.orders.remove(1);
    evidence.requests[1].answer = Answer::Accepted(id(1));
    let findings = judge(&evidence);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].seq, &findings[0].fault), (2, &Fault::Lost));
}

#[test]
fn an_order_for_a_refused_request_is_named() {
    let mut evidence = faultless(&[(Kind::Plain, Went::Accepted, true)]);
    evidence.requests[0].answer = Answer::Refused("503 no".to_owned());
    let faults: Vec<_> = judge(&evidence).into_iter().map(|f| f.fault).collect();
    assert_eq!(faults, [Fault::Refused("503 no".to_owned()), Fault::Twin]);
}
