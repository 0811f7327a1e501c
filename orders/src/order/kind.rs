//! The types of events, as types: one handler per event type, chosen by the compiler.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What happened to an order. The event types differ in this alone.
pub trait Kind:
    fmt::Debug + Clone + Copy + Default + PartialEq + Eq + Send + Sync + 'static
{
    /// The value of `event_type`, in the body and in the header.
    const TYPE: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name;
        impl Kind for $name {
            const TYPE: &'static str = $text;
        }
    )*};
}

kinds! {
    /// Accepted by a producer.
    Created = "order.created";
    /// Changed by a producer.
    Updated = "order.updated";
    /// Ended by whoever ordered.
    Cancelled = "order.cancelled";
    /// Charged and done.
    Completed = "order.completed";
    /// Given up.
    Failed = "order.failed";
}

/// The field `event_type`: always the kind's own name. A body that says something else is not decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TypeName<K>(PhantomData<K>);

impl<K: Kind> Serialize for TypeName<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(K::TYPE)
    }
}

impl<'de, K: Kind> Deserialize<'de> for TypeName<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = String::deserialize(deserializer)?;
        if found == K::TYPE {
            return Ok(Self::default());
        }
        Err(D::Error::custom(format!(
            "event_type is {found:?} in the body, expected {:?}",
            K::TYPE
        )))
    }
}
