//! A JSON object, field by field, with the names that come twice: JSON does not say which of the two counts.

use std::borrow::{Borrow, Cow};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::FieldError;

/// The fields of an object. `N` is how names are kept: owned, or as they stand in the text ([`Name`]).
#[derive(Debug, Clone)]
pub struct Fields<T, N = String> {
    /// By name; the first of two.
    pub values: BTreeMap<N, T>,
    twice: BTreeSet<String>,
}

/// A name as it stands in the text; a copy only where it is written with escapes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl Borrow<str> for Name<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<Name<'_>> for String {
    fn from(name: Name<'_>) -> Self {
        name.0.into_owned()
    }
}

impl<T, N> Fields<T, N> {
    /// One error for each name that comes again.
    pub fn repeated(&self) -> impl Iterator<Item = FieldError> {
        self.twice.iter().map(|name| FieldError::new(name.as_str(), "is given twice"))
    }
}

impl<'de, T, N> Deserialize<'de> for Fields<T, N>
where
    T: Deserialize<'de>,
    N: Deserialize<'de> + Ord + Borrow<str>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reading(PhantomData))
    }
}

struct Reading<T, N>(PhantomData<(T, N)>);

impl<'de, T, N> Visitor<'de> for Reading<T, N>
where
    T: Deserialize<'de>,
    N: Deserialize<'de> + Ord + Borrow<str>,
{
    type Value = Fields<T, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<T, N>, A::Error> {
        let (mut values, mut twice) = (BTreeMap::new(), BTreeSet::new());
        while let Some((name, value)) = map.next_entry::<N, T>()? {
            match values.entry(name) {
                Entry::Vacant(place) => drop(place.insert(value)),
                Entry::Occupied(first) => drop(twice.insert(first.key().borrow().to_owned())),
            }
        }
        Ok(Fields { values, twice })
    }
}
