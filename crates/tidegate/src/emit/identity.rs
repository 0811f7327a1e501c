//! Ids of emitted events: the same cause gives the same id, on every machine and at every attempt.
//!
//! ```text
//!  SHA-256( "tidegate.emit.v1" 0x00  then of each part: length (u64, big endian), bytes )
//!    parts: causing event id · group · handler · ordinal (u32, big endian) · replay namespace
//!
//!  bytes 0..16 of the digest, then    byte 6: high half = 8   (UUID version 8: custom layout, RFC 9562)
//!                                     byte 8: high bits = 10  (UUID variant)
//! ```
//!
//! All 122 free bits are the hash's; the id holds no time. The layout never changes: another one would be another
//! label (test `derived_ids_never_change`).

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::event::EventId;

/// What an emitted event's id is derived from (rule 42).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derivation<'a> {
    /// The event that the handler was called for.
    pub cause: &'a EventId,
    /// The consumer group.
    pub group: &'a str,
    /// The handler's name; `<name>/dead` for a dead-letter handler.
    pub handler: &'a str,
    /// Its number among what the handler emits, from 0.
    pub ordinal: u32,
    /// Empty, unless a rebuild asks for other ids.
    pub namespace: &'a str,
}

/// Derives the id of an emitted event: a UUIDv8.
#[must_use]
pub fn derived_id(from: Derivation<'_>) -> EventId {
    let ordinal = from.ordinal.to_be_bytes();
    let parts: [&[u8]; 5] = [
        from.cause.as_str().as_bytes(),
        from.group.as_bytes(),
        from.handler.as_bytes(),
        &ordinal,
        from.namespace.as_bytes(),
    ];
    let mut hash = Sha256::new_with_prefix(b"tidegate.emit.v1\0");
    for part in parts {
        // With its length, so that no two lists of parts are the same text.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    EventId::new(Uuid::new_v8(id).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(cause: &str, group: &str, handler: &str, ordinal: u32) -> String {
        let cause = EventId::new(cause);
        derived_id(Derivation { cause: &cause, group, handler, ordinal, namespace: "" }).to_string()
    }

    /// Rule 42. A change of these values makes every second attempt after an upgrade another event.
    #[test]
    fn derived_ids_never_change() {
        let golden = include_str!("../../tests/golden/derived-ids-v1.txt");
        let mut seen = 0;
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let [cause, group, handler, ordinal, expected] =
                line.split('|').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!(id(cause, group, handler, ordinal.parse().unwrap()), expected, "{line}");
            seen += 1;
        }
        assert_eq!(seen, 5);
    }

    #[test]
    fn a_derived_id_is_a_uuid_of_version_8() {
        let uuid = Uuid::parse_str(&id("e", "g", "h", 0)).unwrap();
        assert_eq!(uuid.get_version_num(), 8);
        assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
    }

    proptest! {
        #[test]
        fn where_one_part_ends_matters(a in ".{0,9}", b in ".{1,9}", c in ".{0,9}") {
            prop_assert_ne!(id(&a, &format!("{b}{c}"), "h", 0), id(&format!("{a}{b}"), &c, "h", 0));
        }
    }
}
