//! Audit records as lines of the log.

use super::{AuditRecord, Phase};

/// Target of these lines, and beginning of the other one: the log's limit hides none of them.
pub(crate) const LINES: &str = "orders::audit";
/// Target where the line is all there is of the record: no filter hides it either.
pub(crate) const RECORDS: &str = "orders::audit::record";

/// The record as a line, without what was asked for: that is the client's own text.
pub(super) fn tell(record: &AuditRecord, is_all: bool) {
    let AuditRecord { job, service, who, peer, correlation_id, detail, .. } = record;
    let (action, peer) = (record.action.as_str(), peer.as_deref());
    macro_rules! line {
        ($level:ident, $message:literal $(, $($field:tt)+)?) => {
            if is_all {
                line!(to RECORDS, $level, $message $(, $($field)+)?)
            } else {
                line!(to LINES, $level, $message $(, $($field)+)?)
            }
        };
        (to $target:ident, $level:ident, $message:literal $(, $($field:tt)+)?) => {
            tracing::$level!(target: $target, job, service, action, who, peer, correlation_id, $($($field)+,)? $message)
        };
    }
    match record.phase {
        Phase::Begun => line!(info, "an operator's job begins"),
        Phase::Refused => {
            line!(warn, "an operator's call was refused", errors = detail.errors.join("; "));
        }
        Phase::Ended => {
            let counts = detail.counts.unwrap_or_default();
            let now = detail.now.as_ref().map(tracing::field::display);
            line!(
                info,
                "an operator's job has ended",
                now = now,
                replayed = counts.replayed,
                failed = counts.failed,
                cleared = counts.cleared
            );
        }
    }
}
