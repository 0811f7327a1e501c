//! The broker that the environment names.
//!
//! ```text
//!  KAFKA_BROKERS set ──▶ Kafka there, with KAFKA_PROPERTY_* and the variables of security   (feature `kafka`)
//!  else ───────────────▶ the embedded log in DATA_DIR, or in ./data                         (feature `embedded`)
//! ```
//!
//! An empty variable counts as not set.

use std::ffi::OsString;
use std::path::PathBuf;

#[cfg(feature = "kafka")]
use crate::broker::kafka::KafkaOptions;
use crate::broker::{Broker, BrokerError};

#[cfg(feature = "kafka")]
const PROPERTY: &str = "KAFKA_PROPERTY_";
/// The variable names a file, and the file holds the value.
#[cfg(feature = "kafka")]
const IN_A_FILE: &str = "_FILE";

impl Broker {
    /// The broker that the environment names: Kafka at `KAFKA_BROKERS`, with the properties of
    /// [`KafkaOptions::variables`](super::kafka::KafkaOptions::variables); without it the embedded log in the folder
    /// `DATA_DIR`, else in `./data`.
    ///
    /// # Errors
    /// [`BrokerError::Config`] when this build lacks what is asked for, or a property is refused; else whatever opening
    /// fails with.
    pub fn from_env() -> Result<Self, BrokerError> {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        match Place::of(set("KAFKA_BROKERS"), set("DATA_DIR"))? {
            Place::Cluster(brokers) => at_cluster(brokers),
            Place::Folder(folder) => in_folder(folder),
        }
    }
}

/// Where the log is.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Cluster(String),
    Folder(PathBuf),
}

impl Place {
    fn of(brokers: Option<OsString>, data_dir: Option<OsString>) -> Result<Self, BrokerError> {
        match brokers {
            Some(brokers) => match brokers.into_string() {
                Ok(brokers) => Ok(Self::Cluster(brokers)),
                Err(_) => Err(BrokerError::Config("KAFKA_BROKERS is not UTF-8".into())),
            },
            None => Ok(Self::Folder(data_dir.map_or_else(|| "data".into(), PathBuf::from))),
        }
    }
}

#[cfg(feature = "kafka")]
fn at_cluster(brokers: String) -> Result<Broker, BrokerError> {
    let options = KafkaOptions::new(brokers);
    Broker::kafka(options.variables(std::env::vars_os())?)
}

#[cfg(not(feature = "kafka"))]
fn at_cluster(_: String) -> Result<Broker, BrokerError> {
    Err(BrokerError::Config(
        "KAFKA_BROKERS is set, and this build has no Kafka: build tidegate with the feature `kafka`, or unset it to use the embedded log".into(),
    ))
}

#[cfg(feature = "embedded")]
fn in_folder(folder: PathBuf) -> Result<Broker, BrokerError> {
    Broker::embedded(folder)
}

#[cfg(not(feature = "embedded"))]
fn in_folder(_: PathBuf) -> Result<Broker, BrokerError> {
    Err(BrokerError::Config(
        "KAFKA_BROKERS is not set, and this build has no embedded log: set it, or build tidegate with the feature `embedded`".into(),
    ))
}

#[cfg(feature = "kafka")]
impl KafkaOptions {
    /// The variables of security, each with a name of its own, and the property that it sets: a program that has flags of its
    /// own for them names them by this table.
    pub const SECURITY_VARIABLES: [(&'static str, &'static str); 8] = [
        ("KAFKA_SECURITY_PROTOCOL", "security.protocol"),
        ("KAFKA_SASL_MECHANISM", "sasl.mechanisms"),
        ("KAFKA_SASL_USERNAME", "sasl.username"),
        ("KAFKA_SASL_PASSWORD", "sasl.password"),
        ("KAFKA_SSL_CA_LOCATION", "ssl.ca.location"),
        ("KAFKA_SSL_CERTIFICATE_LOCATION", "ssl.certificate.location"),
        ("KAFKA_SSL_KEY_LOCATION", "ssl.key.location"),
        ("KAFKA_SSL_KEY_PASSWORD", "ssl.key.password"),
    ];

    /// Takes properties from variables of the environment, and leaves all others alone.
    ///
    /// - those of security: see [`SECURITY_VARIABLES`](Self::SECURITY_VARIABLES);
    /// - `KAFKA_PROPERTY_...`: any other, with `_` for `.`: `KAFKA_PROPERTY_SOCKET_TIMEOUT_MS`. It wins over those above;
    /// - either with `_FILE` at its end: the file of that name holds the value, a line end after it does not count.
    ///
    /// ```
    /// use tidegate::broker::kafka::KafkaOptions;
    /// let variables = [("KAFKA_PROPERTY_LINGER_MS".into(), "5".into())];
    /// let options = KafkaOptions::new("localhost:9092").variables(variables)?;
    /// # Ok::<(), tidegate::broker::BrokerError>(())
    /// ```
    ///
    /// # Errors
    /// As [`property`](Self::property), with the variable's name before it; and [`BrokerError::Config`] for a file that
    /// cannot be read, and for a value that is not UTF-8. No message contains a value.
    pub fn variables(
        self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BrokerError> {
        let mut set = Vec::new();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            if let Some((special, property)) = property_of(&name)
                && !value.is_empty()
            {
                set.push((special, name, property, value));
            }
        }
        // A special name is the weaker one; beyond that the order of the environment must not matter.
        set.sort();
        set.into_iter().try_fold(self, |options, (_, name, property, value)| {
            let told = |why: String| BrokerError::Config(format!("{name}: {why}"));
            let value = value_of(&name, value).map_err(told)?;
            options.property(property, value).map_err(|error| told(error.to_string()))
        })
    }
}

/// Which property a variable sets, and whether by the general way.
#[cfg(feature = "kafka")]
fn property_of(variable: &str) -> Option<(bool, String)> {
    let name = variable.strip_suffix(IN_A_FILE).unwrap_or(variable);
    if let Some((_, property)) =
        KafkaOptions::SECURITY_VARIABLES.iter().find(|(ours, _)| *ours == name)
    {
        return Some((false, (*property).to_owned()));
    }
    let property = name.strip_prefix(PROPERTY).filter(|rest| !rest.is_empty())?;
    Some((true, property.to_ascii_lowercase().replace('_', ".")))
}

#[cfg(feature = "kafka")]
fn value_of(variable: &str, value: OsString) -> Result<String, String> {
    if !variable.ends_with(IN_A_FILE) {
        return value.into_string().map_err(|_| "its value is not UTF-8".into());
    }
    let text = std::fs::read_to_string(&value)
        .map_err(|error| format!("the file that it names cannot be read: {error}"))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_kafka_the_log_is_a_folder() {
        assert_eq!(Place::of(None, None), Ok(Place::Folder("data".into())));
        assert_eq!(Place::of(None, Some("/x".into())), Ok(Place::Folder("/x".into())));
    }

    #[test]
    fn kafka_wins_over_a_folder() {
        let place = Place::of(Some("x:1".into()), Some("/x".into()));
        assert_eq!(place, Ok(Place::Cluster("x:1".into())));
    }

    #[cfg(not(feature = "kafka"))]
    #[test]
    fn a_build_without_kafka_says_so() {
        let error = at_cluster("x:1".into()).unwrap_err().to_string();
        assert!(error.contains("no Kafka") && error.contains("feature `kafka`"), "{error}");
    }

    #[cfg(feature = "kafka")]
    mod kafka {
        use super::super::*;

        fn taken(variables: &[(&str, &str)]) -> Result<KafkaOptions, BrokerError> {
            let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
            KafkaOptions::new("x:1").variables(variables)
        }

        #[test]
        fn names_are_the_clients_with_other_signs() {
            assert_eq!(property_of("KAFKA_PROPERTY_LINGER_MS"), Some((true, "linger.ms".into())));
            let sasl = Some((false, "sasl.mechanisms".into()));
            assert_eq!(property_of("KAFKA_SASL_MECHANISM"), sasl);
            let password = Some((false, "sasl.password".into()));
            assert_eq!(property_of("KAFKA_SASL_PASSWORD_FILE"), password);
            for other in ["KAFKA_BROKERS", "KAFKA_TOPIC_ORDERS", "KAFKA_PROPERTY_", "PATH"] {
                assert_eq!(property_of(other), None, "{other}");
            }
        }

        #[test]
        fn the_general_name_wins_and_an_empty_value_is_none() {
            let set = [("KAFKA_PROPERTY_SASL_USERNAME", "two"), ("KAFKA_SASL_USERNAME", "one")];
            for set in [set, [set[1], set[0]]] {
                assert_eq!(taken(&set).unwrap().properties["sasl.username"], "two");
            }
            assert!(taken(&[("KAFKA_SASL_USERNAME", "")]).unwrap().properties.is_empty());
        }

        #[test]
        fn a_refusal_names_the_variable_and_never_the_value() {
            let refused = |name, value| taken(&[(name, value)]).unwrap_err().to_string();
            let line = refused("KAFKA_PROPERTY_ACKS", "hunter2");
            assert!(line.starts_with("KAFKA_PROPERTY_ACKS: property acks cannot be set"), "{line}");
            let line = refused("KAFKA_PROPERTY_SOCKET_TIMEOUT_MS", "hunter2");
            assert!(!line.contains("hunter2"), "{line}");
            let line = refused("KAFKA_SASL_PASSWORD_FILE", "/nowhere/hunter");
            assert!(line.starts_with("KAFKA_SASL_PASSWORD_FILE: the file"), "{line}");
        }

        #[test]
        fn a_secret_may_stand_in_a_file() {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("password");
            std::fs::write(&file, "hunter2 \r\n").unwrap();
            let options = taken(&[("KAFKA_SASL_PASSWORD_FILE", file.to_str().unwrap())]).unwrap();
            assert_eq!(options.properties["sasl.password"], "hunter2 ");
            assert!(!format!("{options:?}").contains("hunter2"));
        }
    }
}
