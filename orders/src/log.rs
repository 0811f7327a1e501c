//! The log that the settings mean: a Kafka cluster, or the embedded one.
//!
//! ```text
//!  KAFKA_BROKERS ─▶ cluster ─┬─ for_callers: the producer's; gives a record up after 20 s, as somebody waits
//!                            └─ broker: everybody else's; never gives a record up (rule 5)
//!  without it ───▶ DATA_DIR/log, which belongs to this process; both are the same
//! ```

use std::time::Duration;

use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, BrokerError};
use tokio::time::Instant;

use crate::config::Config;

/// After so long a record of the producer's that the cluster did not acknowledge is given up: whether it is there is
/// unknown.
pub const DELIVERY: Duration = Duration::from_secs(20);
/// How long a start waits for a cluster that does not answer: with the last question's own limit under 30 s.
const START: Duration = Duration::from_secs(15);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long it may take to close. It writes what is queued, which nobody is told of any more.
const CLOSE: Duration = Duration::from_secs(1);

/// Who publishes in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishers {
    /// The producer, whose callers wait.
    Callers,
    /// Handlers and operators, whose records must get there.
    Services,
    /// Both.
    Both,
}

/// The log, opened.
#[derive(Debug)]
pub struct Log {
    broker: Broker,
    /// Where both publish to a cluster: a client of its own.
    for_callers: Option<Broker>,
    place: String,
}

impl Log {
    /// Opens it. A cluster is connected to later, and [`reach`](Self::reach)ed.
    ///
    /// # Errors
    /// [`BrokerError`]: a folder that cannot be used, or settings that the client does not take.
    pub fn open(
        config: &Config,
        service: &str,
        publishers: Publishers,
    ) -> Result<Self, BrokerError> {
        let name = config.http.service_name.clone().unwrap_or_else(|| service.to_owned());
        let options = config.kafka.options(&name).map_err(BrokerError::Config)?;
        let place = place(config);
        let Some(options) = options else {
            let broker = Broker::embedded(config.stores.log_dir())?;
            return Ok(Self { broker, for_callers: None, place });
        };
        let patient = || options.clone().delivery_timeout(DELIVERY);
        let (broker, for_callers) = match publishers {
            Publishers::Callers => (cluster(patient())?, None),
            Publishers::Services => (cluster(options)?, None),
            Publishers::Both => (cluster(options.clone())?, Some(cluster(patient())?)),
        };
        Ok(Self { broker, for_callers, place })
    }

    /// For everything but what somebody waits for.
    #[must_use]
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// For records whose sender waits.
    #[must_use]
    pub fn for_callers(&self) -> &Broker {
        self.for_callers.as_ref().unwrap_or(&self.broker)
    }

    /// Which setting says where it is, for messages: `DATA_DIR is ./data`, `KAFKA_BROKERS is localhost:9092`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Waits until it answers: a cluster may be starting too.
    ///
    /// # Errors
    /// The last answer, when there was no better one in 30 s.
    pub async fn reach(&self) -> Result<(), BrokerError> {
        let deadline = Instant::now() + START;
        let mut told = false;
        loop {
            let asked = tokio::time::timeout(START, self.broker.health()).await;
            let answer = asked.unwrap_or_else(|_| {
                Err(BrokerError::Unavailable(format!("no answer within {} s", START.as_secs())))
            });
            match answer {
                Err(BrokerError::Unavailable(_)) if Instant::now() < deadline => {}
                other => return other,
            }
            if !told {
                tracing::info!(place = self.place, "waiting for the log");
                told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Ends it, after what is queued was written.
    pub async fn close(self) {
        let all = async {
            if let Some(broker) = &self.for_callers {
                broker.close().await;
            }
            self.broker.close().await;
        };
        if tokio::time::timeout(CLOSE, all).await.is_err() {
            tracing::warn!(
                place = self.place,
                "the log did not close in time: the next start makes up for it"
            );
        }
    }
}

/// Which setting says where the log is.
#[must_use]
pub fn place(config: &Config) -> String {
    match &config.kafka.kafka_brokers {
        Some(brokers) => format!("KAFKA_BROKERS is {brokers}"),
        None => format!("DATA_DIR is {}", config.stores.data_dir.display()),
    }
}

fn cluster(options: KafkaOptions) -> Result<Broker, BrokerError> {
    Broker::kafka(options)
}
