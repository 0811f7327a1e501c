//! From a number to an answer: mostly well, now and then not.

use std::time::Duration;

use tidegate::broker::CommitError;
use tidegate::class::{Cause, Class, Failure};
use tidegate::consumer::core::{StepFailure, Verdict};
use tidegate::message::TopicPartition;

fn failed(class: Class, cause: Cause) -> Verdict {
    let failure = Box::new(Failure { class, message: "no".into(), cause });
    Verdict::Failed { failure, took: Duration::from_millis(5) }
}

pub(crate) fn verdict(roll: u64) -> Verdict {
    match roll % 100 {
        0..35 => Verdict::Done { emits: false },
        35..50 => Verdict::Done { emits: true },
        50..55 => Verdict::Duplicate { owes: true },
        55..58 => Verdict::Duplicate { owes: false },
        58..62 => Verdict::Skipped,
        62..80 => failed(Class::Transient, Cause::Error),
        80..83 => failed(Class::Transient.after(Duration::from_secs(3)), Cause::Error),
        83..87 => failed(Class::Transient, Cause::Panic),
        87..91 => failed(Class::Permanent, Cause::Error),
        91..98 => failed(Class::Outage("db"), Cause::Error),
        _ => Verdict::Fenced,
    }
}

pub(crate) fn step_result(roll: u64) -> Result<bool, StepFailure> {
    match roll % 100 {
        0..40 => Ok(false),
        40..65 => Ok(true),
        65..82 => Err(StepFailure::Again("down".into())),
        82..92 => Err(StepFailure::Rerun("rolled back".into())),
        92..98 => Err(StepFailure::Duplicate),
        _ => Err(StepFailure::Fenced),
    }
}

pub(crate) fn commit_result(roll: u64, id: &TopicPartition) -> Result<(), CommitError> {
    match roll % 100 {
        0..60 => Ok(()),
        60..72 => Err(CommitError::StaleGeneration),
        72..82 => Err(CommitError::RebalanceInProgress),
        82..96 => Err(CommitError::Unavailable("no answer".into())),
        _ => Err(CommitError::NotOwned(id.clone())),
    }
}

pub(crate) fn pick<T: Clone>(from: impl Iterator<Item = T>, roll: u64) -> Option<T> {
    let all: Vec<_> = from.collect();
    (!all.is_empty()).then(|| all[roll as usize % all.len()].clone())
}
