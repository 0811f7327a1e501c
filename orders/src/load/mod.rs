//! `orders load`: generates orders, and judges what became of each one.
//!
//! ```text
//!  plan -> send --HTTP--> producer             (1) journal: request before, answer after
//!                            :
//!  evidence <--HTTP-- read model, ledger       (2) when all is final, or nothing moved for --settle
//!     |
//!   judge -> report -> exit 0 or 1             (3) journal x ledger x read model
//! ```
//!
//! It knows the services by HTTP only, so it judges them as a client would. It
//! judges its own orders only: its customers carry the run's name.
//! `--self-test` puts a fault into the comparison, which must then be found.

pub mod client;

mod args;
mod evidence;
mod journal;
mod judge;
mod plan;
mod progress;
mod reply;
mod report;
mod send;
mod settle;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;

pub use args::{LoadArgs, Percent, SelfTest};
pub use client::{Client, ClientError, Services};
pub use journal::JournalError;
pub use judge::{Answer, Charges, Evidence, Fault, Finding, Projected, Request, judge};
pub use plan::{Kind, Planned, Simulate};
pub use reply::Reply;
pub use report::Report;

use crate::config::Config;
use evidence::Reader;
use journal::Journal;
use plan::Plan;
use progress::Progress;
use send::{Sender, Sent};

/// A run that could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The journal could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A service could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// `--duplicates` and `--late` need the services' help.
    #[error(
        "the producer refuses X-Simulate ({message}): start it with ALLOW_SIMULATION=true, \
         or leave out --duplicates and --late"
    )]
    SimulationOff {
        /// What the producer said.
        message: String,
    },
    /// `--self-test` found nothing that it could falsify.
    #[error("--self-test: no order was completed and charged, so there is no effect to falsify")]
    NothingToFalsify,
    /// A worker ended by a panic.
    #[error("a worker ended")]
    Worker(#[source] tokio::task::JoinError),
}

impl LoadError {
    /// 2 when the settings are at fault, else 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::SimulationOff { .. }) { 2 } else { 1 }
    }
}

/// Sends, waits, judges. The report says whether every promise was kept.
///
/// # Errors
/// [`LoadError`], when the run could not be judged at all.
pub async fn run(args: &LoadArgs, config: &Config) -> Result<Report, LoadError> {
    let folder = &config.stores.data_dir;
    Run::new(args, Services::of(config), folder)?.judged().await
}

struct Run<'a> {
    args: &'a LoadArgs,
    services: Services,
    client: Client,
    journal: Arc<Journal>,
    name: String,
    seed: u64,
}

impl<'a> Run<'a> {
    fn new(args: &'a LoadArgs, services: Services, folder: &Path) -> Result<Self, LoadError> {
        let name = run_name();
        Ok(Self {
            args,
            services,
            client: Client::new(args.concurrency as usize)?,
            journal: Arc::new(Journal::create(folder, &name)?),
            name,
            seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
        })
    }

    async fn judged(self) -> Result<Report, LoadError> {
        for base in [&self.services.producer, &self.services.consumer, &self.services.gateway] {
            self.client.knock(base).await?;
        }
        let sent = self.send().await?;
        let started = Instant::now();
        let mut evidence = self.evidence().await?;
        let settled_after = started.elapsed();
        if let Some(fault) = self.args.self_test
            && !judge::falsify(&mut evidence, fault)
        {
            return Err(LoadError::NothingToFalsify);
        }
        Ok(Report {
            journal: self.journal.path().display().to_string(),
            run: self.name,
            seed: self.seed,
            findings: judge(&evidence),
            evidence,
            sent,
            settled_after,
        })
    }

    async fn send(&self) -> Result<Sent, LoadError> {
        let mut progress = Progress::new("sent", self.args.count.into());
        let plan = Plan::new(&self.name, self.args, self.seed);
        let journal = Arc::clone(&self.journal);
        let url = &self.services.producer;
        let sender = Sender::new(self.client.clone(), url, journal, plan, self.args.rate);
        let sent = sender.run(self.args.concurrency, &mut progress).await?;
        progress.finish(self.args.count.into());
        Ok(sent)
    }

    async fn evidence(&self) -> Result<Evidence, LoadError> {
        let requests = journal::read(self.journal.path())?;
        let accepted = |request: &&Request| matches!(request.answer, Answer::Accepted(_));
        let accepted = requests.iter().filter(accepted).count();
        let reader = Reader {
            client: &self.client,
            services: &self.services,
            run: &self.name,
            keys: self.args.keys,
        };
        let mut progress = Progress::new("final", accepted as u64);
        let orders = settle::settled(&reader, accepted, self.args.settle, &mut progress).await?;
        progress.finish(orders.iter().filter(|order| judge::is_final(order.status)).count() as u64);
        Ok(Evidence { requests, orders, charges: reader.charges().await? })
    }
}

/// Sorted by time, unique, and fit for a file and a customer's name.
fn run_name() -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S");
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{now}-{}", &random[..8])
}
