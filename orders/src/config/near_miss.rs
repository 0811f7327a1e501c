//! Variables that look like a typing error of one of ours.

use super::property::PREFIX;

/// Our names that are within two typing errors (a character too much, too few, or wrong) of a name that is not ours.
/// Of a property's variable only the beginning can be told.
pub(super) fn near_miss(name: &str, ours: &[&str]) -> Option<String> {
    if ours.contains(&name) || OTHERS.contains(&name) || name.starts_with(PREFIX) {
        return None;
    }
    let near = ours.iter().copied().find(|our| distance(name, our) <= 2);
    near.map(str::to_owned).or_else(|| near_property(name))
}

/// `KAFKA_PROPERTIES_LINGER_MS` means `KAFKA_PROPERTY_LINGER_MS`.
fn near_property(name: &str) -> Option<String> {
    let parts = name.match_indices('_').map(|(at, _)| name.split_at(at + 1));
    let mut near = parts.filter(|(start, _)| distance(start, PREFIX) <= 3);
    near.next().map(|(_, property)| format!("{PREFIX}{property}"))
}

/// Names that other programs use, and that come close to ours.
const OTHERS: [&str; 3] = ["HTTPS_PORT", "HTTPS_HOST", "LOG_LEVELS"];

/// Levenshtein's distance, in bytes: names are ASCII.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::names;

    fn guess(name: &str) -> Option<String> {
        let ours = names();
        let ours: Vec<_> = ours.iter().map(String::as_str).collect();
        near_miss(name, &ours)
    }

    #[test]
    fn two_typing_errors_are_recognised() {
        for (name, ours) in [
            ("KAFKA_BROKER", "KAFKA_BROKERS"),
            ("KAFKA_BORKERS", "KAFKA_BROKERS"),
            ("HTP_PORT", "HTTP_PORT"),
            ("DATADIR", "DATA_DIR"),
            ("LOGLEVEL", "LOG_LEVEL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("KAFKA_PROPERTIES_LINGER_MS", "KAFKA_PROPERTY_LINGER_MS"),
            ("KAFKA_PROPRTY_ACKS", "KAFKA_PROPERTY_ACKS"),
        ] {
            assert_eq!(guess(name).as_deref(), Some(ours), "{name}");
        }
    }

    #[test]
    fn our_own_names_and_those_of_others_are_no_errors() {
        for name in names() {
            assert_eq!(guess(&name), None);
        }
        for name in [
            "PATH",
            "HOME",
            "USER",
            "SHELL",
            "LANG",
            "PWD",
            "TERM",
            "TMPDIR",
            "HOSTNAME",
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "NO_PROXY",
            "http_proxy",
            "PORT",
            "HOST",
            "RUST_LOG",
            "RUST_BACKTRACE",
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "JAVA_HOME",
            "KAFKA_HOME",
            "KAFKA_OPTS",
            "KAFKA_HEAP_OPTS",
            "REDIS_URL",
            "REDIS_PORT",
            "REDIS_HOST",
            "REDIS_SERVICE_HOST",
            "DATABASE_NAME",
            "DATABASE_USER",
            "LOG_DIR",
            "XDG_DATA_DIRS",
            "HTTPS_PORT",
            "GATEWAY_PORT",
            "SERVICE_HOST",
            "OTEL_SERVICE_NAME",
            "KAFKA_PROPERTY_LINGER_MS",
            "KAFKA_PROPERTY_SASL_KERBEROS_KEYTAB",
        ] {
            assert_eq!(guess(name), None, "{name}");
        }
    }
}
