//! One attempt, in the pinned order: replay target, claim, time limit, panic guard, layers and handler, encoding.
//!
//! ```text
//!   aimed elsewhere? ─▶ claim ─▶ [ timeout [ catch panic [ layers, handler ] ] ] ─▶ encode ─▶ Verdict
//!        Skipped       Done: Duplicate · Dead: Dead, unless exactly this letter is replayed
//! ```
//!
//! What it leaves for settling (the open transaction, the records to be emitted) travels in the job's `Carry`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tracing::Instrument;

use crate::class::{Cause, Class, Failure};
use crate::consumer::core::{StepFailure, Verdict};
use crate::consumer::runtime::call::{guarded, unpanicked};
use crate::consumer::runtime::dispatch::dispatch;
use crate::consumer::runtime::job::{Job, Site};
use crate::emit::Emits;
use crate::inbox::{Claimed, InboxSession, StoreError};
use crate::message::NewRecord;
use crate::outcome::Outcome;
use crate::planted::{self, planted};
use crate::policy::Effects;

/// Runs the attempt, which starts now.
pub(super) async fn run(job: &mut Job, attempt: u32, started: Duration) -> Verdict {
    job.site.shop.attempts.fetch_add(1, Ordering::Relaxed);
    match verdict(job, attempt).await {
        Ok(verdict) => verdict,
        Err(failure) => {
            Verdict::Failed { failure: Box::new(failure), took: took(&job.site, started) }
        }
    }
}

fn took(site: &Site, started: Duration) -> Duration {
    site.shop.clock.elapsed().saturating_sub(started)
}

async fn verdict(job: &mut Job, attempt: u32) -> Result<Verdict, Failure> {
    // rule 31: a replay is for one group
    let site = &job.site;
    if site.item.aimed_elsewhere {
        return Ok(Verdict::Skipped);
    }
    match claim(site).await? {
        Entry::Settled(verdict) => Ok(verdict),
        Entry::Run(Some(_)) if !site.is_still_ours() => Ok(Verdict::Held),
        Entry::Run(session) => handle(job, attempt, session).await,
    }
}

/// What the marker allows.
enum Entry {
    Run(Option<Box<dyn InboxSession>>),
    Settled(Verdict),
}

async fn claim(site: &Site) -> Result<Entry, Failure> {
    let Some(store) = site.store() else { return Ok(Entry::Run(None)) };
    match store.store.claim(site.claim()).await {
        Ok(Claimed::Fresh(session)) => Ok(Entry::Run(Some(session))),
        // rule 28
        Ok(Claimed::Done { owes }) => Ok(Entry::Settled(Verdict::Duplicate { owes })),
        Ok(Claimed::Dead { letter, session, owes }) => dead(site, &letter, session, owes).await,
        Err(StoreError::Duplicate) => Ok(Entry::Settled(Verdict::Duplicate { owes: true })),
        Err(StoreError::Fenced) => Ok(Entry::Settled(Verdict::Fenced)),
        Err(error) => Err(outage(store.name, error.to_string())),
    }
}

/// Rule 31: dead-lettered before. Runs only as the replay of exactly that letter; what the dead-letter handler
/// emitted and is still owed comes first.
async fn dead(
    site: &Site,
    letter: &str,
    session: Box<dyn InboxSession>,
    owes: bool,
) -> Result<Entry, Failure> {
    if owes {
        dispatch(site).await.map_err(|failure| outage("broker", reason(failure)))?;
    }
    Ok(if site.item.replays(letter) || planted!(DeadRunsAgain) {
        Entry::Run(Some(session))
    } else {
        Entry::Settled(Verdict::Dead)
    })
}

fn reason(failure: StepFailure) -> String {
    match failure {
        StepFailure::Again(message) | StepFailure::Rerun(message) => message,
        StepFailure::Duplicate | StepFailure::Dead | StepFailure::Fenced | StepFailure::Lapsed => {
            "what is owed cannot be read".to_owned()
        }
    }
}

async fn handle(
    job: &mut Job,
    attempt: u32,
    session: Option<Box<dyn InboxSession>>,
) -> Result<Verdict, Failure> {
    let delivery = job.delivery(attempt, session);
    let site = &job.site;
    let (policy, limit) = (site.item.policy, site.policy().time_limit());
    let (endpoint, inbox) = (&site.shop.endpoint, delivery.inbox.clone());
    let call =
        guarded(&site.shop.clock, limit, move || planted::called(endpoint.call(policy, delivery)));
    let outcome = call.instrument(site.span()).await;
    let session = inbox.take(); // a layer that keeps the delivery does not keep the transaction
    match outcome {
        Outcome::Done(emits) => {
            keep(job, attempt, session, emits).await?;
            Ok(Verdict::Done { emits: !job.carry.emits.is_empty() })
        }
        Outcome::Skip(_) => Ok(Verdict::Skipped),
        Outcome::Failed(failure) => Err(failure),
    }
}

/// Takes the open transaction and the encoded records over, for the steps of settling.
pub(super) async fn keep(
    job: &mut Job,
    attempt: u32,
    session: Option<Box<dyn InboxSession>>,
    emits: Emits,
) -> Result<(), Failure> {
    let emits = if emits.is_empty() { Vec::new() } else { encode(job, attempt, emits)? };
    check_sizes(&job.site, &emits).await?;
    if job.site.policy().effects == Effects::Transactional && session.is_none() {
        return Err(permanent(
            "the handler kept its Inbox after it returned: give it back by letting it go out of scope",
        ));
    }
    job.carry.session = session;
    job.carry.emits = emits;
    Ok(())
}

fn encode(job: &Job, attempt: u32, emits: Emits) -> Result<Vec<NewRecord>, Failure> {
    let (endpoint, delivery) = (&job.site.shop.endpoint, job.delivery(attempt, None));
    let encoded = unpanicked("encoding what is emitted", || endpoint.encode(emits, &delivery))?;
    let mut emits =
        encoded.map_err(|e| permanent(format!("what is emitted cannot be encoded: {e}")))?;
    job.site.item.trace.hand_on(&mut emits);
    Ok(emits)
}

/// Rule 5: what its topic can never take is found here, before anything is settled, and fails the record.
async fn check_sizes(site: &Site, emits: &[NewRecord]) -> Result<(), Failure> {
    for record in emits {
        let limit = site.shop.limits.of(&record.topic).await.unwrap_or(usize::MAX);
        if record.size() > limit {
            let (topic, size) = (&record.topic, record.size());
            return Err(permanent(format!(
                "an emitted record of {size} bytes is too large for {topic}, which takes {limit}"
            )));
        }
    }
    Ok(())
}

fn permanent(message: impl Into<String>) -> Failure {
    Failure { class: Class::Permanent, message: message.into(), cause: Cause::Error }
}

fn outage(dependency: &'static str, message: String) -> Failure {
    Failure { class: Class::Outage(dependency), message, cause: Cause::Error }
}
