//! Which partition a key belongs to: murmur2, bit for bit as Java's default partitioner, so that
//! records of one key meet in one partition whichever client wrote them.

use crate::message::Partition;

const SEED: u32 = 0x9747_b28c;
const M: u32 = 0x5bd1_e995;
const R: u32 = 24;

/// The partition of a key among `partitions` (at least 1): `(murmur2(key) & 0x7fffffff) % partitions`.
///
/// Two topics with the same number of partitions put the same key at the same number.
/// Proven by `keys_hash_as_java_does`.
///
/// # Panics
/// When `partitions` is 0: no topic has none.
#[must_use]
pub fn partition_of(key: &[u8], partitions: u32) -> Partition {
    Partition((murmur2(key) & 0x7fff_ffff) % partitions)
}

/// The 32-bit murmur2 hash with Kafka's seed.
#[must_use]
pub fn murmur2(data: &[u8]) -> u32 {
    // Java's length is an int: a key is far shorter than 4 GiB (records are limited to bytes of u32).
    let mut hash = SEED ^ (data.len() as u32);
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ (k ^ (k >> R)).wrapping_mul(M);
    }
    let rest = words.remainder();
    for (place, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * place);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own test of its hash (signed there).
    #[test]
    fn keys_hash_as_java_does() {
        let vectors: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (key, expected) in vectors {
            assert_eq!(murmur2(key), expected as u32, "{key:?}");
        }
    }

    #[test]
    fn the_sign_bit_is_masked_not_negated() {
        // -973932308 & 0x7fffffff = 1173551340
        assert_eq!(partition_of(b"21", 1_000_000), Partition(551_340));
        assert_eq!(partition_of(b"anything", 1), Partition(0));
    }
}
