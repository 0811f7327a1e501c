//! `orders sample`: posts an order of each kind, and prints how each one ended.
//!
//! ```text
//!  scripts/sample-data.json -> POST /api/v1/orders -> GET /api/v1/orders/{id} until it has ended -> table
//! ```
//!
//! The file says how each order must end; one that ends otherwise is marked,
//! and the program exits with 1 (test `an_unexpected_end_is_marked`).

mod case;
mod observe;
mod table;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

pub use case::{Case, CaseError, Ending};
pub use observe::Outcome;

use crate::config::Config;
use crate::load::{Client, ClientError, Services};

/// Posts sample orders and prints how each one ended.
#[derive(Debug, Clone, clap::Args)]
pub struct SampleArgs {
    /// Another list of cases than scripts/sample-data.json, in its form
    #[arg(long)]
    pub file: Option<PathBuf>,
    /// Seconds to wait for all orders to end
    #[arg(long, default_value_t = 120)]
    pub wait: u64,
}

/// A sample that could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// The cases cannot be read.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A service cannot be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// How each case ended. Its text is the table that `orders sample` prints.
#[derive(Debug)]
pub struct Sample {
    services: Services,
    ended: Vec<(Case, Outcome)>,
}

impl Sample {
    /// Whether every order ended as its case says.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.ended.iter().all(|(case, outcome)| case.ends == outcome.ending)
    }

    /// The cases and their outcomes, in the order of the file.
    #[must_use]
    pub fn ended(&self) -> &[(Case, Outcome)] {
        &self.ended
    }
}

/// Posts every case, waits for all of them, and says how they ended.
///
/// # Errors
/// [`SampleError`], when the cases or the services cannot be read at all.
pub async fn run(args: &SampleArgs, config: &Config) -> Result<Sample, SampleError> {
    sample(args, Services::of(config)).await
}

async fn sample(args: &SampleArgs, services: Services) -> Result<Sample, SampleError> {
    let client = Client::new(1)?;
    client.knock(&services.producer).await?;
    let mut posted = Vec::new();
    for case in case::cases(args.file.as_deref())? {
        let post = observe::post(&client, &services, &case).await?;
        posted.push((case, post));
    }
    let deadline = Instant::now() + Duration::from_secs(args.wait);
    let mut ended = Vec::new();
    for (case, post) in posted {
        let outcome = observe::outcome(&client, &services, post, deadline).await?;
        ended.push((case, outcome));
    }
    Ok(Sample { services, ended })
}
