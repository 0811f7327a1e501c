//! The command line.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::dlq::DlqCommand;
use crate::explain::ExplainArgs;
use crate::groups::GroupsCommand;
use crate::retry::RetryCommand;
use crate::topics::TopicsCommand;

/// The end of `--help`.
const AFTER: &str = "\
Security and other properties of the client, in the environment (a file's name with _FILE at the end of the variable):
  KAFKA_SECURITY_PROTOCOL, KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD, KAFKA_SSL_CA_LOCATION,
  KAFKA_SSL_CERTIFICATE_LOCATION, KAFKA_SSL_KEY_LOCATION, KAFKA_SSL_KEY_PASSWORD, and KAFKA_PROPERTY_SOCKET_TIMEOUT_MS
  for socket.timeout.ms, and so on

Exit codes:
  0  done; an empty list is an answer too
  1  it failed, or what was asked for is not there
  2  usage or settings: an argument, a property, a folder that cannot be used or is in use";

/// Looks into the log of services on Tidegate: topics, groups, dead letters.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Program {
    /// A table for people, or JSON for programs.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    pub(crate) output: Format,
    /// Which log.
    #[command(flatten)]
    pub(crate) log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which log: Kafka where addresses are known, else the embedded log.
#[derive(Clone, Default, Args)]
#[command(next_help_heading = "Which log")]
pub(crate) struct LogArgs {
    /// Kafka's addresses, with commas [env: KAFKA_BROKERS].
    #[arg(long, global = true, value_name = "HOST:PORT", conflicts_with = "data_dir")]
    pub(crate) brokers: Option<String>,
    /// A property of librdkafka; may be repeated. Secrets belong into the environment or a file: arguments can be seen by
    /// everyone on the machine.
    #[arg(long, global = true, value_name = "NAME=VALUE", conflicts_with = "data_dir")]
    pub(crate) property: Vec<String>,
    /// Folder of the embedded log, or the DATA_DIR of a service that has it there [env: DATA_DIR] [default: ./data].
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Values may be secrets: of properties only the names are shown, and no addresses that may hold a user.
impl fmt::Debug for LogArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |property: &String| property.split_once('=').map(|(name, _)| name.to_owned());
        let user = |brokers: &&str| brokers.contains('@');
        f.debug_struct("LogArgs")
            .field("brokers", &self.brokers.as_deref().filter(|brokers| !user(brokers)))
            .field("property", &self.property.iter().map(name).collect::<Vec<_>>())
            .field("data_dir", &self.data_dir)
            .finish()
    }
}

/// How answers look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Table,
    /// For programs: one document, in a form that stays.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Topics: what there is, what is in it, new ones.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Consumer groups: who is in them, how far behind they are.
    #[command(subcommand)]
    Groups(GroupsCommand),
    /// Dead letters: what was given up, and why.
    #[command(subcommand)]
    Dlq(DlqCommand),
    /// What waits in a retry topic, and keys that are held there.
    #[command(subcommand)]
    Retry(RetryCommand),
    /// Explains the code of a start-up finding, such as TG0026; without a code lists all.
    Explain(ExplainArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let with = |brokers: &str, property: &str| {
            let (brokers, property) = (Some(brokers.to_owned()), vec![property.to_owned()]);
            format!("{:?}", LogArgs { brokers, property, data_dir: None })
        };
        let shown = with("h:1", "sasl.password=hunter2=x");
        assert!(shown.contains("h:1") && shown.contains("sasl.password"), "{shown}");
        for shown in [shown, with("h:1", "hunter2"), with("u:hunter2@h:1", "linger.ms=5")] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    /// The framework's table is what is read; here it is only written down.
    #[test]
    fn help_names_every_variable_of_security() {
        for (name, _) in tidegate::broker::kafka::KafkaOptions::SECURITY_VARIABLES {
            assert!(AFTER.contains(name), "{name}");
        }
    }
}
