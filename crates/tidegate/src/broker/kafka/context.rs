//! What a client tells: log lines, troubles, requests for tokens.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::error::{corrupt, is_denied};
use super::statistics::Statistics;
use super::tokens::Tokens;
use crate::broker::BrokerError;

/// How long the last trouble explains a failure.
const FRESH: Duration = Duration::from_secs(30);

/// The facility of the client's line about a cluster id that is not the one it knew.
const CHANGED: &str = "CLUSTERID";

/// What a client takes for the length of an answer that is HTTP's.
const HTTP: i32 = i32::from_be_bytes(*b"HTTP");

/// The last thing that went wrong on the way to the cluster, kept to explain a time-out: the client itself says only
/// that there was no answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Troubles(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    last: Mutex<Option<(Instant, String)>>,
    /// Another cluster answers at the addresses now.
    replaced: AtomicBool,
}

impl Troubles {
    pub(super) fn note(&self, reason: String) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), reason));
    }

    /// Refuses to go on when another cluster has taken the place of the one that was known: its offsets are others, and
    /// the client, which keeps positions from before, would stand still.
    pub(super) fn same_cluster(&self) -> Result<(), BrokerError> {
        if !self.0.replaced.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(BrokerError::Unavailable(
            "another cluster answers at these addresses than before (its cluster id has changed): nothing that was read \
             or committed means anything there; start again"
                .into(),
        ))
    }

    /// What went wrong last, if that was lately.
    pub(super) fn last(&self) -> Option<String> {
        let last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, reason)| reason.clone())
    }

    /// A failure in one line, with what may have caused it.
    pub(super) fn explain(&self, error: &impl std::fmt::Display) -> String {
        match self.last() {
            Some(reason) => format!("{error} ({reason})"),
            None => error.to_string(),
        }
    }
}

/// The part of a context that all clients have.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) troubles: Troubles,
    pub(super) tokens: Option<Tokens>,
    pub(super) statistics: Statistics,
}

impl ClientContext for Told {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // One property list serves all clients: a consumer's property means nothing to a producer.
        if facility == "CONFWARN" {
            return;
        }
        // The client says so here only, and goes on.
        if facility == CHANGED && matches!(level, RDKafkaLogLevel::Warning) {
            tracing::error!(facility, "{line}");
            self.troubles.0.replaced.store(true, Ordering::Release);
            return;
        }
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error => tracing::warn!(facility, "{line}"),
            RDKafkaLogLevel::Warning => tracing::info!(facility, "{line}"),
            _ => tracing::debug!(facility, "{line}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Told to the reader, and no trouble on the way to the cluster.
        if matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset)
        ) {
            return;
        }
        // An answer that is none of Kafka's has the code of a batch that cannot be read, and is a trouble on the way.
        if corrupt(&error).is_some() && !reason.contains(RECEIVE_FAILED) {
            return tracing::debug!(%error, "{reason}");
        }
        // Always follows the reasons for it, which say more.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown)
            && self.troubles.last().is_some()
        {
            return;
        }
        tracing::debug!(%error, "{reason}");
        let lacks = error.rdkafka_error_code().is_some_and(is_denied);
        let reason = in_words(reason);
        self.troubles.note(if lacks {
            format!("{reason}: this user lacks an ACL")
        } else {
            reason
        });
    }

    fn stats_raw(&self, json: &[u8]) {
        self.statistics.hear(json);
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let tokens = self.tokens.as_ref().ok_or("no source of tokens was set")?;
        tokens.next().map_err(|reason| {
            tracing::warn!(reason, "no OAUTHBEARER token");
            self.troubles.note(format!("no OAUTHBEARER token: {reason}"));
            reason.into()
        })
    }
}

impl rdkafka::consumer::ConsumerContext for Told {}

/// What the client says of an answer that it could not take at all, behind the broker's name.
const RECEIVE_FAILED: &str = ": Receive failed: ";

/// The client's own words without its counts. But when the first answer of all has an impossible length, it asks to raise
/// a limit, which leads astray: something else listens there.
fn in_words(reason: &str) -> String {
    let (reason, when) = reason.rsplit_once(" (after ").unwrap_or((reason, ""));
    match reason.split_once(&format!("{RECEIVE_FAILED}Invalid response size ")) {
        Some((broker, size)) if size.starts_with(&format!("{HTTP} ")) => {
            format!("{broker}: what listens there speaks HTTP, and is no Kafka")
        }
        Some((broker, _)) if when.contains("APIVERSION_QUERY") => {
            format!("{broker}: what listens there does not answer as Kafka does")
        }
        _ => reason.to_owned(),
    }
}

/// Every client's context tells what the clients tell, through its field `told`.
macro_rules! tells {
    ($context:ty) => {
        impl rdkafka::ClientContext for $context {
            const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

            fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
                self.told.log(level, facility, line);
            }

            fn error(&self, error: rdkafka::error::KafkaError, reason: &str) {
                self.told.error(error, reason);
            }

            fn stats_raw(&self, json: &[u8]) {
                self.told.stats_raw(json);
            }

            fn generate_oauth_token(
                &self,
                config: Option<&str>,
            ) -> Result<rdkafka::client::OAuthToken, Box<dyn std::error::Error>> {
                self.told.generate_oauth_token(config)
            }
        }
    };
}

pub(super) use tells;

#[cfg(test)]
mod tests {
    use super::*;

    /// The client goes on with positions of a cluster that is gone, and says so in one line of its log.
    #[test]
    fn another_cluster_at_the_same_addresses_ends_what_was_begun() {
        let told = Told::default();
        told.log(RDKafkaLogLevel::Warning, "FAIL", "connection refused");
        told.log(RDKafkaLogLevel::Debug, CHANGED, "ClusterId update");
        assert_eq!(told.troubles.same_cluster(), Ok(()));
        told.log(RDKafkaLogLevel::Warning, CHANGED, "Broker h:1/1 reports different ClusterId");
        let refused = told.clone().troubles.same_cluster().unwrap_err().to_string();
        assert!(refused.contains("cluster id has changed") && !refused.contains('\n'), "{refused}");
    }

    #[test]
    fn an_answer_that_is_not_kafkas_is_a_trouble_and_a_batch_that_cannot_be_read_is_none() {
        let told = Told::default();
        let bad = |reason| told.error(KafkaError::Global(RDKafkaErrorCode::BadMessage), reason);
        bad("Consume message failed: MessageSet at offset 7 failed CRC check");
        assert_eq!(told.troubles.last(), None);
        bad(
            "h:1/bootstrap: Receive failed: Invalid response size 1213486160 (0..1): increase it (after 0ms in state APIVERSION_QUERY)",
        );
        let trouble = told.troubles.last();
        assert!(trouble.is_some_and(|told| told.ends_with("speaks HTTP, and is no Kafka")));
    }

    #[test]
    fn an_answer_that_is_not_kafkas_is_told_as_such_and_everything_else_in_the_clients_words() {
        let failed = |size, state| {
            in_words(&format!(
                "h:1/bootstrap: Receive failed: Invalid response size {size} (0..100000000): increase \
                 receive.message.max.bytes (after 0ms in state {state}, 1 identical error(s) suppressed)"
            ))
        };
        assert_eq!(
            failed(1_213_486_160, "APIVERSION_QUERY"),
            "h:1/bootstrap: what listens there speaks HTTP, and is no Kafka"
        );
        assert_eq!(
            failed(1_157_627_904, "APIVERSION_QUERY"),
            "h:1/bootstrap: what listens there does not answer as Kafka does"
        );
        assert!(failed(200_000_000, "UP").ends_with("increase receive.message.max.bytes"));
    }
}
