//! The system as its processes, on one cluster and in one folder.

use std::path::{Path, PathBuf};

use crate::harness::{Program, Setup};

/// Where the processes meet: a cluster, names of their own in it, and a folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Of the four services: each process takes its own from it.
    port: u16,
    variables: Vec<(String, String)>,
}

impl Place {
    /// On this cluster. Topics and group are called by `name`, which no other test on it has.
    pub(crate) fn new(folder: &Path, brokers: &str, name: &str) -> Self {
        let port = Setup::orders(folder, &[]).port;
        let variables = vec![
            ("KAFKA_BROKERS".to_owned(), brokers.to_owned()),
            ("KAFKA_TOPIC_ORDERS".to_owned(), name.to_owned()),
            ("KAFKA_TOPIC_ORDERS_RETRY".to_owned(), format!("{name}_retry")),
            ("KAFKA_TOPIC_ORDERS_DLQ".to_owned(), format!("{name}_dlq")),
            ("KAFKA_CONSUMER_GROUP".to_owned(), format!("{name}-group")),
            ("RETRY_INITIAL_INTERVAL".to_owned(), "50ms".to_owned()),
            ("RETRY_MAX_INTERVAL".to_owned(), "200ms".to_owned()),
            ("ALLOW_SIMULATION".to_owned(), "true".to_owned()),
        ];
        Self { folder: folder.to_owned(), port, variables }
    }

    /// The producer's port; the others take the three after it.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// One setting more, of all processes.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A command in this place.
    pub(crate) fn orders(&self, words: &str) -> Setup {
        let words: Vec<_> = words.split_whitespace().collect();
        let setup = Setup::orders(&self.folder, &words).at_port(self.port);
        let variables = self.variables.iter();
        variables.fold(setup, |setup, (name, value)| setup.variable(name, value))
    }

    /// A consumer beside the first one, on ports of its own.
    pub(crate) fn second_consumer(&self) -> Setup {
        let port = Setup::orders(&self.folder, &[]).port;
        let gateway = format!("http://127.0.0.1:{}", self.port + 3);
        self.orders("consumer").at_port(port).variable("GATEWAY_URL", &gateway)
    }

    /// Makes the topics.
    pub(crate) async fn topics(&self) -> String {
        self.orders("topics").run().await.expect(0).stdout
    }
}

/// Gateway, producer, consumer and replay service, each a process.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) gateway: Program,
    /// Answers questions about all of them: their ports are counted from its own.
    pub(crate) producer: Program,
    pub(crate) consumer: Program,
    pub(crate) replay: Program,
}

impl Platform {
    /// Starts them, and waits until each is ready.
    pub(crate) async fn ready(place: &Place) -> Self {
        Self {
            gateway: place.orders("gateway").ready_at(3..4).await,
            producer: place.orders("producer").ready_at(0..1).await,
            consumer: place.orders("consumer").ready_at(1..2).await,
            replay: place.orders("replay").ready_at(2..3).await,
        }
    }

    /// Ends them as an operator does. None may have lost sight of a record.
    pub(crate) async fn end(self) {
        self.consumer.assert_conserved().await;
        for process in [self.producer, self.consumer, self.replay, self.gateway] {
            process.stop("TERM").await;
        }
    }
}
