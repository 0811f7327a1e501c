//! A JSON object, field by field, with the names that come twice: JSON does not say which of the two counts.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::FieldError;

/// The fields of an object.
#[derive(Debug, Clone)]
pub struct Fields<T> {
    /// By name; the first of two.
    pub values: BTreeMap<String, T>,
    twice: BTreeSet<String>,
}

impl<T> Fields<T> {
    /// One error for each name that comes again.
    pub fn repeated(&self) -> impl Iterator<Item = FieldError> {
        self.twice.iter().map(|name| FieldError::new(name, "is given twice"))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading(PhantomData))
    }
}

struct Reading<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reading<T> {
    type Value = Fields<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<T>, A::Error> {
        let (mut values, mut twice) = (BTreeMap::new(), BTreeSet::new());
        while let Some((name, value)) = map.next_entry::<String, T>()? {
            match values.entry(name) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(first) => drop(twice.insert(first.key().clone())),
            }
        }
        Ok(Fields { values, twice })
    }
}
