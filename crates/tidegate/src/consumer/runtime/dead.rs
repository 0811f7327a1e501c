//! Giving a record up: the letter, the dead-letter handler, and the marker `Dead`, in this order (rule 4).

use std::sync::Arc;

use tracing::Instrument;

use crate::broker::PublishError;
use crate::class::{Cause, Class, Failure};
use crate::consumer::core::StepFailure;
use crate::consumer::runtime::attempt::keep;
use crate::consumer::runtime::call::guarded;
use crate::consumer::runtime::job::{Job, Site};
use crate::consumer::runtime::settle::commit;
use crate::dead_letter::{Death, Detail};
use crate::events::RuntimeEvent;
use crate::inbox::{Claimed, InboxSession, Marker, StoreError};
use crate::message::NewRecord;
use crate::outcome::Outcome;
use crate::planted::{self, planted};

/// Publishes the dead letter, and remembers where it stands.
pub(super) async fn letter(job: &mut Job, death: Death) -> Result<(), StepFailure> {
    let mut detail = Detail::Full;
    loop {
        let record = write(&job.site, &death, detail)?;
        let topic = record.topic.clone();
        let trace = &job.site.item.trace;
        match trace.publish_letter(&job.site.shop.broker, record).await {
            Some(Ok(at)) => {
                let letter = format!("{topic}/{}/{}", at.partition, at.offset);
                tell(&job.site, &death, &letter);
                job.carry.letter = Some(letter);
                job.carry.death = Some(Arc::new(death));
                return Ok(());
            }
            Some(Err(error)) => detail = less(detail, &error)?,
            None => return Err(StepFailure::Again("the log gave no answer".to_owned())),
        }
    }
}

/// The last attempt's line: those before it are told as they are retried, and the end of settling says only that it ended.
fn tell(site: &Site, death: &Death, letter: &str) {
    let Failure { class, message, .. } = &death.failure;
    let (attempt, error) = (death.attempts, message);
    site.span().in_scope(|| {
        tracing::warn!(attempt, %class, error, letter, "attempt failed; no other one follows");
    });
}

fn write(site: &Site, death: &Death, detail: Detail) -> Result<NewRecord, StepFailure> {
    let (record, handler) = (&site.item.record, &site.item.handler);
    let Some(writer) = site.shop.dead_letters.get(&record.topic) else {
        return Err(StepFailure::Again(format!("{} has no dead-letter topic", record.topic)));
    };
    Ok(writer.write(record, handler, death, site.shop.clock.wall(), detail))
}

/// Rule 5: what is too large says less about itself; never again the same, never discarded.
fn less(detail: Detail, error: &PublishError) -> Result<Detail, StepFailure> {
    let too_large = matches!(error, PublishError::TooLarge { .. });
    let less = detail.less().filter(|_| too_large);
    less.ok_or_else(|| StepFailure::Again(error.to_string()))
}

/// Runs the route's dead-letter handler. `Ok(true)`: it emits something.
pub(super) async fn handler(
    job: &mut Job,
    told: &mut Option<RuntimeEvent>,
) -> Result<bool, StepFailure> {
    if job.carry.dead_handler_over {
        return Ok(false);
    }
    let session = match open(&job.site, job.carry.letter.as_deref()).await? {
        Open::Session(_) if !job.site.is_still_ours() => return Err(StepFailure::Lapsed),
        Open::Session(session) => Some(session),
        Open::NoStore => None,
        Open::Marked => return Ok(true), // what it emitted may still be owed
    };
    match call(job, session).await {
        Ok(()) => Ok(!job.carry.emits.is_empty()),
        Err(failure) if counts(&failure) => failed(job, failure, told),
        Err(failure) => Err(StepFailure::Again(failure.message)),
    }
}

async fn call(job: &mut Job, session: Option<Box<dyn InboxSession>>) -> Result<(), Failure> {
    let delivery = job.delivery(job.carry.dead_handler_failures + 1, session);
    let site = &job.site;
    let (policy, limit) = (site.item.policy, site.policy().dead_time_limit());
    let endpoint = &site.shop.endpoint;
    let (attempt, inbox) = (delivery.attempt, delivery.inbox.clone());
    let call = guarded(&site.shop.clock, limit, move || {
        planted::called_dead(endpoint.call_dead(policy, delivery))
    });
    let outcome = call.instrument(site.span()).await;
    let session = inbox.take();
    match outcome {
        Outcome::Done(emits) => keep(job, attempt, session, emits).await,
        Outcome::Skip(_) => {
            job.carry.dead_handler_over = true; // its transaction is rolled back
            Ok(())
        }
        Outcome::Failed(failure) => Err(failure),
    }
}

/// Whether trying the dead-letter handler again has to end some time. What is transient, or down, may take for ever:
/// the record waits, and the stall is told.
fn counts(failure: &Failure) -> bool {
    match failure.class {
        Class::Permanent | Class::Undecodable => true,
        Class::Transient | Class::TransientAfter(_) => failure.cause != Cause::Error,
        Class::Outage(_) | Class::Fatal => false,
    }
}

/// After as many failures as the route has attempts, the record is settled without the handler's effect.
fn failed(
    job: &mut Job,
    failure: Failure,
    told: &mut Option<RuntimeEvent>,
) -> Result<bool, StepFailure> {
    job.carry.dead_handler_failures += 1;
    if job.carry.dead_handler_failures < job.site.policy().retry.attempts {
        return Err(StepFailure::Again(failure.message));
    }
    job.carry.dead_handler_over = true;
    let (partition, offset) = (job.site.tenure.partition.clone(), job.site.offset);
    *told = Some(RuntimeEvent::DeadHandlerGivenUp { partition, offset, failure });
    Ok(false)
}

/// Commits the marker `Dead`, with the dead-letter handler's effect and outbox rows. When it fails, the effect is gone
/// with it, and the core has the handler called again.
pub(super) async fn mark(job: &mut Job) -> Result<(), StepFailure> {
    let session = match job.carry.session.take() {
        Some(session) => session,
        None => match open(&job.site, job.carry.letter.as_deref()).await? {
            Open::Session(session) => session,
            Open::Marked | Open::NoStore => return Ok(()),
        },
    };
    let letter = job.carry.letter.clone().unwrap_or_default();
    let result = commit(session, Marker::Dead { letter }, &mut job.carry).await;
    if let (true, true, Some(death)) =
        (planted!(LetterAgain), result.is_err(), job.carry.death.clone())
    {
        self::letter(job, death.as_ref().clone()).await?;
    }
    result.map_err(|error| match step_failure(error) {
        StepFailure::Again(why) => StepFailure::Rerun(why),
        other => other,
    })
}

/// What the marker says before `Dead` is written.
enum Open {
    Session(Box<dyn InboxSession>),
    /// It says `Dead`, by this very letter: an unconfirmed commit happened.
    Marked,
    NoStore,
}

async fn open(site: &Site, letter: Option<&str>) -> Result<Open, StepFailure> {
    let Some(store) = site.store() else { return Ok(Open::NoStore) };
    match store.store.claim(site.claim()).await.map_err(step_failure)? {
        Claimed::Fresh(session) => Ok(Open::Session(session)),
        Claimed::Dead { letter: marked, .. } if letter == Some(&marked) => Ok(Open::Marked),
        // An earlier letter, whose replay has failed: this one takes its place.
        Claimed::Dead { letter: marked, session, .. } if site.item.replays(&marked) => {
            Ok(Open::Session(session))
        }
        // rule 31: a twin of this record was dead-lettered meanwhile, and its handler has run
        Claimed::Dead { .. } => Err(StepFailure::Dead),
        // rule 25: `Done` beats `Dead`
        Claimed::Done { .. } => Err(StepFailure::Duplicate),
    }
}

fn step_failure(error: StoreError) -> StepFailure {
    match error {
        StoreError::Duplicate => StepFailure::Duplicate,
        StoreError::Fenced => StepFailure::Fenced,
        other => StepFailure::Again(other.to_string()),
    }
}
