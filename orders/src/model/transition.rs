//! How an order's status may change.

use crate::order::OrderStatus;

/// What an event says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It was placed.
    Created,
    /// It was charged.
    Completed,
    /// It was given up.
    Failed,
    /// The customer called it off.
    Cancelled,
}

/// The status that follows; `None`: nothing changes. An order that is not known yet counts as pending.
///
/// | is \ happens | created | completed | failed | cancelled |
/// |---|---|---|---|---|
/// | pending, processing | | completed | failed | cancelled |
/// | completed | | | | cancelled |
/// | failed | | completed (a replay worked) | failed (a replay failed) | cancelled |
/// | cancelled | | | | |
///
/// So a cancelled order stays cancelled whatever comes late, and a charged one is never called failed. A failed order
/// can be cancelled because the wish may have been accepted while it was pending: no replay charges it then.
#[must_use]
pub fn next(is: OrderStatus, happens: Happened) -> Option<OrderStatus> {
    use Happened as H;
    use OrderStatus as S;
    match (is, happens) {
        (S::Pending | S::Processing | S::Failed, H::Completed) => Some(S::Completed),
        (S::Pending | S::Processing | S::Failed, H::Failed) => Some(S::Failed),
        (S::Pending | S::Processing | S::Completed | S::Failed, H::Cancelled) => Some(S::Cancelled),
        (_, H::Created) | (S::Completed | S::Cancelled, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_meets_every_event() {
        use OrderStatus as S;
        let events =
            [Happened::Created, Happened::Completed, Happened::Failed, Happened::Cancelled];
        let (completed, failed, cancelled) =
            (Some(S::Completed), Some(S::Failed), Some(S::Cancelled));
        let table = [
            (S::Pending, [None, completed, failed, cancelled]),
            (S::Processing, [None, completed, failed, cancelled]),
            (S::Completed, [None, None, None, cancelled]),
            (S::Failed, [None, completed, failed, cancelled]),
            (S::Cancelled, [None, None, None, None]),
        ];
        for (is, expected) in table {
            assert_eq!(events.map(|event| next(is, event)), expected, "from {is:?}");
        }
    }
}
