//! Which log is looked into, and opening it.
//!
//! ```text
//!  --brokers ▶ --data-dir ▶ KAFKA_BROKERS ▶ DATA_DIR ▶ ./data       the first that is set wins
//! ```
//!
//! The embedded log is opened, never made: a mistyped folder must not look like an empty log.

mod folder;

use std::ffi::OsString;
use std::path::PathBuf;

use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, BrokerError};

use crate::args::LogArgs;
use crate::failure::Failure;

/// Names this tool in the brokers' logs and quotas.
const CLIENT_ID: &str = "tidegate-cli";

/// The log that was opened.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) broker: Broker,
    /// Whether it is a cluster.
    pub(crate) cluster: bool,
}

/// Opens the log that arguments and environment name.
pub(crate) fn open(args: &LogArgs) -> Result<Connection, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    match Place::of(args, set("KAFKA_BROKERS"), set("DATA_DIR"))? {
        Place::Cluster(brokers) => {
            let broker = Broker::kafka(options(brokers, args, std::env::vars_os())?)?;
            Ok(Connection { broker, cluster: true })
        }
        Place::Folder(folder) => {
            let broker = folder::open(&folder)?;
            Ok(Connection { broker, cluster: false })
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    Cluster(String),
    Folder(PathBuf),
}

impl Place {
    fn of(
        args: &LogArgs,
        brokers: Option<OsString>,
        data_dir: Option<OsString>,
    ) -> Result<Self, Failure> {
        if let Some(brokers) = &args.brokers {
            return match brokers.trim() {
                "" => Err(Failure::Refused("--brokers: no address; host:port, with commas".into())),
                brokers => Ok(Self::Cluster(brokers.to_owned())),
            };
        }
        match (&args.data_dir, brokers) {
            (Some(folder), _) => Ok(Self::Folder(folder.clone())),
            (None, Some(brokers)) => {
                let text = brokers.into_string();
                text.map(Self::Cluster)
                    .map_err(|_| Failure::Refused("KAFKA_BROKERS is not UTF-8".into()))
            }
            (None, None) if !args.property.is_empty() => Err(Failure::Refused(
                "--property is for Kafka: say where it is with --brokers or KAFKA_BROKERS".into(),
            )),
            (None, None) => {
                Ok(Self::Folder(data_dir.map_or_else(|| "./data".into(), PathBuf::from)))
            }
        }
    }
}

/// How the cluster is reached: the environment's properties, and those of arguments over them.
fn options(
    brokers: String,
    args: &LogArgs,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<KafkaOptions, Failure> {
    let options = KafkaOptions::new(brokers).client_id(CLIENT_ID).variables(environment)?;
    args.property.iter().try_fold(options, |options, property| {
        let told = |why: String| Failure::Refused(format!("--property: {why}"));
        let (name, value) = property
            .split_once('=')
            .ok_or_else(|| told("it must be name=value, such as socket.timeout.ms=5000".into()))?;
        if name.contains("password") || name.ends_with(".pem") || name.contains("secret") {
            let variable = name.to_uppercase().replace('.', "_");
            return Err(told(format!(
                "everyone on this machine can see the arguments: set {name} with KAFKA_PROPERTY_{variable}, or keep it in a file \
                 that KAFKA_PROPERTY_{variable}_FILE names"
            )));
        }
        let set = options.property(name, value);
        set.map_err(|error: BrokerError| told(error.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(brokers: Option<&str>, data_dir: Option<&str>, property: &[&str]) -> LogArgs {
        LogArgs {
            brokers: brokers.map(str::to_owned),
            property: property.iter().map(|&p| p.to_owned()).collect(),
            data_dir: data_dir.map(PathBuf::from),
        }
    }

    fn place(args: &LogArgs, brokers: Option<&str>, data_dir: Option<&str>) -> Place {
        Place::of(args, brokers.map(OsString::from), data_dir.map(OsString::from)).unwrap()
    }

    #[test]
    fn arguments_win_over_the_environment_and_kafka_over_a_folder() {
        let cluster = |at: &str| Place::Cluster(at.into());
        let folder = |at: &str| Place::Folder(at.into());
        let none = args(None, None, &[]);
        assert_eq!(place(&args(Some("a:1"), None, &[]), Some("b:1"), Some("x")), cluster("a:1"));
        assert_eq!(place(&args(None, Some("y"), &[]), Some("b:1"), Some("x")), folder("y"));
        assert_eq!(place(&none, Some("b:1"), Some("x")), cluster("b:1"));
        assert_eq!(place(&none, None, Some("x")), folder("x"));
        assert_eq!(place(&none, None, None), folder("./data"));
    }

    #[test]
    fn properties_come_from_both_and_say_what_is_wrong_without_the_value() {
        let environment = [("KAFKA_PROPERTY_LINGER_MS".into(), "7".into())];
        let take = |property: &[&str]| {
            options("x:1".into(), &args(None, None, property), environment.clone())
        };
        assert!(take(&["socket.timeout.ms=5000"]).is_ok());
        for (property, expected) in [
            ("sasl.password=hunter2", "KAFKA_PROPERTY_SASL_PASSWORD_FILE"),
            ("acks=hunter2", "property acks cannot be set"),
            ("socket.timeout.ms=hunter2", "does not take this value"),
            ("hunter2", "must be name=value"),
        ] {
            let line = take(&[property]).unwrap_err().to_string();
            assert!(line.starts_with("--property: ") && line.contains(expected), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn a_property_without_a_cluster_is_refused() {
        let refused = Place::of(&args(None, None, &["linger.ms=1"]), None, None).unwrap_err();
        assert!(refused.to_string().contains("KAFKA_BROKERS"), "{refused}");
    }
}
