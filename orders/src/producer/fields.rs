//! The fields of a request for an order, as they stand in its text: borrowed, and not looked into.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Of a name that comes twice the last value counts.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) customer_id: Option<&'a RawValue>,
    pub(super) product_id: Option<&'a RawValue>,
    pub(super) quantity: Option<&'a RawValue>,
    pub(super) price: Option<&'a RawValue>,
    /// Names that nobody knows.
    pub(super) ignored: BTreeSet<String>,
}

/// A field's name; a copy only when it is written with escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an order's fields")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Fields::default();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            match name.as_ref() {
                "customer_id" => fields.customer_id = Some(value),
                "product_id" => fields.product_id = Some(value),
                "quantity" => fields.quantity = Some(value),
                "price" => fields.price = Some(value),
                _ => {
                    fields.ignored.insert(name.into_owned());
                }
            }
        }
        Ok(fields)
    }
}
