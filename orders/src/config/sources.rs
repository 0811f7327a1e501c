//! Where settings come from, and in which order they count.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::Path;

use super::near_miss::near_miss;
use super::property::{PREFIX, property};
use super::{dotenv, names};

/// Variables that are set: `.env`, overlaid by the environment. Empty ones count as not set.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

/// Names alone: it is the whole environment, secrets of others too.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// The process's environment over `.env` of that folder.
    ///
    /// # Errors
    /// One line: a `.env` that cannot be read or is broken, a value of ours that is not UTF-8.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join(".env");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!(".env cannot be read: {error}")),
        };
        Self::from_parts(&text, std::env::vars_os())
    }

    /// The environment over the text of a `.env`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_parts(
        dotenv: &str,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, String> {
        let mut variables =
            dotenv::parse(dotenv).map_err(|bad| format!(".env:{}: {}", bad.line, bad.reason))?;
        let ours = names();
        for (name, value) in environment {
            let Some(name) = name.to_str() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.insert(name.to_owned(), value)),
                Err(_) if ours.iter().any(|our| our == name) || name.starts_with(PREFIX) => {
                    return Err(format!("{name} is not UTF-8"));
                }
                Err(_) => {}
            }
        }
        variables.retain(|_, value| !value.is_empty());
        Ok(Self(variables))
    }

    /// The first variable that looks like a typing error of one of ours.
    ///
    /// # Errors
    /// `KAFKA_BROKER: did you mean KAFKA_BROKERS?`
    pub fn check_names(&self) -> Result<(), String> {
        if let Some(name) =
            ["KAFKA_PROPERTY", PREFIX].iter().find(|name| self.0.contains_key(**name))
        {
            return Err(format!("{name}: name the property too: KAFKA_PROPERTY_LINGER_MS=5"));
        }
        let ours = names();
        let ours: Vec<_> = ours.iter().map(String::as_str).collect();
        let guess = |name: &String| near_miss(name, &ours).map(|our| (name.clone(), our));
        match self.0.keys().find_map(guess) {
            Some((name, our)) => Err(format!("{name}: did you mean {our}?")),
            None => Ok(()),
        }
    }

    /// All that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The arguments with a flag for every variable of ours, in front of what was given. A flag that was given wins.
    #[must_use]
    pub fn as_flags(&self, given: Vec<OsString>) -> Vec<OsString> {
        let mut arguments = given.into_iter();
        let program = arguments.next().unwrap_or_else(|| "orders".into());
        let given: Vec<_> = arguments.collect();
        let ours = names();
        let set = ours.iter().filter_map(|name| Some((flag(name), self.0.get(name)?)));
        let flags = set
            .filter(|(flag, _)| !given.iter().any(|argument| is_flag(argument, flag)))
            .map(|(flag, value)| format!("{flag}={value}").into());
        let flags = flags.chain(self.properties());
        std::iter::once(program).chain(flags).chain(given.clone()).collect()
    }

    /// A flag for each variable of a property. One that is given later wins.
    fn properties(&self) -> impl Iterator<Item = OsString> {
        let named = self.0.iter().filter_map(|(name, value)| Some((property(name)?, value)));
        named.map(|(name, value)| format!("--kafka-property={name}={value}").into())
    }
}

/// `HTTP_PORT` is `--http-port`.
pub(super) fn flag(name: &str) -> String {
    format!("--{}", name.to_ascii_lowercase().replace('_', "-"))
}

/// `--http-port`, or `--http-port=...`.
pub(super) fn is_flag(argument: &OsStr, flag: &str) -> bool {
    let rest = argument.to_str().and_then(|argument| argument.strip_prefix(flag));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(dotenv: &str, environment: &[(&str, &str)]) -> Variables {
        let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
        Variables::from_parts(dotenv, environment).unwrap()
    }

    fn flags(variables: &Variables, given: &[&str]) -> Vec<String> {
        let given = given.iter().map(OsString::from).collect();
        variables.as_flags(given).into_iter().map(|flag| flag.into_string().unwrap()).collect()
    }

    #[test]
    fn the_environment_wins_over_the_file_and_a_flag_over_both() {
        let both =
            variables("HTTP_PORT=1\nLOG_LEVEL=warn", &[("HTTP_PORT", "2"), ("PATH", "/bin")]);
        assert_eq!(
            flags(&both, &["orders", "up"]),
            ["orders", "--http-port=2", "--log-level=warn", "up"]
        );
        for given in [vec!["o", "up", "--http-port", "3"], vec!["o", "--http-port=3", "up"]] {
            let all = flags(&both, &given);
            assert!(!all.contains(&"--http-port=2".into()), "{all:?}");
        }
    }

    #[test]
    fn properties_have_their_names_in_their_variables() {
        let set = variables("KAFKA_PROPERTY_LINGER_MS=5", &[("KAFKA_PROPERTY_CLIENT_RACK", "a=b")]);
        assert_eq!(set.check_names(), Ok(()));
        let given = ["orders", "--kafka-property", "linger.ms=9"];
        let (rack, linger) = ("--kafka-property=client.rack=a=b", "--kafka-property=linger.ms=5");
        assert_eq!(flags(&set, &given), [&["orders", rack, linger], &given[1..]].concat());
        for nameless in ["KAFKA_PROPERTY", "KAFKA_PROPERTY_"] {
            assert!(
                variables("", &[(nameless, "x")]).check_names().unwrap_err().contains("LINGER_MS")
            );
        }
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let empty = variables("LOG_LEVEL=warn", &[("LOG_LEVEL", ""), ("HTTP_PORT", "")]);
        assert_eq!(flags(&empty, &["orders"]), ["orders"]);
    }

    #[test]
    fn a_typing_error_is_told_with_the_right_name() {
        let wrong = variables("", &[("KAFKA_BROKER", "x:9092")]);
        assert_eq!(wrong.check_names(), Err("KAFKA_BROKER: did you mean KAFKA_BROKERS?".into()));
        assert_eq!(variables("HTTP_PORT=1", &[("HTTP_PROXY", "x")]).check_names(), Ok(()));
    }

    #[test]
    fn a_broken_file_is_told_by_line() {
        let error = Variables::from_parts("A=1\nnonsense", []).unwrap_err();
        assert!(error.starts_with(".env:2: "), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_value_of_ours_that_is_not_utf8_is_told_by_name() {
        use std::os::unix::ffi::OsStringExt;
        let broken = || OsString::from_vec(vec![0xff]);
        let error = Variables::from_parts("", [("LOG_LEVEL".into(), broken())]).unwrap_err();
        assert!(error.contains("LOG_LEVEL"));
        assert!(Variables::from_parts("", [("OTHER".into(), broken())]).is_ok());
    }
}
