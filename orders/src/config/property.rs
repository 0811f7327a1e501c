//! Properties of librdkafka: `linger.ms=5` as a flag, `KAFKA_PROPERTY_LINGER_MS=5` as a variable.

use std::str::FromStr;

use super::Secret;

/// What a variable of a property begins with.
pub(super) const PREFIX: &str = "KAFKA_PROPERTY_";

/// A property and its value, which may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// As librdkafka writes it.
    pub name: String,
    /// Its value.
    pub value: Secret,
}

impl FromStr for Property {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "a property is given as name=value, such as linger.ms=5";
        let (name, value) = text.split_once('=').ok_or(wrong)?;
        let name = name.trim().to_ascii_lowercase();
        if name.is_empty() || value.is_empty() {
            return Err(wrong);
        }
        let Ok(value) = value.parse();
        Ok(Self { name, value })
    }
}

/// `linger.ms` is `KAFKA_PROPERTY_LINGER_MS`.
pub(super) fn variable(property: &str) -> String {
    format!("{PREFIX}{}", property.to_ascii_uppercase().replace('.', "_"))
}

/// `KAFKA_PROPERTY_LINGER_MS` is `linger.ms`; `None`: no variable of a property.
pub(super) fn property(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(PREFIX).filter(|name| !name.is_empty())?;
    Some(name.to_ascii_lowercase().replace('_', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables_and_properties_are_each_others() {
        assert_eq!(property("KAFKA_PROPERTY_LINGER_MS").as_deref(), Some("linger.ms"));
        assert_eq!(variable("linger.ms"), "KAFKA_PROPERTY_LINGER_MS");
        assert_eq!(property("KAFKA_PROPERTY_"), None);
        assert_eq!(property("KAFKA_BROKERS"), None);
    }

    #[test]
    fn a_property_has_a_name_and_a_value_that_is_not_shown() {
        let property: Property = "Client.Rack=a=b".parse().unwrap();
        assert_eq!((property.name.as_str(), property.value.expose()), ("client.rack", "a=b"));
        assert!(!format!("{property:?}").contains("a=b"));
        for wrong in ["", "linger.ms", "=5", "linger.ms="] {
            assert!(wrong.parse::<Property>().is_err(), "{wrong}");
        }
    }
}
